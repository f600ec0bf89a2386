import { readFileSync, globSync } from 'node:fs'
import { join, resolve } from 'node:path'
import ts from 'typescript'

const SRC = resolve(import.meta.dirname, '../../src')

/** Names of all declared matchers. */
export function matcherNames(): readonly string[] {
  return globSync('matchers/*.ts', { cwd: SRC }).flatMap((file) => membersOf(file, /^\w+Matchers$/))
}

/** Properties of an interface. @throws {Error} if the file has no interface of that name */
export function optionNames(file: string, name: string): readonly string[] {
  const members = membersOf(file, new RegExp(`^${name}$`))
  if (members.length === 0) throw new Error(`src/${file} has no interface ${name}`)
  return members
}

function membersOf(file: string, name: RegExp): readonly string[] {
  const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isInterfaceDeclaration(node) && name.test(node.name.text))
      for (const member of node.members) if (member.name && ts.isIdentifier(member.name)) found.push(member.name.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

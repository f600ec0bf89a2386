import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'

/** This package, which is linked in its own tests, is the generator: no target depends on it. */
const OWN_NAME = 'vitest-slo'

/**
 * Absolute paths of folders that can contain sources of a target, none within another: Vitest's root, the folder that the
 * command runs in, the package of each file that the command names, and packages of a workspace that those link to.
 */
export function foldersOf(command: readonly string[], cwd: string, root: string): readonly string[] {
  const named = command.map((word) => resolve(cwd, word)).filter((path, at) => at > 0 && isFile(path))
  const own = [root, cwd, ...named.map((file) => packageFolder(file, [root, cwd]))]
  return outermost([...own, ...own.flatMap(linkedPackages)])
}

/** The nearest folder above a file with a manifest, or the file's folder if that one contains the whole project as well. */
function packageFolder(file: string, projects: readonly string[]): string {
  for (let folder = dirname(file); !projects.some((project) => isWithin(project, folder)); folder = dirname(folder))
    if (existsSync(join(folder, 'package.json'))) return folder
  return dirname(file)
}

/** Linked packages of a workspace (npm, pnpm and Yarn create the links), here or in a folder above. */
function linkedPackages(folder: string): readonly string[] {
  const above = dirname(folder)
  const modules = join(folder, 'node_modules')
  const linked = entriesOf(modules)
    .filter((name) => name !== OWN_NAME)
    .flatMap((name) => (name.startsWith('@') ? entriesOf(join(modules, name)).map((one) => join(name, one)) : [name]))
    .flatMap((name) => realFolder(join(modules, name)))
    .filter((path) => !path.split(sep).includes('node_modules'))
  return above === folder ? linked : [...linked, ...linkedPackages(above)]
}

function outermost(folders: readonly string[]): readonly string[] {
  const all = [...new Set(folders)]
  return all.filter((folder) => !all.some((other) => other !== folder && isWithin(folder, other)))
}

/** Whether a path is the folder or below it. */
export function isWithin(path: string, folder: string): boolean {
  const inside = relative(folder, path)
  return inside === '' || (inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside))
}

/** Whether the path is a file. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function entriesOf(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : []
}

/** Real path of the folder; empty for a broken link and for a file. */
function realFolder(path: string): readonly string[] {
  if (!(statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)) return []
  return [realpathSync(path)]
}

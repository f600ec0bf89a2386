import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { loadOptional, MissingPackageError } from './optional-package.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slo-optional-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
})

/** Imports, as Node does, from a folder with the given modules. */
async function importing(source: string, modules: Readonly<Record<string, string>> = {}): Promise<unknown> {
  for (const [name, text] of Object.entries(modules)) {
    await mkdir(join(folder, 'node_modules', name), { recursive: true })
    await writeFile(join(folder, 'node_modules', name, 'package.json'), '{ "type": "module", "exports": "./index.js" }')
    await writeFile(join(folder, 'node_modules', name, 'index.js'), text)
  }
  const file = join(folder, 'entry.mjs')
  await writeFile(file, source)
  return import(/* @vite-ignore */ pathToFileURL(file).href)
}

test('returns the installed module', async () => {
  const load = () => importing(`export { one } from 'there'`, { there: 'export const one = 1' })
  expect(await loadOptional('postgres()', 'there', load)).toMatchObject({ one: 1 })
})

test('names all packages to install if one is missing', async () => {
  const error = await loadOptional('postgres()', 'absent other', () => importing(`import 'absent'`)).catch(
    (thrown: Error) => thrown,
  )
  expect(error).toBeInstanceOf(MissingPackageError)
  expect((error as Error).message).toMatchInlineSnapshot(`
    "postgres() requires the package absent, which is not installed
    Fix: npm install --save-dev absent other"
  `)
})

test.each([
  ['lacks one of its dependencies', `import 'inner'`],
  ['throws', `throw new Error('boom')`],
])('an installed package that %s is not reported as missing', async (_what, text) => {
  const load = () => importing(`import 'broken'`, { broken: text })
  await expect(loadOptional('postgres()', 'broken', load)).rejects.not.toBeInstanceOf(MissingPackageError)
})

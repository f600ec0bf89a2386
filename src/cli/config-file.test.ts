import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { configFile } from './config-file.ts'

test.each([
  [{ 'package.json': '{ "type": "module" }' }, 'ts'],
  [{ 'package.json': '{ "type": "commonjs" }' }, 'mts'],
  [{ 'package.json': '{}' }, 'mts'],
  [{ 'package.json': '{' }, 'mts'],
  [{ 'package.json': '{ "type": "module" }', 'service/package.json': '{}' }, 'mts'],
  [{ 'package.json': '{}', 'service/package.json': '{ "type": "module" }' }, 'ts'],
  [{ 'package.json': '{}', 'service/vitest.perf.config.js': '' }, 'js'],
])('in a folder of a project with %o the config is of kind %s', async (files, kind) => {
  const root = await mkdtemp(join(tmpdir(), 'slo-config-'))
  onTestFinished(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'service'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content)
  expect(configFile(join(root, 'service'))).toBe(`vitest.perf.config.${kind}`)
})

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { configFile, scenarioFile } from './config-file.ts'

test.each<[files: Readonly<Record<string, string>>, kind: string, scenario?: string]>([
  [{ 'package.json': '{ "type": "module" }' }, 'ts'],
  [{ 'package.json': '{ "type": "commonjs" }' }, 'mts'],
  [{ 'package.json': '{}' }, 'mts'],
  [{ 'package.json': '{' }, 'mts'],
  [{ 'package.json': '{ "type": "module" }', 'service/package.json': '{}' }, 'mts'],
  [{ 'package.json': '{}', 'service/package.json': '{ "type": "module" }' }, 'ts'],
  [{ 'package.json': '{}', 'service/vitest.perf.config.js': '' }, 'js', 'mjs'],
  [{ 'package.json': '{ "type": "module" }', 'service/vitest.perf.config.mts': '' }, 'mts'],
  [{ 'package.json': '{}', 'service/server.js': '' }, 'mjs', 'mjs'],
  [{ 'package.json': '{ "type": "module" }', 'service/src/server.js': '' }, 'js', 'js'],
  [{ 'package.json': '{}', 'service/server.js': '', 'tsconfig.json': '' }, 'mts'],
  [{ 'package.json': '{ "devDependencies": { "typescript": "6" } }', 'service/server.js': '' }, 'mts'],
  [{ 'package.json': '{}', 'service/server.js': '', 'service/src/types.d.ts': '' }, 'mts'],
])('in a folder of a project with %o the config is of kind %s', async (files, kind, scenario = 'ts') => {
  const root = await mkdtemp(join(tmpdir(), 'slo-config-'))
  onTestFinished(() => rm(root, { recursive: true }))
  await mkdir(join(root, 'service/src'), { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content)
  const config = configFile(join(root, 'service'))
  expect(config).toBe(`vitest.perf.config.${kind}`)
  expect(scenarioFile(join(root, 'service'), config)).toBe(`perf/first.perf.${scenario}`)
})

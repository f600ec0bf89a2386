import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeMessage } from './node-version.ts'

test('Node is required as Vitest requires it', () => {
  for (const version of ['22.18.0', '22.30.1', '24.0.0', '26.0.0', '27.1.0'])
    expect(nodeMessage(version)).toBeUndefined()
  for (const version of ['18.20.0', '22.17.9', '23.11.0', '25.0.0']) expect(nodeMessage(version)).toContain(version)
  expect(nodeMessage('20.20.2')).toMatchInlineSnapshot(`
    "MISSING Node: 20.20.2
      Vitest 5 and vitest-slo require Node 22.18 or a later 22, 24, or 26 and later
      Fix: npm install --save-dev node@24, which npx and npm scripts then use"
  `)
})

const SOURCES = join(import.meta.dirname, '..')

test('the entry of configs checks the version first', () => {
  expect(readFileSync(join(SOURCES, 'config/index.ts'), 'utf8')).toMatch(/^import '\.\/require-node\.ts'\n/)
})

/** An older Node, with which a static import of a newer name would fail before the version is checked. */
const OLD_NODE = '/usr/bin/node'
const isOld = existsSync(OLD_NODE) && String(spawnSync(OLD_NODE, ['-v']).stdout).startsWith('v20.')

test.runIf(isOld)('no name that Node 20 lacks is imported statically', () => {
  const imported = globSync('**/*.ts', { cwd: SOURCES, exclude: ['testing/**', '**/*.test.ts'] }).flatMap((file) => {
    const text = readFileSync(join(SOURCES, file), 'utf8')
    return [...text.matchAll(/^import \{([^}]*)\} from '(node:[\w/]+)'/gm)].flatMap(([, names, module]) =>
      names!
        .split(',')
        .map((name) => name.trim().split(' as ')[0]!)
        .filter((name) => name !== '' && !name.startsWith('type '))
        .map((name) => ({ file, module, name })),
    )
  })
  expect(imported.length).toBeGreaterThan(100)
  const script = `
    const missing = []
    for (const { file, module, name } of ${JSON.stringify(imported)}) {
      let names = {}
      try { names = require(module) } catch {}
      if (!(name in names)) missing.push(file + ': ' + name + ' of ' + module)
    }
    console.log(JSON.stringify(missing))`
  expect(JSON.parse(spawnSync(OLD_NODE, ['-e', script], { encoding: 'utf8' }).stdout)).toEqual([])
})

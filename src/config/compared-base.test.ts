import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { comparedBase, moved } from './compared-base.ts'

const base = { label: 'main (1234567)', root: resolve('.'), worktree: '/tmp/other' }

test('moves every path of this working tree to the other one, and uses free ports', () => {
  const options = {
    command: ['/usr/bin/node', resolve('src/main.ts'), 'src/other.ts', '/etc/hosts'],
    port: 3000,
    internalPort: 4000,
    ready: '/ready',
  }
  expect(moved(options, base)).toEqual({
    command: ['/usr/bin/node', '/tmp/other/src/main.ts', 'src/other.ts', '/etc/hosts'],
    cwd: '/tmp/other',
    ready: '/ready',
  })
  expect(moved({ command: ['x'], cwd: 'packages/api' }, base).cwd).toBe('/tmp/other/packages/api')
  expect(moved({ command: ['x'], cwd: '/srv/api' }, base).cwd).toBe('/srv/api')
})

test('rejects a target that cannot be started twice', () => {
  const rule =
    /vitest-slo compare starts both builds, but the config does not start its target\nFix: use target\(\{ command \}\)/
  expect(() => moved(undefined, base)).toThrow(rule)
  expect(() => moved({ url: 'http://127.0.0.1:1' }, base)).toThrow(rule)
  expect(() => moved({ command: ['x'], url: 'http://127.0.0.1:1' }, base)).toThrow(rule)
})

test('reads the other build from the variable', () => {
  expect(comparedBase({})).toBeUndefined()
  expect(comparedBase({ PERF_COMPARE: JSON.stringify(base) })).toEqual(base)
})

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { runSuite, type SuiteOptions } from './suite-run.ts'

const tiny: SuiteOptions = {
  scale: 'smoke',
  config: 'scripts/tiny-suite/vitest.config.ts',
  env: { TINY_SUITE: 'enabled' },
  signal: new AbortController().signal,
}
const temporary = mkdtempSync(join(tmpdir(), 'automation-'))
vi.stubEnv('TMPDIR', temporary)
afterAll(() => rmSync(temporary, { recursive: true }))

test('reports each scenario when it ends, returns all of them, and cleans up', async () => {
  const reported: string[] = []
  let pid: number | undefined
  const { scenarios, durationMs } = await runSuite({
    ...tiny,
    filter: 'T1|T2',
    onStart: (started) => (pid = started),
    onScenario: ({ name, verdict }) => reported.push(`${name}: ${verdict}`),
  })
  expect(scenarios.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual(['T1 passes: passed', 'T2 fails: failed'])
  expect(reported).toEqual(['T1 passes: passed', 'T2 fails: failed'])
  expect(scenarios[1]!.errors[0]!.message).toContain("expected 'received' to be 'expected'")
  expect(durationMs).toBeGreaterThan(0)
  expect(() => process.kill(pid!, 0)).toThrow('ESRCH')
  expect(readdirSync(temporary).filter((name) => name.startsWith('suite-'))).toEqual([])
})

test('returns partial results after an abort', async () => {
  const abort = new AbortController()
  const run = await runSuite({
    ...tiny,
    signal: abort.signal,
    onScenario: ({ name }) => name === 'T2 fails' && abort.abort(),
  })
  expect(run.scenarios.map(({ name }) => name)).toEqual(expect.arrayContaining(['T1 passes', 'T2 fails']))
  expect(run.durationMs).toBeLessThan(60_000)
})

test('returns the output if no scenario ran', async () => {
  const { scenarios, output } = await runSuite({ ...tiny, scale: 'huge' })
  expect(scenarios).toEqual([])
  expect(output).toContain("must be 'smoke', 'pr', 'full', or a factor")
})

import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  InlineProject,
  INSTANT_TARGET,
  perfConfigSource,
  plainText,
  type InlineRun,
} from '../testing/inline-project.ts'
import type { Results } from './results.ts'

const scenario = (name: string, expectation: string) => `
  import { expect } from 'vitest'
  import { perfTest, sharedIterations } from 'vitest-slo'
  perfTest('${name}', async ({ http }) => {
    const run = await http.run({ load: sharedIterations({ iterations: 20, vus: 2 }), request: { path: '/' } })
    expect(run.completed).${expectation}
  })
`

/** One scenario that passes and one that fails, so that a lost verdict shows in either case. */
const VERDICTS = [
  ['passes', 'toBe(20)', 0],
  ['fails', 'toBe(21)', 1],
] as const

async function project(name: string, expectation: string, options = '', files: Readonly<Record<string, string>> = {}) {
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(options),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': scenario(name, expectation),
    ...files,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

/** Lines of warnings and errors, which begin with the name of this package. */
function warnings({ output }: InlineRun): readonly string[] {
  return plainText(output)
    .split('\n')
    .filter((line) => line.startsWith('vitest-slo: '))
}

async function resultsOf(made: InlineProject): Promise<Results> {
  return JSON.parse(await readFile(made.path('perf-report/results.json'), 'utf8')) as Results
}

describe.each(VERDICTS)('a scenario that %s keeps its verdict', (name, expectation, exitCode) => {
  test('if the report folder cannot be written', async () => {
    const made = await project(name, expectation, '', { 'perf-report': 'a file' })
    const run = await made.run()
    expect(run.exitCode).toBe(exitCode)
    expect(warnings(run)).toEqual([
      expect.stringMatching(/the report could not be written; the verdict is not affected: E/),
    ])
  })

  test('if the disk is full', async ({ skip }) => {
    const made = await project(name, expectation)
    const folder = made.path('perf-report')
    await mkdir(folder)
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'tmpfs', folder]).status === 0
    skip(!mounted, 'a full disk needs permission to mount one')
    onTestFinished(() => void spawnSync('umount', [folder]))
    const run = await made.run()
    expect(run.exitCode).toBe(exitCode)
    expect(warnings(run)).toEqual([expect.stringMatching(/the verdict is not affected: ENOSPC/)])
  })

  test('if the folder holds a results file of another version', async () => {
    const made = await project(name, expectation)
    await made.write('perf-report/results.json', '{"schemaVersion":99,"vitestSlo":"9.0.0","scenarios":[]}')
    const run = await made.run()
    expect(run.exitCode).toBe(exitCode)
    expect(warnings(run)).toEqual([
      expect.stringMatching(/nothing to compare with: .*results\.json was written by vitest-slo 9\.0\.0 in format 99/),
    ])
    expect(await resultsOf(made)).toMatchObject({ schemaVersion: 2, totals: { scenarios: 1 } })
  })

  test("if the exporter's port is in use", async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const made = await project(name, expectation, `exporter: { port: ${port} }`)
    const run = await made.run()
    expect(run.exitCode).toBe(exitCode)
    expect(warnings(run)).toEqual([expect.stringMatching(/metrics are not exported: listen EADDRINUSE/)])
    expect((await resultsOf(made)).totals).toMatchObject({ scenarios: 1 })
  })

  test('without a terminal, output streams and a home folder', async () => {
    const made = await project(name, expectation)
    const detached = 'unset HOME TERM; exec "$0" "$@" <&- >/dev/null 2>&1'
    const run = await made.runUnder(['setsid', '--wait', 'bash', '-c', detached])
    expect(run.exitCode).toBe(exitCode)
    expect(run.output).toBe('')
    expect((await resultsOf(made)).totals).toMatchObject({ scenarios: 1 })
  })
})

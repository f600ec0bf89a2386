import { writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { InlineProject, INSTANT_TARGET, perfConfigSource, plainText } from '../testing/inline-project.ts'
import { readValidResults } from '../testing/valid-results.ts'
import type { Results } from './results.ts'

const HEAD = `
  import { expect } from 'vitest'
  import { constantArrivalRate, perfTest, sharedIterations } from 'vitest-slo'
  const request = { path: '/' }
  const stopCommand = () => process.kill(process.ppid, 'SIGINT')
`

/** Still running when the command is stopped, on any machine. */
const LONG = `perfTest('long', async ({ http }) => {
  let sent = 0
  const run = await http.run({
    load: constantArrivalRate({ rate: 50, vus: 10, duration: '1h' }),
    request: () => (++sent === 40 && stopCommand(), request),
  })
  expect(run).toHaveP95Below(150)
})`

/** By default, Vitest runs first the file that took longer in the previous run. */
const BY_NAME = `
  import { BaseSequencer } from 'vitest/node'
  class ByName extends BaseSequencer {
    async sort(files) {
      return files.toSorted((one, other) => (one.moduleId < other.moduleId ? -1 : 1))
    }
  }
`

async function stopped(spec: string) {
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': HEAD + spec,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const { exitCode, output } = await made.run()
  const results = await readValidResults(made.path('perf-report/results.json'))
  return { made, exitCode, text: plainText(output), results }
}

test('a scenario stopped under load is invalid and keeps its measurements', async () => {
  const { made, exitCode, text, results } = await stopped(`${LONG}\nperfTest('never started', () => {})`)
  expect(exitCode).toBe(130)
  expect(results.complete).toBe(false)
  expect(results.scenarios.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['long', 'invalid'],
    ['never started', 'skipped'],
  ])
  const [{ runs, note }] = results.scenarios as [Results['scenarios'][number]]
  expect(note).toMatch(/^stopped before its end/)
  expect(runs[0]).toMatchObject({ state: 'aborted', latency: { p95Ms: expect.any(Number) } })
  expect((runs[0] as { offered: number }).offered).toBeGreaterThanOrEqual(40)
  expect(runs[0]!.invalidities).toContainEqual(expect.objectContaining({ reason: 'aborted' }))

  expect(text).toMatch(/INVALID {2}long[^\n]*\n {4}stopped before its end/)
  expect(text).toContain('SKIP     never started')
  const html = await readFile(made.path('perf-report/index.html'), 'utf8')
  expect(html).toContain('stopped before its end')
  const summary = await readFile(made.path('perf-report/summary.md'), 'utf8')
  expect(summary).toMatch(/⚠️ invalid \| long \| p95 &lt; 150 ms \| not judged: the run was aborted: .+? \| [\d.]+ ms/)
  expect(summary).toMatch(/<summary>⚠️ long<\/summary>\n\nstopped before its end/)
})

test('a scenario that failed before the command was stopped stays failed; one stopped between runs is invalid', async () => {
  const short = `await http.run({ load: sharedIterations({ iterations: 20, vus: 1 }), request })`
  const { results } = await stopped(`
    perfTest('failed', async ({ http }) => {
      // Errors of the target fail reliably, even on a busy machine.
      const refused = { path: '/', expectStatus: 404 }
      const run = await http.run({ load: sharedIterations({ iterations: 20, vus: 1 }), request: refused })
      try { expect(run).toHaveErrorRateBelow(-1) } catch {}
      try { expect(run).toHaveErrorRateBelow(0.5) } catch {}
      stopCommand()
      await http.run({ load: constantArrivalRate({ rate: 50, vus: 10, duration: '1h' }), request })
    })
  `)
  expect(results.scenarios.map(({ name, verdict }) => [name, verdict])).toEqual([['failed', 'failed']])

  const between = await stopped(`
    perfTest('between', async ({ http, signal }) => {
      ${short}
      const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve))
      stopCommand()
      await stopped
    })
  `)
  expect(between.results.scenarios).toMatchObject([{ verdict: 'invalid', runs: [{ state: 'completed' }] }])
})

test('a scenario that skips itself after a run stays skipped and keeps its reason', async () => {
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `${HEAD}
      perfTest('skips', async ({ http, skip }) => {
        await http.run({ load: sharedIterations({ iterations: 20, vus: 1 }), request })
        skip('nothing to see here')
      })
      perfTest('stops the command', () => void stopCommand())
      ${LONG}`,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  await made.run()
  const results = await readValidResults(made.path('perf-report/results.json'))
  expect(results.scenarios).toMatchObject([{ verdict: 'skipped', note: 'nothing to see here' }, {}, {}])
  expect(results.complete).toBe(false)
})

test('the first Ctrl-C stops a scenario that never yields', async () => {
  const { exitCode, text, results } = await stopped(`
    perfTest('spins', async () => {
      stopCommand()
      for (;;);
    })
  `)
  expect(exitCode).toBe(130)
  expect(text).toContain('A scenario is still running 5s after it was cancelled; its process is killed.')
  expect(text).not.toMatch(/Unhandled|Worker exited/)
  expect(results).toMatchObject({
    complete: false,
    scenarios: [{ verdict: 'skipped', note: 'stopped before its end: there are no results' }],
  })
})

test('a command stopped while a worker starts runs no hook and no scenario, and keeps an earlier report', async () => {
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource("test: { execArgv: ['--import', './worker.mjs'] },"),
    'target/server.mjs': INSTANT_TARGET,
    // The worker receives the cancellation before it has loaded Vitest.
    'worker.mjs': `
      process.kill(process.ppid, 'SIGINT')
      await new Promise((resolve) => setTimeout(resolve, 500))`,
    'perf/a.perf.ts': `${HEAD}
      import { beforeAll, describe } from 'vitest'
      beforeAll(() => console.log('HOOK'))
      perfTest('first', () => console.log('SCENARIO'))
      describe('group', () => {
        perfTest('second', () => console.log('SCENARIO'))
      })`,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const { exitCode, output } = await made.run()
  expect(exitCode).toBe(130)
  expect(output).not.toMatch(/HOOK|SCENARIO|still running|Unhandled/)
  const { complete, scenarios } = await readValidResults(made.path('perf-report/results.json'))
  expect(complete).toBe(false)
  const note = 'did not start: the run was stopped first'
  expect(scenarios).toMatchObject([
    { name: 'first', verdict: 'skipped', note },
    { name: 'group > second', verdict: 'skipped', note },
  ])

  await made.write('perf-report/results.json', JSON.stringify({ earlier: true }))
  expect((await made.run()).exitCode).toBe(130)
  expect(await readFile(made.path('perf-report/results.json'), 'utf8')).toBe('{"earlier":true}')
})

test('a worker that ends with the command leaves no failed scenario, and an earlier report', async () => {
  const end = "stopCommand(), process.kill(process.pid, 'SIGKILL')"
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `${HEAD}
      if (process.env.END === 'file') ${end}
      perfTest('scenario', () => {
        if (process.env.END === 'scenario') ${end}
        expect(1).toBe(1)
      })`,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const inFile = await made.run(['run'], { END: 'file' })
  expect(inFile.exitCode).toBe(130)
  expect(plainText(inFile.output)).toContain('Report  not written: no scenario had started')

  expect((await made.run()).exitCode).toBe(0)
  const earlier = await readFile(made.path('perf-report/results.json'), 'utf8')
  expect((await made.run(['run'], { END: 'file' })).exitCode).toBe(130)
  expect(await readFile(made.path('perf-report/results.json'), 'utf8')).toBe(earlier)

  expect((await made.run(['run'], { END: 'scenario' })).exitCode).toBe(130)
  const { scenarios } = await readValidResults(made.path('perf-report/partial/results.json'))
  expect(scenarios).toMatchObject([{ verdict: 'skipped', note: 'stopped before its end: there are no results' }])
})

test('a command stopped while a worker is killed at its start ends at once, and keeps its results', async () => {
  const made = await InlineProject.create({
    'vitest.config.ts':
      BY_NAME + perfConfigSource("test: { execArgv: ['--import', './worker.mjs'], sequence: { sequencer: ByName } },"),
    'target/server.mjs': INSTANT_TARGET,
    // A signal to every process of the command ends a worker that does not handle signals yet.
    'worker.mjs': `
      import { existsSync } from 'node:fs'
      if (existsSync('first-has-started')) {
        process.kill(process.ppid, 'SIGHUP')
        process.kill(process.pid, 'SIGKILL')
      }`,
    'perf/a.perf.ts': `${HEAD}
      import { writeFileSync } from 'node:fs'
      writeFileSync('first-has-started', '')
      perfTest('first', () => expect(1).toBe(1))`,
    'perf/b.perf.ts': `${HEAD}perfTest('second', () => {})`,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const { exitCode, output } = await made.run()
  expect(exitCode).toBe(129)
  // Vitest reports a worker for which it waited.
  expect(output).not.toMatch(/timeout|timed out|still running|Unhandled|vitest-pool|\n +at /i)
  const { complete, scenarios } = await readValidResults(made.path('perf-report/results.json'))
  expect(complete).toBe(false)
  expect(scenarios[0]).toMatchObject({ name: 'first', verdict: 'passed' })
})

test('a scenario that had not started when a re-run was stopped shows no figures of the previous run', async () => {
  const short = `await http.run({ load: sharedIterations({ iterations: 20, vus: 1 }), request })`
  const made = await InlineProject.create({
    'vitest.config.ts': BY_NAME + perfConfigSource('test: { sequence: { sequencer: ByName } },'),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `${HEAD}
      import { existsSync } from 'node:fs'
      perfTest('stops the re-run', async ({ http, signal }) => {
        if (!existsSync('rerun')) return void (${short})
        const stopped = new Promise((resolve) => signal.addEventListener('abort', resolve))
        // Vitest reports started scenarios in batches; a run in which none has started keeps the earlier report.
        setTimeout(stopCommand, 1000)
        await stopped
      })
      perfTest('same file', async ({ http }) => { ${short} })`,
    'perf/b.perf.ts': `${HEAD}perfTest('other file', async ({ http }) => { ${short} })`,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  let first = true
  const { exitCode, output } = await made.run(['--watch'], {}, (soFar) => {
    if (!first || !/(Waiting|Watching) for file changes/.test(plainText(soFar))) return
    first = false
    writeFileSync(made.path('rerun'), '')
    writeFileSync(made.path('target/server.mjs'), `${INSTANT_TARGET}// saved`)
  })
  expect(exitCode).toBe(130)
  const results = await readValidResults(made.path('perf-report/partial/results.json'))
  expect(
    results.scenarios.map(({ name, verdict, runs, durationMs, note }) => [
      name,
      verdict,
      runs.length,
      durationMs > 0,
      note,
    ]),
  ).toEqual([
    ['stops the re-run', 'skipped', 0, false, 'The test run was aborted by the user.'],
    ['same file', 'skipped', 0, false, 'The test run was aborted by the user.'],
    ['other file', 'skipped', 0, false, 'did not start: the run was stopped first'],
  ])
  const text = plainText(output)
  expect(text.slice(text.lastIndexOf('RERUN'))).toMatch(/SKIP +other file\n/)
  expect(await readFile(made.path('perf-report/partial/index.html'), 'utf8')).not.toContain('p95 ')
})

test('a stopped run does not replace a complete report, and counts no waiting request as dropped', async () => {
  const made = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(),
    'target/server.mjs': INSTANT_TARGET,
    'perf/a.perf.ts': `${HEAD}
      perfTest('first', async ({ http }) => {
        await http.run({ load: sharedIterations({ iterations: 20, vus: 1 }), request })
      })
      perfTest('second', async ({ http }) => {
        let sent = 0
        const stops = process.env['STOPS'] !== undefined
        await http.run({
          load: sharedIterations({ iterations: stops ? 1_000_000 : 20, vus: 1, maxDuration: '1h' }),
          request: () => (stops && ++sent === 40 && stopCommand(), request),
        })
      })`,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  const read = (name: string) => readFile(made.path(`perf-report/${name}`), 'utf8')
  await made.run()
  const before = [await read('results.json'), await read('index.html')]

  const { exitCode, output } = await made.run(['run'], { STOPS: '1' })
  expect(exitCode).toBe(130)
  expect([await read('results.json'), await read('index.html')]).toEqual(before)
  const results = JSON.parse(await read('partial/results.json')) as Results
  expect(results).toMatchObject({ complete: false, isPartial: true })
  expect(results.scenarios[1]).toMatchObject({ verdict: 'invalid', runs: [{ state: 'aborted', dropped: 0 }] })
  expect(plainText(output)).toContain('partial/index.html (partial results; the report of all scenarios is unchanged)')
})

import { readFile } from 'node:fs/promises'
import { beforeAll, expect, test } from 'vitest'
import type { Results, ScenarioResult } from '../report/results.ts'
import { INSTANT_TARGET, InlineProject, perfConfigSource } from '../testing/inline-project.ts'

const HEAD = `
  import { afterEach, expect, vi } from 'vitest'
  import { perfTest, sharedIterations } from 'vitest-slo'
  afterEach(() => { vi.useRealTimers(); vi.restoreAllMocks() })
  const load = sharedIterations({ iterations: 20, vus: 2 })
  const request = { path: '/' }
`

/** First call of a scenario, and what the message lists as replaced. */
const FAKES = {
  'vi.useFakeTimers()': /setTimeout/,
  "vi.useFakeTimers({ toFake: ['performance'] })": /: performance(, performance\.now)?\n/,
  "vi.useFakeTimers({ toFake: ['Date'] })": /: Date, Date\.now\n/,
  "vi.useFakeTimers({ toFake: ['hrtime'] })": /: process\.hrtime\n/,
  'vi.setSystemTime(0)': /: Date, Date\.now\n/,
  "vi.spyOn(performance, 'now').mockReturnValue(1)": /: performance\.now\n/,
  "vi.spyOn(Date, 'now').mockReturnValue(1)": /: Date\.now\n/,
}

const FAKED = Object.keys(FAKES)
  .map(
    (fake) => `perfTest(${JSON.stringify(fake)}, async ({ http }) => { ${fake}; await http.run({ load, request }) })`,
  )
  .join('\n')

const MEANWHILE = `
  perfTest('meanwhile', async ({ http }) => {
    let sent = 0
    const run = await http.run({ load, request: () => (++sent === 5 && vi.useFakeTimers(), request) })
    vi.useRealTimers()
    expect(run).toHaveErrorRateBelow(0.3)
  })
  perfTest('in a measurement', async ({ micro }) => {
    let calls = 0
    const fake = () => {
      if (++calls === 50) vi.useFakeTimers({ toFake: ['Date'] })
      for (let at = 0; at < 1_000; at++) JSON.parse('[1,2,3]')
    }
    const run = await micro.measure('parse', fake, { duration: '50ms', minCalls: 200, warmup: '0ms' })
    expect(run).toHaveP50Below(50)
  })
  perfTest('before and restored', async ({ http }) => {
    vi.useFakeTimers()
    vi.useRealTimers()
    expect((await http.run({ load, request })).completed).toBe(20)
  })
`

async function scenariosOf(files: Readonly<Record<string, string>>, options = ''): Promise<readonly ScenarioResult[]> {
  const project = await InlineProject.create({
    'vitest.config.ts': perfConfigSource(options),
    'target/server.mjs': INSTANT_TARGET,
    ...files,
  })
  try {
    await project.run()
    return (JSON.parse(await readFile(project.path('perf-report/results.json'), 'utf8')) as Results).scenarios
  } finally {
    await project[Symbol.asyncDispose]()
  }
}

let scenarios: readonly ScenarioResult[]
beforeAll(async () => {
  scenarios = await scenariosOf({ 'perf/a.perf.ts': HEAD + FAKED + MEANWHILE })
})

test.each(Object.entries(FAKES))('rejects a run after %s', (name, found) => {
  const { verdict, runs, errors } = scenarios.find((scenario) => scenario.name === name)!
  expect({ verdict, runs }).toEqual({ verdict: 'failed', runs: [] })
  expect(errors).toHaveLength(1)
  expect(errors[0]!.message).toMatch(/^http\.run\(\) cannot measure while the clock is faked\.\n\nExpected: /)
  expect(errors[0]!.message).toMatch(/Received: replaced since vitest-slo was loaded: /)
  expect(errors[0]!.message).toMatch(found)
  expect(errors[0]!.message).toMatch(/\nFix: call vi\.useRealTimers\(\)/)
})

test('timers that are faked before a run and restored do not affect it', () => {
  expect(scenarios.find(({ name }) => name === 'before and restored')).toMatchObject({ verdict: 'passed', errors: [] })
})

test.each([
  ['meanwhile', 'http.run()', 'performance, '],
  ['in a measurement', 'micro.measure()', 'Date, Date.now'],
])('rejects timers that are faked %s, with the result of the run in the report', (name, call, faked) => {
  const { verdict, runs, errors } = scenarios.find((scenario) => scenario.name === name)!
  expect({ verdict, runs: runs.length }).toEqual({ verdict: 'failed', runs: 1 })
  expect(errors).toHaveLength(1)
  const { message } = errors[0]!
  expect(message).toMatch(`${call} cannot measure: the clock was faked while it ran.\n\nExpected: `)
  expect(message).toContain(`Received: replaced during the run: `)
  expect(message).toContain(faked)
  expect(message).toMatch(/\nFix: do not call vi\.useFakeTimers\(\)/)
})

test.each(['vi.useFakeTimers()', "vi.useFakeTimers({ toFake: ['performance'] })", 'vi.setSystemTime(0)'])(
  'rejects a run if a setup file called %s before the package was loaded',
  async (fake) => {
    const [scenario] = await scenariosOf(
      {
        'setup.ts': `import { vi } from 'vitest'\n${fake}`,
        'perf/a.perf.ts': `${HEAD} perfTest('set up', async ({ http }) => { await http.run({ load, request }) })`,
      },
      "test: { setupFiles: ['./setup.ts'] },",
    )
    expect(scenario).toMatchObject({ verdict: 'failed', runs: [] })
    expect(scenario!.errors[0]!.message).toMatch(/replaced before vitest-slo was loaded: [^]*\nFix: /)
  },
)

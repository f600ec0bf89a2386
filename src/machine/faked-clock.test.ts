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
    expect(run.completed).toBe(20)
    expect(run.durationMs).toBeGreaterThan(0)
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

test.each(['meanwhile', 'before and restored'])('timers that are faked %s do not affect a run', (name) => {
  expect(scenarios.find((scenario) => scenario.name === name)).toMatchObject({ verdict: 'passed', errors: [] })
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

import { afterAll, beforeAll } from 'vitest'
import type { Results, ScenarioResult } from '../report/results.ts'
import { InlineProject, INSTANT_TARGET, perfConfigSource, plainText } from './inline-project.ts'
import { readValidResults } from './valid-results.ts'

/** First lines of a scenario file: imports, and a load and a measurement that are short. */
export const SCENARIO_HEAD = `
  import { afterAll, afterEach, beforeAll, describe, expect, onTestFailed, onTestFinished, test } from 'vitest'
  import { perfTest, sharedIterations, sql } from 'vitest-slo'
  const load = sharedIterations({ iterations: 40, vus: 2 })
  const request = { path: '/' }
  const spin = () => { for (const end = performance.now() + 0.02; performance.now() < end;); }
  /** A valid run on any machine: its p95 is below 9 minutes. */
  const timed = (micro) => micro.measure(spin, { duration: '1ms', minCalls: 300, warmup: '1ms' })
`

/** Outcome of one Vitest process that ran scenario files. */
export interface RanScenarios {
  readonly exitCode: number | null
  /** Both streams without colours. */
  readonly output: string
  readonly results: Results
  /** @throws {Error} if there is none of this name */
  scenario(name: string): ScenarioResult
}

/**
 * Runs scenario files once, before the tests of a file.
 *
 * @param files their contents by name, such as `a.perf.ts`
 * @param target source of the target
 */
export function ranScenarios(files: Readonly<Record<string, string>>, target = INSTANT_TARGET): RanScenarios {
  let project: InlineProject | undefined
  let ran: Omit<RanScenarios, 'scenario'>
  beforeAll(async () => {
    project = await InlineProject.create({
      'vitest.config.ts': perfConfigSource(),
      'target/server.mjs': target,
      ...Object.fromEntries(Object.entries(files).map(([name, source]) => [`perf/${name}`, source])),
    })
    const { exitCode, output } = await project.run(['run'])
    ran = {
      exitCode,
      output: plainText(output),
      results: await readValidResults(project.path('perf-report/results.json')),
    }
  }, 180_000)
  afterAll(() => project?.[Symbol.asyncDispose]())
  return {
    get exitCode() {
      return ran.exitCode
    },
    get output() {
      return ran.output
    },
    get results() {
      return ran.results
    },
    scenario(name) {
      const found = ran.results.scenarios.find((scenario) => scenario.name === name)
      if (found === undefined) throw new Error(`no scenario "${name}" ran:\n${ran.output}`)
      return found
    },
  }
}

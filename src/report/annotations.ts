import type { TestCase } from 'vitest/node'
import { errorRate, missingRate } from '../results/result-ratios.ts'
import type { RunResult } from '../results/result.ts'
import { scopeOfAssertion } from '../results/scope-of-assertion.ts'
import type { TimeStatsJson } from '../stats/summary.ts'
import type { ScenarioResult } from './results.ts'

interface Annotation {
  readonly type: string
  readonly message: string
}

/**
 * Adds a scenario's numbers to its finished test as annotations, which Vitest's UI and HTML reporter show and its JUnit
 * reporter writes as properties. They bypass Vitest's API, because with it the terminal would list each number under a
 * failure and the GitHub reporter would print a notice for each. If a test has an unexpected shape, nothing is added.
 */
export function annotate(testCase: TestCase, scenario: ScenarioResult, reportFile: string): void {
  const { annotations } = ('task' in testCase ? testCase.task : {}) as { annotations?: Annotation[] }
  annotations?.push(...annotationsOf(scenario, reportFile))
}

/** One annotation per number. Names include the unit, so that values are plain numbers. */
function annotationsOf(scenario: ScenarioResult, reportFile: string): readonly Annotation[] {
  const numbers = scenario.runs.flatMap((run) =>
    Object.entries(numbersOf(run)).flatMap(([name, value]) => {
      return value === undefined
        ? []
        : [{ type: `slo.${run.name}.${name}`, message: String(Number(value.toPrecision(9))) }]
    }),
  )
  const assertions = scenario.assertions.map((asserted) => {
    const { assertion, outcome, expected, received } = asserted
    const scope = scopeOfAssertion(asserted, scenario.assertions)
    return {
      type: `slo.${assertion}${scope === '' ? '' : ` of ${scope}`}`,
      message: `${outcome}: ${received} (expected ${expected})`,
    }
  })
  const report = { type: 'slo.report', message: reportFile }
  return [{ type: 'slo.verdict', message: scenario.verdict }, ...numbers, ...assertions, report]
}

function numbersOf(run: RunResult): Readonly<Record<string, number | undefined>> {
  if (run.kind === 'micro') return { calls: run.time?.count, ...percentiles(run.time, 'p') }
  if (run.kind === 'fanOut') {
    const { expected, received, missing, unexpected, optional } = run.deliveries
    return {
      expected,
      received,
      missing,
      missingRate: missingRate(run),
      unexpected,
      ...(optional > 0 && { optional }),
      ...percentiles(run.lag, 'lagP'),
    }
  }
  const { offered, sent, dropped } = run
  return { offered, sent, dropped, errorRate: errorRate(run), ...percentiles(run.latency, 'p') }
}

function percentiles(stats: TimeStatsJson | undefined, prefix: string): Readonly<Record<string, number>> {
  if (stats === undefined) return {}
  return {
    [`${prefix}50Ms`]: Number(stats.p50Ms),
    [`${prefix}95Ms`]: Number(stats.p95Ms),
    [`${prefix}99Ms`]: Number(stats.p99Ms),
  }
}

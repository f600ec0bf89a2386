import type { AssertionResult, RunResult } from '../results/result.ts'
import { isSameAssertion } from '../results/scope-of-assertion.ts'
import type { Results, ScenarioResult } from './results.ts'

/**
 * Results of earlier runs: those in the file that is about to be replaced (or in another file), and those of this
 * session. For information only: they decide no verdict, because two runs differ by noise.
 */
export class EarlierRuns {
  readonly #scenarios = new Map<string, { readonly scenario: ScenarioResult; readonly results: Results }>()

  /** Adds the scenarios of `results` and replaces earlier results of the same ones. Stopped scenarios are left out. */
  learn(results: Results): void {
    for (const scenario of results.scenarios) {
      const isComplete = scenario.runs.length > 0 && scenario.runs.every(({ state }) => state === 'completed')
      if (isComplete) this.#scenarios.set(keyOf(scenario), { scenario, results })
    }
  }

  /** Objectives of a run in its earlier results: while it is in progress, its own assertions are still to come. */
  objectivesOf(scenario: ScenarioKey, run: string): readonly string[] {
    const assertions = this.#scenarios.get(keyOf(scenario))?.scenario.assertions ?? []
    return assertions.filter((assertion) => assertion.run === run).map(({ expected }) => expected)
  }

  /** The earlier result of a run, if its scale, load and machine were the same. */
  runBefore(scenario: ScenarioResult, run: RunResult, now: Results): RunResult | undefined {
    if (run.state !== 'completed') return undefined
    return this.#comparable(scenario, now)?.runs.find(
      ({ name, kind, load }) => name === run.name && kind === run.kind && load === run.load,
    )
  }

  /** The earlier result of an assertion, under the same conditions. */
  assertionBefore(scenario: ScenarioResult, asserted: AssertionResult, now: Results): AssertionResult | undefined {
    const judged = scenario.runs.find(({ name }) => name === asserted.run)
    if (judged !== undefined && this.runBefore(scenario, judged, now) === undefined) return undefined
    return this.#comparable(scenario, now)?.assertions.find((assertion) => isSameAssertion(assertion, asserted))
  }

  #comparable(scenario: ScenarioResult, now: Results): ScenarioResult | undefined {
    const known = this.#scenarios.get(keyOf(scenario))
    return known !== undefined && comparable(known.results, now) ? known.scenario : undefined
  }

  verdictBefore(scenario: ScenarioResult): ScenarioResult['verdict'] | undefined {
    return this.#scenarios.get(keyOf(scenario))?.scenario.verdict
  }
}

type ScenarioKey = Pick<ScenarioResult, 'file' | 'name' | 'project'>

function keyOf({ project, file, name }: ScenarioKey): string {
  return JSON.stringify([project ?? '', file, name])
}

function comparable(before: Results, now: Results): boolean {
  const { cpuModel, cores, platform } = before.environment
  const here = now.environment
  return before.scale === now.scale && cpuModel === here.cpuModel && cores === here.cores && platform === here.platform
}

/** The 95th percentile of a run's times in milliseconds, by which runs are compared. */
export function p95Of(run: RunResult): number | undefined {
  const times = run.kind === 'micro' ? run.time : run.kind === 'fanOut' ? run.lag : run.latency
  return times === undefined ? undefined : Number(times.p95Ms)
}

/** Relative change of p95: 0.087 for 8.7% more. `undefined` if either run has no samples or an infinite p95. */
export function p95Change(before: RunResult | undefined, after: RunResult): number | undefined {
  const from = before && p95Of(before)
  const to = p95Of(after)
  if (from === undefined || to === undefined || from === 0) return undefined
  return Number.isFinite(from) && Number.isFinite(to) ? to / from - 1 : undefined
}

/** A change with its sign: `+8.7%`, `−12%`, `±0%`. */
export function showChange(ratio: number): string {
  const percent = ratio * 100
  const text = Math.abs(percent) >= 10 ? Math.abs(percent).toFixed(0) : Math.abs(percent).toFixed(1)
  if (Number(text) === 0) return '±0%'
  return `${percent > 0 ? '+' : '−'}${text}%`
}

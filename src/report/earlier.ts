import type { AssertionResult, RunResult } from '../results/result.ts'
import type { Results, ScenarioResult } from './results.ts'

/**
 * What is known from runs before this one: the file that is about to be replaced (or another one), and what this
 * session has run since. Information for readers; it decides no verdict, as two runs differ by noise alone.
 */
export class EarlierRuns {
  readonly #scenarios = new Map<string, { readonly scenario: ScenarioResult; readonly results: Results }>()

  /**
   * Takes over what `results` holds, over what was known of the same scenarios. One that was stopped before its end is
   * nothing to compare with.
   */
  learn(results: Results): void {
    for (const scenario of results.scenarios) {
      const isWhole = scenario.runs.length > 0 && scenario.runs.every(({ state }) => state === 'completed')
      if (isWhole) this.#scenarios.set(keyOf(scenario), { scenario, results })
    }
  }

  /** What a run was asserted on last time: assertions come after a run, so while it goes on nothing else knows. */
  objectivesOf(scenario: ScenarioKey, run: string): readonly string[] {
    const known = this.#scenarios.get(keyOf(scenario))?.scenario.assertions ?? []
    return known.filter((assertion) => assertion.run === run).map(({ expected }) => expected)
  }

  /** The same run of the same scenario before `now`, where scale, load and machine were the same. */
  runBefore(scenario: ScenarioResult, run: RunResult, now: Results): RunResult | undefined {
    if (run.state !== 'completed') return undefined
    return this.#comparable(scenario, now)?.runs.find(
      ({ name, kind, load }) => name === run.name && kind === run.kind && load === run.load,
    )
  }

  /** What the same assertion came to before, under the same conditions. */
  assertionBefore(scenario: ScenarioResult, asserted: AssertionResult, now: Results): AssertionResult | undefined {
    const judged = scenario.runs.find(({ name }) => name === asserted.run)
    if (judged !== undefined && this.runBefore(scenario, judged, now) === undefined) return undefined
    return this.#comparable(scenario, now)?.assertions.find(
      ({ assertion, run }) => assertion === asserted.assertion && run === asserted.run,
    )
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

/** The time that stands for a run in comparisons: its 95th percentile. */
export function p95Of(run: RunResult): number | undefined {
  const times = run.kind === 'micro' ? run.time : run.kind === 'fanOut' ? run.lag : run.latency
  return times === undefined ? undefined : Number(times.p95Ms)
}

/** 0.087 for 8.7% more, or `undefined` if one of the two has no samples or is infinite. */
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

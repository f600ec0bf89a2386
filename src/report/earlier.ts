import type { AssertionResult, RunResult } from '../results/result.ts'
import { codeOfPart, isSameAssertion } from '../results/scope-of-assertion.ts'
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

  /** The earlier result of a run, if its scale, load and machine were the same, and it was valid. */
  runBefore(scenario: ScenarioResult, run: RunResult, now: Results): RunResult | undefined {
    if (run.state !== 'completed') return undefined
    return this.#comparable(scenario, now)?.runs.find(
      ({ name, kind, load, invalidities }) =>
        name === run.name && kind === run.kind && load === run.load && invalidities.length === 0,
    )
  }

  /** The earlier result of an assertion, under the same conditions. */
  assertionBefore(scenario: ScenarioResult, asserted: AssertionResult, now: Results): AssertionResult | undefined {
    const judged = scenario.runs.find(({ name }) => name === asserted.run)
    if (judged !== undefined && this.runBefore(scenario, judged, now) === undefined) return undefined
    return this.#comparable(scenario, now)?.assertions.find((assertion) => isSameAssertion(assertion, asserted))
  }

  /** The change of a run's p95 since its earlier result; absent if an assertion on it has no interval, now or then. */
  p95ChangeOf(scenario: ScenarioResult, run: RunResult, now: Results): ChangeOfP95 | undefined {
    if (this.runBefore(scenario, run, now) === undefined) return undefined
    const of = (assertions: readonly AssertionResult[]) =>
      assertions.find((asserted) => asserted.run === run.name && judgesP95(asserted))
    const after = of(scenario.assertions)
    const before = of(this.#comparable(scenario, now)?.assertions ?? [])
    return before && after && changeBetween(before, after)
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

/** A change of p95 since an earlier run. Ratios: 0.087 for 8.7% more. */
export interface ChangeOfP95 {
  readonly beforeMs: number
  readonly ratio: number
  readonly low: number
  readonly high: number
  readonly confidence: number
}

/** Whether an assertion judged p95 of all requests of its run. */
function judgesP95(asserted: AssertionResult): boolean {
  const isWhole = codeOfPart({ ...asserted, phase: undefined }) === ''
  return isWhole && asserted.percentile === 0.95 && asserted.unit === 'ms'
}

/**
 * The change between two independent runs from their intervals: MOVER on the logarithms (Donner & Zou, Statistics in
 * Medicine 31, 2012). It allows for chance within each run, but not for what differs between two starts of a target.
 */
function changeBetween(before: AssertionResult, after: AssertionResult): ChangeOfP95 | undefined {
  const [from, to] = [before.interval, after.interval]
  if (from === undefined || to === undefined || from.confidence !== to.confidence) return undefined
  if (before.phase !== after.phase) return undefined
  const [was, is] = [Number(before.value), Number(after.value)]
  const numbers = [was, is, ...[from, to].flatMap(({ low, high }) => [Number(low), Number(high)])]
  if (!numbers.every((ms) => ms > 0 && Number.isFinite(ms))) return undefined
  const log = (high: number, low: number) => Math.log(high / low)
  const ratio = is / was
  const down = Math.hypot(log(is, Number(to.low)), log(Number(from.high), was))
  const up = Math.hypot(log(Number(to.high), is), log(was, Number(from.low)))
  return {
    beforeMs: was,
    ratio: ratio - 1,
    low: ratio * Math.exp(-down) - 1,
    high: ratio * Math.exp(up) - 1,
    confidence: to.confidence,
  }
}

/** `within noise (−2.1% to +3.4%)`, or `+25% (+12% to +40%)`. */
export function describeP95Change({ ratio, low, high }: ChangeOfP95): string {
  const span = `(${showChange(low)} to ${showChange(high)})`
  return low <= 0 && high >= 0 ? `within noise ${span}` : `${showChange(ratio)} ${span}`
}

/** A change with its sign: `+8.7%`, `−12%`, `±0%`. */
export function showChange(ratio: number): string {
  const percent = ratio * 100
  const text = Math.abs(percent) >= 10 ? Math.abs(percent).toFixed(0) : Math.abs(percent).toFixed(1)
  if (Number(text) === 0) return '±0%'
  return `${percent > 0 ? '+' : '−'}${text}%`
}

import { percentileName, samplesForPercentile } from '../evidence/sample-size.ts'
import type { Phase } from '../load/load.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { formatCount, formatDuration, formatMs, formatRatio } from '../stats/units.ts'
import type { AbortRule, AbortRules, Objective } from './abort-when.ts'
import { wrongReturn } from './checked-function.ts'
import { phasesIn, WHOLE_RUN, type RequestSeries } from './request-scope.ts'
import { RequestWindow } from './request-timeline.ts'
import { targetErrorsIn, type Tally } from './tally.ts'

/** Milliseconds between two checks: a run must stop within a second. */
export const ABORT_CHECK_MS = 250

/** Fewest ended requests for an error rate. */
const MIN_ENDED = 5

/**
 * Cause of an abort by `abortWhen`. `target`: the errors were responses, refusals and resets, which no shortage of the
 * generator can cause. `target or generator`: either may have caused them, such as time-outs.
 */
export type AbortCause = 'target' | 'target or generator'

/** Reason and cause of an abort. */
export interface GivenUp {
  readonly reason: string
  readonly blame: AbortCause
}

/** The run that is watched. */
interface WatchedRun {
  readonly tally: Tally
  readonly phases: readonly Phase[]
  readonly series: () => readonly RequestSeries[]
  /** Upper bound of the requests that all generators send in judged phases; `undefined` if unknown. */
  readonly maxRequests?: number | undefined
}

/** Evaluates one condition. @param ms time since the start of the run, a multiple of {@link ABORT_CHECK_MS} */
type Check = (ms: number) => GivenUp | undefined

/** Evaluates `abortWhen` during a run. */
export class AbortWatch {
  readonly #rules: AbortRules | undefined
  readonly #checks: readonly Check[]

  constructor(rules: AbortRules | undefined, run: WatchedRun) {
    this.#rules = rules
    const all = rules === undefined || typeof rules === 'function' ? [] : rules
    const warmupMs = run.phases[0]?.name === 'warmup' ? run.phases[0].endMs : 0
    this.#checks = all.map((rule) => checkOf(rule, run, warmupMs))
  }

  /** Called every {@link ABORT_CHECK_MS}. @returns why the run must stop */
  check(ms: number): GivenUp | undefined {
    for (const check of this.#checks) {
      const found = check(ms)
      if (found !== undefined) return found
    }
    return undefined
  }

  /**
   * Called with every live snapshot.
   *
   * @returns why the run must stop
   * @throws {ScenarioError} if the function of the scenario returns an invalid value
   */
  checkSnapshot(snapshot: RunSnapshot): GivenUp | undefined {
    if (typeof this.#rules !== 'function') return undefined
    const verdict: unknown = this.#rules(snapshot)
    if (verdict === false || verdict === undefined || verdict === null) return undefined
    if (verdict === true) return { reason: 'abortWhen returned true', blame: 'target or generator' }
    if (typeof verdict === 'string' && verdict !== '') return { reason: verdict, blame: 'target or generator' }
    throw wrongReturn('abortWhen', verdict, 'true, false, the reason as text or nothing', 'live snapshot')
  }
}

function checkOf(rule: AbortRule, run: WatchedRun, warmupMs: number): Check {
  if ('errorRateAbove' in rule) {
    const fromMs = rule.delayMs === undefined ? 0 : warmupMs + rule.delayMs
    return errorRateCheck(rule, run.tally, fromMs)
  }
  const fromMs = warmupMs + rule.delayMs
  if ('objectives' in rule) return unreachableCheck(rule.objectives, run, fromMs)
  return latencyCheck(rule, run, fromMs)
}

/** Sums of a run at one check. */
interface Sums {
  readonly ended: number
  readonly errors: number
  readonly targetErrors: number
  readonly byKind: ReadonlyMap<string, number>
}

function errorRateCheck(
  { errorRateAbove, forMs }: Extract<AbortRule, { readonly errorRateAbove: number }>,
  tally: Tally,
  fromMs: number,
): Check {
  /** Sums at the previous checks, over the duration of the rule. */
  const sums: Sums[] = []
  const checksBack = Math.ceil(forMs / ABORT_CHECK_MS)
  return (ms) => {
    if (ms < fromMs) return undefined
    const now = sumsOf(tally)
    sums.push(now)
    if (sums.length <= checksBack) return undefined
    const then = sums.shift()!
    const ended = now.ended - then.ended
    if (ended < MIN_ENDED) return undefined
    const ratio = (now.errors - then.errors) / ended
    if (ratio <= errorRateAbove) return undefined
    const limit = `limit ${formatRatio(errorRateAbove)} (${kindsBetween(then, now)})`
    return {
      reason: `error rate ${formatRatio(ratio)} over the last ${formatDuration(forMs)}, ${limit}`,
      // The target only if the limit is exceeded without the errors that a starved generator can also cause.
      blame: (now.targetErrors - then.targetErrors) / ended > errorRateAbove ? 'target' : 'target or generator',
    }
  }
}

/** Compares the latency of requests due in the last seconds; those in flight are left out. */
function latencyCheck(
  { latencyAboveMs, percentile, forMs }: Extract<AbortRule, { readonly latencyAboveMs: number }>,
  { series }: WatchedRun,
  fromMs: number,
): Check {
  const first = Math.ceil(fromMs / 1000)
  const seconds = forMs / 1000
  return (ms) => {
    const end = ms / 1000
    if (!Number.isInteger(end) || end - seconds < first) return undefined
    const sum = new RequestWindow(0)
    for (const { timeline } of series()) for (const window of timeline.inSeconds(end - seconds, end)) sum.add(window)
    const latency = sum.good.latency.withInfinite(sum.errorCount + sum.dropped)
    if (latency.count < samplesForPercentile(percentile)) return undefined
    const valueMs = latency.percentileUs(percentile) / 1000
    if (valueMs <= latencyAboveMs) return undefined
    const name = percentileName(percentile)
    const requests = `${formatCount(latency.count)} requests`
    return {
      reason: `${name} ${formatMs(valueMs)} over the last ${formatDuration(forMs)}, limit ${formatMs(latencyAboveMs)} (${requests})`,
      blame: 'target or generator',
    }
  }
}

/**
 * Counts the requests that violate an objective, in the phases that matchers judge. Even if the load sends as many requests
 * as it can and all others are good and fast, the objective is missed if they are too many.
 */
function unreachableCheck(objectives: readonly Objective[], run: WatchedRun, fromMs: number): Check {
  const { phases, series, maxRequests } = run
  const judged = phasesIn(phases, WHOLE_RUN)
  return (ms) => {
    if (maxRequests === undefined || ms < fromMs || ms % 1000 !== 0) return undefined
    const sum = new RequestWindow(0)
    for (const { timeline } of series())
      for (const phase of judged) for (const window of timeline.windowsOf(phase)) sum.add(window)
    // More requests than planned: the bound does not apply.
    if (sum.offered > maxRequests) return undefined
    const targetErrors = targetErrorsIn(sum)
    for (const { percentile, limit } of objectives) {
      const allowed = percentile === undefined ? limit * maxRequests : (1 - percentile) * maxRequests
      const slow =
        percentile === undefined ? 0 : sum.good.count - sum.good.serviceTime.countAtMost(Math.ceil(limit * 1000) - 1)
      const bad = slow + sum.errorCount
      // As many as the limit allows are too many for a rate below it, unless there is none.
      const isLost = percentile === undefined ? bad > 0 && bad >= allowed : bad > allowed
      if (!isLost) continue
      const isSurely = percentile === undefined ? targetErrors > 0 && targetErrors >= allowed : targetErrors > allowed
      return {
        reason: unreachableReason({ percentile, limit, bad, maxRequests }),
        blame: isSurely ? 'target' : 'target or generator',
      }
    }
    return undefined
  }
}

function unreachableReason({
  percentile,
  limit,
  bad,
  maxRequests,
}: {
  readonly percentile: number | undefined
  readonly limit: number
  readonly bad: number
  readonly maxRequests: number
}): string {
  const of = `${formatCount(bad)} of at most ${formatCount(maxRequests)} requests`
  return percentile === undefined
    ? `an error rate below ${formatRatio(limit)} cannot be reached any more: ${of} ended in errors`
    : `${percentileName(percentile)} below ${formatMs(limit)} cannot be reached any more: ${of} were slower or ended in errors`
}

function sumsOf({ completed, dropped, errorCount, targetErrorCount, errors }: Tally): Sums {
  return {
    ended: completed + dropped,
    errors: errorCount + dropped,
    targetErrors: targetErrorCount,
    byKind: new Map<string, number>([...errors, ['dropped', dropped]]),
  }
}

/** `480 × connect, 3 × reset` */
function kindsBetween(then: Sums, now: Sums): string {
  return [...now.byKind]
    .map(([kind, count]) => ({ kind, count: count - (then.byKind.get(kind) ?? 0) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count)
    .map(({ kind, count }) => `${formatCount(count)} × ${kind}`)
    .join(', ')
}

import type { RunSnapshot } from '../results/snapshot.ts'
import { formatCount, formatDuration, formatRatio } from '../stats/units.ts'
import type { AbortRule } from './abort-when.ts'
import { wrongReturn } from './checked-function.ts'
import type { Tally } from './tally.ts'

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

/** Sums of a run at one check. */
interface Sums {
  readonly ended: number
  readonly errors: number
  readonly targetErrors: number
  readonly byKind: ReadonlyMap<string, number>
}

/** Evaluates `abortWhen` during a run. */
export class AbortWatch {
  readonly #rule: AbortRule | undefined
  readonly #tally: Tally
  /** Sums at the previous checks, over the duration of the rule. */
  readonly #sums: Sums[] = []

  constructor(rule: AbortRule | undefined, tally: Tally) {
    this.#rule = rule
    this.#tally = tally
  }

  /** Called every {@link ABORT_CHECK_MS}. @returns why the run must stop */
  check(): GivenUp | undefined {
    const rule = this.#rule
    if (rule === undefined || typeof rule === 'function') return undefined
    const now = sumsOf(this.#tally)
    this.#sums.push(now)
    const checksBack = Math.ceil(rule.forMs / ABORT_CHECK_MS)
    if (this.#sums.length <= checksBack) return undefined
    const then = this.#sums.shift()!
    const ended = now.ended - then.ended
    if (ended < MIN_ENDED) return undefined
    const ratio = (now.errors - then.errors) / ended
    if (ratio <= rule.errorRateAbove) return undefined
    const limit = `limit ${formatRatio(rule.errorRateAbove)} (${kindsBetween(then, now)})`
    return {
      reason: `error rate ${formatRatio(ratio)} over the last ${formatDuration(rule.forMs)}, ${limit}`,
      // The target only if the limit is exceeded without the errors that a starved generator can also cause.
      blame: (now.targetErrors - then.targetErrors) / ended > rule.errorRateAbove ? 'target' : 'target or generator',
    }
  }

  /**
   * Called with every live snapshot.
   *
   * @returns why the run must stop
   * @throws {ScenarioError} if the function of the scenario returns an invalid value
   */
  checkSnapshot(snapshot: RunSnapshot): GivenUp | undefined {
    if (typeof this.#rule !== 'function') return undefined
    const verdict: unknown = this.#rule(snapshot)
    if (verdict === false || verdict === undefined || verdict === null) return undefined
    if (verdict === true) return { reason: 'abortWhen returned true', blame: 'target or generator' }
    if (typeof verdict === 'string' && verdict !== '') return { reason: verdict, blame: 'target or generator' }
    throw wrongReturn('abortWhen', verdict, 'true, false, the reason as text or nothing', 'live snapshot')
  }
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

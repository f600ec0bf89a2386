import type { RunSnapshot } from '../results/snapshot.ts'
import { formatCount, formatDuration, formatRatio } from '../stats/units.ts'
import type { AbortRule } from './abort-when.ts'
import type { Tally } from './tally.ts'

/** Milliseconds between looks: a run must stop within a second. */
export const ABORT_CHECK_MS = 250

/** Fewer ended requests say nothing about a ratio. */
const MIN_ENDED = 5

/**
 * Whose doing it was that a run's own `abortWhen` ended it. `target`: its errors were responses, refusals and resets, which
 * no shortage on the generator's side brings about. `target or generator`: it could have been either, such as time-outs.
 */
export type AbortBlame = 'target' | 'target or generator'

/** Why a run is given up, and whose doing that is. */
export interface GivenUp {
  readonly reason: string
  readonly blame: AbortBlame
}

/** The sums of a run at one look. */
interface Look {
  readonly ended: number
  readonly errors: number
  readonly targetErrors: number
  readonly byKind: ReadonlyMap<string, number>
}

/** Holds a run against its `abortWhen`. */
export class AbortWatch {
  readonly #rule: AbortRule | undefined
  readonly #tally: Tally
  /** Ended requests and errors at the last looks, as far back as the rule's time reaches. */
  readonly #looks: Look[] = []

  constructor(rule: AbortRule | undefined, tally: Tally) {
    this.#rule = rule
    this.#tally = tally
  }

  /** To be called every {@link ABORT_CHECK_MS}. @returns why the run should stop */
  check(): GivenUp | undefined {
    const rule = this.#rule
    if (rule === undefined || typeof rule === 'function') return undefined
    const now = lookAt(this.#tally)
    this.#looks.push(now)
    const looksBack = Math.ceil(rule.forMs / ABORT_CHECK_MS)
    if (this.#looks.length <= looksBack) return undefined
    const then = this.#looks.shift()!
    const ended = now.ended - then.ended
    if (ended < MIN_ENDED) return undefined
    const ratio = (now.errors - then.errors) / ended
    if (ratio <= rule.errorRateAbove) return undefined
    const limit = `limit ${formatRatio(rule.errorRateAbove)} (${kindsBetween(then, now)})`
    return {
      reason: `error rate ${formatRatio(ratio)} over the last ${formatDuration(rule.forMs)}, ${limit}`,
      // Only where the rule is broken without the errors that a starved generator can cause as well.
      blame: (now.targetErrors - then.targetErrors) / ended > rule.errorRateAbove ? 'target' : 'target or generator',
    }
  }

  /** To be called with every live snapshot. @returns why the run should stop */
  checkSnapshot(snapshot: RunSnapshot): GivenUp | undefined {
    if (typeof this.#rule !== 'function') return undefined
    const verdict = this.#rule(snapshot)
    const reason = verdict === true ? 'abortWhen returned true' : verdict
    return typeof reason === 'string' && reason !== '' ? { reason, blame: 'target or generator' } : undefined
  }
}

function lookAt({ completed, dropped, errorCount, targetErrorCount, errors }: Tally): Look {
  return {
    ended: completed + dropped,
    errors: errorCount + dropped,
    targetErrors: targetErrorCount,
    byKind: new Map<string, number>([...errors, ['dropped', dropped]]),
  }
}

/** `480 × connect, 3 × reset` */
function kindsBetween(then: Look, now: Look): string {
  return [...now.byKind]
    .map(([kind, count]) => ({ kind, count: count - (then.byKind.get(kind) ?? 0) }))
    .filter(({ count }) => count > 0)
    .toSorted((a, b) => b.count - a.count)
    .map(({ kind, count }) => `${formatCount(count)} × ${kind}`)
    .join(', ')
}

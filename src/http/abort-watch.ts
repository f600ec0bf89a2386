import { formatDuration, formatRatio } from '../stats/units.ts'
import type { RunSnapshot } from '../run/snapshot.ts'
import type { AbortRule } from './options.ts'
import type { Tally } from './tally.ts'

/** Milliseconds between looks: a run must stop within a second. */
export const ABORT_CHECK_MS = 250

/** Fewer ended requests say nothing about a ratio. */
const MIN_ENDED = 5

/** Holds a run against its `abortWhen`. */
export class AbortWatch {
  readonly #rule: AbortRule | undefined
  readonly #tally: Tally
  /** Ended requests and errors at the last looks, as far back as the rule's time reaches. */
  readonly #looks: { ended: number; errors: number }[] = []

  constructor(rule: AbortRule | undefined, tally: Tally) {
    this.#rule = rule
    this.#tally = tally
  }

  /** To be called every {@link ABORT_CHECK_MS}. @returns why the run should stop */
  check(): string | undefined {
    const rule = this.#rule
    if (rule === undefined || typeof rule === 'function') return undefined
    const { completed, dropped, errorCount } = this.#tally
    const now = { ended: completed + dropped, errors: errorCount + dropped }
    this.#looks.push(now)
    const looksBack = Math.ceil(rule.forMs / ABORT_CHECK_MS)
    if (this.#looks.length <= looksBack) return undefined
    const then = this.#looks.shift()!
    const ended = now.ended - then.ended
    if (ended < MIN_ENDED) return undefined
    const ratio = (now.errors - then.errors) / ended
    if (ratio <= rule.errorRatioAbove) return undefined
    return `error rate ${formatRatio(ratio)} over the last ${formatDuration(rule.forMs)}, limit ${formatRatio(rule.errorRatioAbove)}`
  }

  /** To be called with every live snapshot. @returns why the run should stop */
  checkSnapshot(snapshot: RunSnapshot): string | undefined {
    if (typeof this.#rule !== 'function') return undefined
    const verdict = this.#rule(snapshot)
    if (verdict === true) return 'abortWhen returned true'
    return typeof verdict === 'string' && verdict !== '' ? verdict : undefined
  }
}

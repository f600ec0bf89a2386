import { formatMs } from '../stats/units.ts'
import { LedgerProblem } from './problem.ts'

const POLL_MS = 100
/** How long no transaction may have written anywhere on the server. */
const STILL_MS = 300
/** How long what is read must stay the same where other transactions go on writing. */
const SAME_MS = 1_000

/** What a ledger looks like at one moment. */
export interface Pulse {
  /** Transactions that have written and are still open, on the whole server. */
  readonly writers: number
  /** Differs once a transaction that has written ended since. */
  readonly horizon: string
}

export interface SettleOptions {
  /** Reads the pulse of the database. */
  pulse(): Promise<Pulse>
  /** What the check will read, as one text, e.g. the number of rows. Asked only while somebody writes. */
  measure(): Promise<string>
  /** The target's own word that it has nothing in flight. */
  readonly quiet?: (() => Promise<boolean>) | undefined
  /** The horizon at which this database had settled before. */
  readonly settledAt?: string | undefined
  readonly limitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** Time as settling needs it; virtual in tests. */
export interface Clock {
  nowMs(): number
  /** Rejects where the signal is aborted meanwhile. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Settled {
  readonly horizon: string
  /** What was waited for: `waited 0.3 s: nothing was written for 300 ms`. */
  readonly said: string
}

/**
 * Waits until what was in flight when the load ended has arrived or died: until the target says so where it can;
 * otherwise until no transaction has written to the server for 300 ms, or, where others keep writing there, what the
 * check reads has stood still for a second.
 *
 * It misleads where a target answers first and writes much later.
 *
 * @throws {LedgerProblem} where that takes longer than the limit
 */
export async function settle(options: SettleOptions): Promise<Settled> {
  const { pulse, measure, quiet, settledAt, limitMs, signal, clock } = options
  const startMs = clock.nowMs()
  let last = await pulse()
  if (last.writers === 0 && last.horizon === settledAt)
    return { horizon: last.horizon, said: 'nothing was written since' }

  let stillSinceMs = startMs
  let measured: { text: string; sinceMs: number } | undefined
  for (;;) {
    signal.throwIfAborted()
    await clock.sleep(POLL_MS, signal)
    const now = await pulse()
    const nowMs = clock.nowMs()
    const waited = `waited ${formatMs(nowMs - startMs)}`
    const still = now.writers + last.writers === 0 && now.horizon === last.horizon
    last = now
    if (quiet !== undefined) {
      if ((await quiet()) && still) return { horizon: now.horizon, said: `${waited}: the target says it is quiet` }
    } else if (still) {
      const stillMs = nowMs - stillSinceMs
      if (stillMs >= STILL_MS)
        return { horizon: now.horizon, said: `${waited}: nothing was written for ${formatMs(stillMs)}` }
    } else {
      stillSinceMs = nowMs
      const text = await measure()
      if (text !== measured?.text) measured = { text, sinceMs: nowMs }
      const sameMs = nowMs - measured.sinceMs
      if (sameMs >= SAME_MS)
        return { horizon: '', said: `${waited}: ${text} for ${formatMs(sameMs)} while others wrote` }
    }
    if (nowMs - startMs >= limitMs) throw unsettled(options, now, measured?.text)
  }
}

function unsettled({ quiet, limitMs }: SettleOptions, { writers }: Pulse, measured: string | undefined): LedgerProblem {
  const seen = [
    quiet === undefined ? undefined : 'the target never said that it is quiet',
    writers === 0 ? undefined : `${writers} writing ${writers === 1 ? 'transaction is' : 'transactions are'} open`,
    measured === undefined ? undefined : `last seen: ${measured}`,
  ].filter((part) => part !== undefined)
  return new LedgerProblem(
    `the ledger did not settle within ${formatMs(limitMs)}${seen.length === 0 ? '' : `: ${seen.join(', ')}`}`,
    `see what still writes (SELECT * FROM pg_stat_activity), or wait longer: ledger.with({ settleTimeout: '60s' })`,
  )
}

import { formatMs } from '../stats/units.ts'
import { reportsIdle, type IsIdle } from './idle-target.ts'
import { LedgerError } from './ledger-error.ts'
import type { OpenTransaction, Pulse } from './pulse.ts'

const POLL_MS = 100
/** Time without active transactions on the server after which the ledger has settled. */
const STILL_MS = 300
/** Time for which the measured value must not change while other transactions are active. */
const SAME_MS = 1_000

export interface SettleOptions {
  /** Reads the pulse of the database. */
  pulse(): Promise<Pulse>
  /** Value that the check will read, as a string, e.g. the number of rows. Only read while others are active. */
  measure(): Promise<string>
  /** Reports whether the target has nothing in flight. */
  readonly isIdle?: IsIdle | undefined
  /** Horizon at which this database last settled. */
  readonly settledAt?: string | undefined
  readonly limitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** Clock of settling; virtual in tests. */
export interface Clock {
  nowMs(): number
  /** Rejects if the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Settled {
  /** Changes if something was written; empty if that is unknown. */
  readonly horizon: string
  /**
   * Time up to which reads contain everything written, in milliseconds of the clock: a standby only catches up with what
   * it had received when settling began.
   */
  readonly asOfMs: number
  /** Description of the wait: `waited 0.3 s: nothing was written for 300 ms`. */
  readonly said: string
}

/**
 * Waits until everything in flight at the end of the load has finished:
 *
 * - a standby has replayed what it had received;
 * - every transaction that was open in this database has ended, whether it had written or not; a transaction prepared for
 *   a two-phase commit is open until it is committed or rolled back;
 * - the target reports that it is idle, if it can; otherwise no transaction was active on the server for 300 ms, or, if
 *   others keep writing, the measured value has not changed for a second.
 *
 * Writes that the target makes after a pause are not in flight: see `watchLedger()`.
 *
 * @throws {LedgerError} if this takes longer than the limit, or a standby is not connected to its primary
 */
export async function settle(options: SettleOptions): Promise<Settled> {
  const { pulse, measure, isIdle, settledAt, limitMs, signal, clock } = options
  const startMs = clock.nowMs()
  let last = await pulse()
  if (last.standby && last.standby.received === undefined) throw disconnected()
  const received = last.standby?.received ?? 0n
  const isReplayed = ({ standby }: Pulse) => standby === undefined || standby.replayed >= received
  if (last.writers + last.open.length === 0 && last.horizon === settledAt && isReplayed(last))
    return { horizon: last.horizon, asOfMs: startMs, said: 'nothing was written since' }

  // On a standby others can only read; and `isIdle` covers the target's transactions.
  let inFlight: readonly OpenTransaction[] = isIdle === undefined && last.standby === undefined ? last.open : []
  const [waitsForReplay, waitsForOpen] = [!isReplayed(last), inFlight.length > 0]
  const waited = (nowMs: number, reason: string) => {
    const first = [
      waitsForReplay ? 'the replica replayed what it had received' : undefined,
      waitsForOpen ? 'open transactions ended' : undefined,
    ]
    const reasons = [...first, reason].filter((part) => part !== undefined)
    return `waited ${formatMs(nowMs - startMs)}: ${reasons.join(', ')}`
  }
  let stillSinceMs = startMs
  let measured: { text: string; sinceMs: number } | undefined
  for (;;) {
    signal.throwIfAborted()
    await clock.sleep(POLL_MS, signal)
    const now = await pulse()
    const nowMs = clock.nowMs()
    const asOfMs = now.standby === undefined ? nowMs : startMs
    inFlight = stillInFlight(inFlight, now.open)
    const isFree = inFlight.length === 0 && isReplayed(now)
    const wrote = now.writers + last.writers > 0 || now.horizon !== last.horizon
    const isStill = !wrote && !stayedOpen(last, now)
    last = now
    if (isIdle !== undefined) {
      const passedMs = nowMs - startMs
      if ((await reportsIdle(isIdle, { limitMs, passedMs, signal })) && isFree && !wrote)
        return { horizon: now.horizon, asOfMs, said: waited(nowMs, 'the target reports that it is idle') }
    } else if (isStill) {
      const stillMs = nowMs - stillSinceMs
      if (isFree && stillMs >= STILL_MS)
        return { horizon: now.horizon, asOfMs, said: waited(nowMs, `nothing was written for ${formatMs(stillMs)}`) }
    } else {
      stillSinceMs = nowMs
      const text = await measure()
      if (text !== measured?.text) measured = { text, sinceMs: nowMs }
      const sameMs = nowMs - measured.sinceMs
      if (isFree && sameMs >= SAME_MS) {
        const others = wrote ? 'others wrote' : 'other transactions were open'
        return { horizon: '', asOfMs, said: waited(nowMs, `${text} for ${formatMs(sameMs)} while ${others}`) }
      }
    }
    if (nowMs - startMs >= limitMs) {
      throw unsettled(options, now, { open: inFlight, isReplayed: isReplayed(now), measured: measured?.text })
    }
  }
}

/** Transactions still in flight. Prepared transactions get a new id, so any of them may be one that was in flight. */
function stillInFlight(
  inFlight: readonly OpenTransaction[],
  open: readonly OpenTransaction[],
): readonly OpenTransaction[] {
  if (inFlight.length === 0) return inFlight
  return open.filter(({ id, isPrepared }) => isPrepared === true || inFlight.some((known) => known.id === id))
}

/** Whether a transaction is open in two consecutive pulses: it may be about to write; most reads appear only once. */
function stayedOpen(last: Pulse, now: Pulse): boolean {
  if (now.standby !== undefined) return false
  return now.open.some(({ id }) => last.open.some((open) => open.id === id))
}

interface Unsettled {
  readonly open: readonly OpenTransaction[]
  readonly isReplayed: boolean
  readonly measured: string | undefined
}

function unsettled(
  { isIdle, limitMs }: SettleOptions,
  { writers, standby, open: openNow }: Pulse,
  { open, isReplayed, measured }: Unsettled,
): LedgerError {
  if (standby !== undefined && !isReplayed) {
    const behind = standby.behindMs === undefined ? '' : `, ${formatMs(standby.behindMs)} behind its primary`
    const paused = standby.isPaused ? ', and its replay is paused' : ''
    return new LedgerError(
      `the database is a replica${behind}${paused}: it did not replay within ${formatMs(limitMs)} what it had received`,
      `read the primary (PERF_DATABASE_URL), or wait longer: ledger.with({ settleTimeout: '60s' })`,
    )
  }
  const names = open.map(({ client }) => client)
  const named = names.slice(0, 3).join(', ') + (open.length > 3 ? ', …' : '')
  const prepared = openNow.filter(({ isPrepared }) => isPrepared === true)
  const seen = [
    isIdle === undefined || prepared.length > 0 ? undefined : 'the target never reported that it is idle',
    open.length === 0 ? undefined : `${count(open.length, 'transaction')} still open: ${named}`,
    prepared.length === 0 || open.length > 0 ? undefined : `${prepared[0]!.client} is open`,
    writers === 0 ? undefined : `${count(writers, 'writing transaction')} open`,
    measured === undefined ? undefined : `last seen: ${measured}`,
  ].filter((part) => part !== undefined)
  return new LedgerError(
    `the ledger did not settle within ${formatMs(limitMs)}${seen.length === 0 ? '' : `: ${seen.join(', ')}`}`,
    prepared.length === 0
      ? `find what is still active (SELECT * FROM pg_stat_activity) and end it, or wait longer: ledger.with({ settleTimeout: '60s' })`
      : `end prepared transactions (SELECT gid FROM pg_prepared_xacts) with COMMIT PREPARED or ROLLBACK PREPARED, or wait longer: ledger.with({ settleTimeout: '60s' })`,
  )
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? ' is' : 's are'}`
}

function disconnected(): LedgerError {
  return new LedgerError(
    'the database is a replica that is not connected to its primary, so its lag is unknown',
    'read the primary (PERF_DATABASE_URL), or let the replica stream from it',
  )
}

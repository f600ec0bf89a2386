import { formatMs } from '../stats/units.ts'
import { LedgerError } from './ledger-error.ts'
import type { OpenTransaction, Pulse } from './pulse.ts'
import { isQuiet, type Quiet } from './quiet.ts'

const POLL_MS = 100
/** How long no transaction may have been at work anywhere on the server. */
const STILL_MS = 300
/** How long what is read must stay the same while other transactions are at work. */
const SAME_MS = 1_000

export interface SettleOptions {
  /** Reads the pulse of the database. */
  pulse(): Promise<Pulse>
  /** What the check will read, as one text, e.g. the number of rows. Read only while others are at work. */
  measure(): Promise<string>
  /** The target's own word that it has nothing in flight. */
  readonly quiet?: Quiet | undefined
  /** The horizon at which this database had settled before. */
  readonly settledAt?: string | undefined
  readonly limitMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

/** Time as settling needs it; virtual in tests. */
export interface Clock {
  nowMs(): number
  /** Rejects if the signal is aborted meanwhile. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface Settled {
  /** Differs if something was written between two of them; empty if that is not known. */
  readonly horizon: string
  /**
   * What is read now holds everything that was written until then, in milliseconds of the clock: a standby catches up with
   * what it had received when settling began.
   */
  readonly asOfMs: number
  /** What was waited for: `waited 0.3 s: nothing was written for 300 ms`. */
  readonly said: string
}

/**
 * Waits until what was in flight when the load ended has arrived or ended:
 *
 * - a standby has replayed what it had received;
 * - every transaction that was open in this database has ended, whether it had written or not; one that is prepared for a
 *   two-phase commit is open until it is committed or rolled back;
 * - the target says so, if it can; otherwise nobody has been at work on the server for 300 ms, or, if others keep writing
 *   there, what the check reads has stood still for a second.
 *
 * What a target writes after a pause is not in flight: see `watchLedger()`.
 *
 * @throws {LedgerError} if that takes longer than the limit, or a standby is not connected to its primary
 */
export async function settle(options: SettleOptions): Promise<Settled> {
  const { pulse, measure, quiet, settledAt, limitMs, signal, clock } = options
  const startMs = clock.nowMs()
  let last = await pulse()
  if (last.standby && last.standby.received === undefined) throw disconnected()
  const received = last.standby?.received ?? 0n
  const isReplayed = ({ standby }: Pulse) => standby === undefined || standby.replayed >= received
  if (last.writers + last.open.length === 0 && last.horizon === settledAt && isReplayed(last))
    return { horizon: last.horizon, asOfMs: startMs, said: 'nothing was written since' }

  // On a standby others can only read; and the target's own word covers its transactions.
  let inFlight: readonly OpenTransaction[] = quiet === undefined && last.standby === undefined ? last.open : []
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
    if (quiet !== undefined) {
      const passedMs = nowMs - startMs
      if ((await isQuiet(quiet, { limitMs, passedMs, signal })) && isFree && !wrote)
        return { horizon: now.horizon, asOfMs, said: waited(nowMs, 'the target says it is quiet') }
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

/** What was in flight and has not ended. Once prepared, a transaction has another id: a new one may be one of them. */
function stillInFlight(
  inFlight: readonly OpenTransaction[],
  open: readonly OpenTransaction[],
): readonly OpenTransaction[] {
  if (inFlight.length === 0) return inFlight
  return open.filter(({ id, isPrepared }) => isPrepared === true || inFlight.some((known) => known.id === id))
}

/** A transaction that two looks in a row see may be about to write; most reads are seen once. */
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
  { quiet, limitMs }: SettleOptions,
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
    quiet === undefined || prepared.length > 0 ? undefined : 'the target never said that it is quiet',
    open.length === 0 ? undefined : `${count(open.length, 'transaction')} open since before: ${named}`,
    prepared.length === 0 || open.length > 0 ? undefined : `${prepared[0]!.client} is open`,
    writers === 0 ? undefined : `${count(writers, 'writing transaction')} open`,
    measured === undefined ? undefined : `last seen: ${measured}`,
  ].filter((part) => part !== undefined)
  return new LedgerError(
    `the ledger did not settle within ${formatMs(limitMs)}${seen.length === 0 ? '' : `: ${seen.join(', ')}`}`,
    prepared.length === 0
      ? `see what is still at work (SELECT * FROM pg_stat_activity) and end it, or wait longer: ledger.with({ settleTimeout: '60s' })`
      : `end prepared transactions (SELECT gid FROM pg_prepared_xacts) with COMMIT PREPARED or ROLLBACK PREPARED, or wait longer: ledger.with({ settleTimeout: '60s' })`,
  )
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? ' is' : 's are'}`
}

function disconnected(): LedgerError {
  return new LedgerError(
    'the database is a replica that is not connected to its primary, so that nobody knows how far behind it is',
    'read the primary (PERF_DATABASE_URL), or let the replica stream from it',
  )
}

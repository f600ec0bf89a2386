import { formatCount, formatMs } from '../stats/units.ts'
import { LedgerError } from './ledger-error.ts'
import type { Clock, Settled } from './settle.ts'

/** Between two reads while something is missing. */
const REREAD_MS = 250
/** Rows that came within so long before the time-out say that more may come. */
const ARRIVING_MS = 2_000

export interface WatchOptions<Verdict> {
  /** Waits until nothing is in flight. */
  settle(): Promise<Settled>
  /** Reads the ledger and judges it. */
  read(): Promise<Verdict>
  /** How many findings of a verdict what comes late can still put right. */
  missing(verdict: Verdict): number
  /** Whether something was found that stays, whatever comes late. */
  isFinal(verdict: Verdict): boolean
  /** When the load ended, or what is known of it. */
  readonly loadEndedMs: number
  /** How long after the load, and after what was missing has come, the ledger is watched for what must not come. */
  readonly settleForMs: number
  /** How long what is missing may take to come. */
  readonly settleTimeoutMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

export interface Watched<Verdict> {
  readonly verdict: Verdict
  /** Of the last look, to compare a later one with. */
  readonly horizon: string
  /** What was waited for. */
  readonly waited: string
}

/**
 * Reads a ledger until its verdict can be trusted. What users were told and is *missing* may come late, as by an outbox:
 * it is read again until it is there or the time-out has passed. What must not be there (*duplicated*, *unexpected*) may
 * come late too, as by a redelivery: a ledger without a finding is watched for a while, and read again if it changed.
 *
 * ```
 *            settled   read: missing    read: all there       read: still so
 * load ──┤──────┼───────────┼────────────────┼─────────────────────┤ verdict
 *               └──────── settleTimeout ─────┴────── settleFor ────┘
 * ```
 *
 * @throws {LedgerError} if rows were still coming when the time-out passed
 */
export async function watchLedger<Verdict>(options: WatchOptions<Verdict>): Promise<Watched<Verdict>> {
  const { settle, read, missing, isFinal, loadEndedMs, settleForMs, settleTimeoutMs, signal, clock } = options
  const startMs = clock.nowMs()
  const first = await settle()
  let { horizon, asOfMs } = first
  let verdict = await read()
  const missingAtFirst = missing(verdict)
  let changedMs = loadEndedMs
  let comeMs = startMs
  let arrivedMs = Number.NEGATIVE_INFINITY
  let rereads = 0
  const waited = () => {
    const left = missing(verdict)
    return [
      first.said,
      ...describe({ missingAtFirst, left, rereads, tookMs: (left === 0 ? comeMs : asOfMs) - startMs }),
    ]
  }
  for (;;) {
    const left = missing(verdict)
    const nowMs = clock.nowMs()
    if (left > 0) {
      if (nowMs - startMs >= settleTimeoutMs) {
        if (nowMs - arrivedMs <= ARRIVING_MS) throw stillArriving(left, settleTimeoutMs)
        return { verdict, horizon, waited: waited().join('; ') }
      }
      await clock.sleep(Math.min(REREAD_MS, settleTimeoutMs - (nowMs - startMs)), signal)
    } else {
      const endMs = changedMs + settleForMs
      if (isFinal(verdict)) return { verdict, horizon, waited: waited().join('; ') }
      if (asOfMs >= endMs) {
        const late = settleForMs > 0 ? [`nothing came late within ${formatMs(settleForMs)}`] : []
        return { verdict, horizon, waited: [...waited(), ...late].join('; ') }
      }
      if (endMs > nowMs) await clock.sleep(endMs - nowMs, signal)
    }
    signal.throwIfAborted()
    const settled = await settle()
    asOfMs = settled.asOfMs
    if (settled.horizon !== '' && settled.horizon === horizon) continue
    horizon = settled.horizon
    verdict = await read()
    rereads++
    if (missing(verdict) === left) continue
    changedMs = clock.nowMs()
    if (missing(verdict) < left) arrivedMs = changedMs
    if (missing(verdict) === 0) comeMs = changedMs
  }
}

interface Progress {
  readonly missingAtFirst: number
  readonly left: number
  readonly rereads: number
  readonly tookMs: number
}

function describe({ missingAtFirst, left, rereads, tookMs }: Progress): string[] {
  if (missingAtFirst === 0) return []
  const first = `${formatCount(missingAtFirst)} ${missingAtFirst === 1 ? 'finding' : 'findings'} at first`
  const after = `after ${formatMs(tookMs)}`
  const times = rereads === 0 ? 'nothing was written meanwhile' : `read ${formatCount(rereads + 1)} times`
  return [left === 0 ? `${first}, none ${after}` : `${first}, ${formatCount(left)} ${after} (${times})`]
}

function stillArriving(left: number, settleTimeoutMs: number): LedgerError {
  return new LedgerError(
    `the ledger did not settle within ${formatMs(settleTimeoutMs)}: rows were still coming, ${formatCount(left)} missing`,
    `wait longer: ledger.with({ settleTimeout: '60s' })`,
  )
}

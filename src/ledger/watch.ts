import { formatCount, formatMs } from '../stats/units.ts'
import { LedgerError } from './ledger-error.ts'
import type { Clock, Settled } from './settle.ts'

/** Interval between reads while something is missing. */
const REREAD_MS = 250
/** Shortest time without a new row after which missing rows are lost, if `settleFor` is shorter. */
const QUIET_MS = 1_000
/** Timeout that the error recommends, if that is enough. */
const ENOUGH_MS = 60_000

export interface WatchOptions<Verdict> {
  /** Waits until nothing is in flight. */
  settle(): Promise<Settled>
  /** Reads the ledger and judges it. */
  read(): Promise<Verdict>
  /** Number of findings that late rows can still resolve. */
  missing(verdict: Verdict): number
  /** Whether a finding cannot be resolved by late rows. */
  isFinal(verdict: Verdict): boolean
  /** End of the load, as far as known. */
  readonly loadEndedMs: number
  /** Time for which the ledger is watched for unexpected rows, after the load and after missing rows have arrived. */
  readonly settleForMs: number
  /** Time that missing rows may take to arrive. */
  readonly settleTimeoutMs: number
  readonly signal: AbortSignal
  readonly clock: Clock
}

export interface Watched<Verdict> {
  readonly verdict: Verdict
  /** Horizon of the last read, for comparison with a later one. */
  readonly horizon: string
  /** Description of the wait. */
  readonly waited: string
}

/**
 * Reads a ledger until its verdict can be trusted. Acknowledged rows that are *missing* may arrive late, e.g. through an
 * outbox: the ledger is read again until they arrive or the timeout has passed. They are lost if no row has arrived for
 * `settleFor`, at least a second, by then. *Duplicated* and *unexpected* rows may also
 * arrive late, e.g. through a redelivery: a ledger without findings is watched for a while, and read again if it changed.
 *
 * ```
 *            settled   read: missing    read: all there       read: still so
 * load ──┤──────┼───────────┼────────────────┼─────────────────────┤ verdict
 *               └──────── settleTimeout ─────┴────── settleFor ────┘
 * ```
 *
 * @throws {LedgerError} if rows are missing at the timeout, and others arrived shortly before
 */
export async function watchLedger<Verdict>(options: WatchOptions<Verdict>): Promise<Watched<Verdict>> {
  const { settle, read, missing, isFinal, loadEndedMs, settleForMs, settleTimeoutMs, signal, clock } = options
  const startMs = clock.nowMs()
  const first = await settle()
  let { horizon, asOfMs } = first
  let verdict = await read()
  const missingAtFirst = missing(verdict)
  let changedMs = loadEndedMs
  let completeMs = startMs
  let arrivedMs = Number.NEGATIVE_INFINITY
  let rereads = 0
  const waited = () => {
    const left = missing(verdict)
    return [
      first.said,
      ...describe({ missingAtFirst, left, rereads, tookMs: (left === 0 ? completeMs : asOfMs) - startMs }),
    ]
  }
  for (;;) {
    const left = missing(verdict)
    const nowMs = clock.nowMs()
    if (left > 0) {
      if (nowMs - startMs >= settleTimeoutMs) {
        const quietMs = Math.max(settleForMs, QUIET_MS)
        if (nowMs - arrivedMs < quietMs)
          throw stillArriving({ left, settleTimeoutMs, agoMs: nowMs - arrivedMs, quietMs, settleForMs })
        return { verdict, horizon, waited: waited().join('; ') }
      }
      await clock.sleep(Math.min(REREAD_MS, settleTimeoutMs - (nowMs - startMs)), signal)
    } else {
      const endMs = changedMs + settleForMs
      if (isFinal(verdict)) return { verdict, horizon, waited: waited().join('; ') }
      if (asOfMs >= endMs) {
        const late = settleForMs > 0 ? [`nothing arrived late within ${formatMs(settleForMs)}`] : []
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
    if (missing(verdict) === 0) completeMs = changedMs
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

interface Arriving {
  readonly left: number
  readonly settleTimeoutMs: number
  /** Time since a row has arrived. */
  readonly agoMs: number
  readonly quietMs: number
  readonly settleForMs: number
}

function stillArriving({ left, settleTimeoutMs, agoMs, quietMs, settleForMs }: Arriving): LedgerError {
  const missing = `${formatCount(left)} ${left === 1 ? 'row is' : 'rows are'} missing`
  const within = quietMs === settleForMs ? `settleFor (${formatMs(quietMs)})` : formatMs(quietMs)
  const enoughMs = Math.max(ENOUGH_MS, settleTimeoutMs + 2 * quietMs)
  return new LedgerError(
    `the ledger did not settle within ${formatMs(settleTimeoutMs)}: ${missing}, and the last one that came late arrived ${formatMs(agoMs)} before, within ${within}`,
    `wait longer: ledger.with({ settleTimeout: '${Math.ceil(enoughMs / 1_000)}s' })`,
  )
}

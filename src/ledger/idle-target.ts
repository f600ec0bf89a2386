import { inspect } from 'node:util'
import { formatMs } from '../stats/units.ts'
import { inTime } from './in-time.ts'
import { LedgerError } from './ledger-error.ts'

/** Function of the user that reports whether the target has nothing in flight. */
export type IsIdle = () => Promise<boolean>

export interface IdleLimit {
  /** `settleTimeout`, for the message. */
  readonly limitMs: number
  /** Elapsed part of the limit. */
  readonly passedMs: number
  readonly signal: AbortSignal
}

/** @throws {LedgerError} if the function fails, does not resolve in time, or does not resolve to a boolean */
export async function reportsIdle(isIdle: IsIdle, { limitMs, passedMs, signal }: IdleLimit): Promise<boolean> {
  const tooLong = new LedgerError(
    `the function "isIdle" did not resolve within ${formatMs(limitMs)}`,
    `make it resolve sooner, or wait longer: ledger.with({ settleTimeout: '60s' })`,
  )
  let reported: unknown
  try {
    reported = await inTime(isIdle, { timeoutMs: Math.max(1, limitMs - passedMs), tooLong, signal })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof LedgerError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new LedgerError(`the function "isIdle" failed: ${message}`, 'correct it; it must resolve to true or false', {
      cause: error,
    })
  }
  if (typeof reported === 'boolean') return reported
  throw new LedgerError(
    `the function "isIdle" must resolve to true or false, but resolved to ${inspect(reported, { depth: 0 })}`,
    'return a comparison: isIdle: async () => (await pendingJobs()) === 0',
  )
}

import { inspect } from 'node:util'
import { formatMs } from '../stats/units.ts'
import { inTime } from './in-time.ts'
import { LedgerError } from './ledger-error.ts'

/** Function of the user that reports whether the target has nothing in flight. */
export type Quiet = () => Promise<boolean>

export interface QuietLimit {
  /** `settleTimeout`, for the message. */
  readonly limitMs: number
  /** Elapsed part of the limit. */
  readonly passedMs: number
  readonly signal: AbortSignal
}

/** @throws {LedgerError} if the function fails, does not resolve in time, or does not resolve to a boolean */
export async function isQuiet(quiet: Quiet, { limitMs, passedMs, signal }: QuietLimit): Promise<boolean> {
  const tooLong = new LedgerError(
    `the function "quiet" did not resolve within ${formatMs(limitMs)}`,
    `make it resolve sooner, or wait longer: ledger.with({ settleTimeout: '60s' })`,
  )
  let isIdle: unknown
  try {
    isIdle = await inTime(quiet, { timeoutMs: Math.max(1, limitMs - passedMs), tooLong, signal })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof LedgerError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new LedgerError(`the function "quiet" failed: ${message}`, 'correct it; it must resolve to true or false', {
      cause: error,
    })
  }
  if (typeof isIdle === 'boolean') return isIdle
  throw new LedgerError(
    `the function "quiet" must resolve to true or false, but resolved to ${inspect(isIdle, { depth: 0 })}`,
    'return a comparison: quiet: async () => (await pendingJobs()) === 0',
  )
}

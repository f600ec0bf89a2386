import { clearTimeout, setTimeout } from '../machine/clock.ts'

export interface TimeLimit {
  readonly timeoutMs: number
  /** Thrown if it takes longer. */
  readonly tooLong: Error
  /** Ends it as well. */
  readonly signal: AbortSignal
}

/**
 * Calls a function of the user's, which may never resolve.
 * @param call is given a signal that is aborted when it takes too long
 * @throws what it throws, `tooLong`, or the reason of the signal
 */
export async function inTime<T>(
  call: (signal: AbortSignal) => Promise<T> | T,
  { timeoutMs, tooLong, signal }: TimeLimit,
): Promise<T> {
  signal.throwIfAborted()
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(tooLong), timeoutMs)
  const over = AbortSignal.any([signal, timeout.signal])
  const aborted = new Promise<never>((_, reject) => {
    over.addEventListener('abort', () => reject(over.reason as Error), { once: true })
  })
  try {
    return await Promise.race([call(over), aborted])
  } catch (error) {
    over.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

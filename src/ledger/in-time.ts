import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { judgeError } from '../results/asserted.ts'

export interface TimeLimit {
  readonly timeoutMs: number
  /** Thrown if it takes longer. */
  readonly tooLong: Error
  /** Also ends the call. */
  readonly signal: AbortSignal
}

/**
 * Calls a function of the user, which may never resolve, with a time limit.
 * @param call receives a signal that is aborted at the limit
 * @throws the error of the function, `tooLong`, or the reason of the signal
 */
export async function inTime<T>(
  call: (signal: AbortSignal) => Promise<T> | T,
  { timeoutMs, tooLong, signal }: TimeLimit,
): Promise<T> {
  signal.throwIfAborted()
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(tooLong), timeoutMs)
  const limit = AbortSignal.any([signal, timeout.signal])
  const aborted = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => reject(limit.reason as Error), { once: true })
  })
  try {
    const called = Promise.resolve(call(limit))
    called.catch((error: unknown) => {
      if (limit.aborted) judgeError(error)
    })
    return await Promise.race([called, aborted])
  } catch (error) {
    limit.throwIfAborted()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

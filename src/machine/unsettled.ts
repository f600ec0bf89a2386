import { clearTimeout, setTimeout } from './clock.ts'

/** Limits of a call of a function of the user, which may return a promise that never settles. */
export interface CallLimits {
  /** The function as errors name it: `setup()`. */
  readonly name: string
  /** Ends the wait. */
  readonly signal: AbortSignal
  /** @default none */
  readonly timeoutMs?: number
  /** Creates the error. @default an `Error` */
  readonly error?: (message: string) => Error
}

const FIX = 'find what its promise waits for, and give that a time limit'

/**
 * Waits for what a function of the user returned. A later rejection is ignored.
 *
 * @throws an error that names the function if the signal aborts, or the time is up, before the promise has settled
 */
export async function settledInTime<T>(returned: T | PromiseLike<T>, limits: CallLimits): Promise<T> {
  const { name, signal, timeoutMs, error = (message) => new Error(message) } = limits
  const { promise: limit, reject } = Promise.withResolvers<never>()
  const giveUp = (when: string) => reject(error(`${name} returned a promise that had not settled ${when}\nFix: ${FIX}`))
  const aborted = () => giveUp(`when the work was stopped${reasonOf(signal)}`)
  signal.addEventListener('abort', aborted, { once: true })
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => giveUp(`after ${Math.round(timeoutMs / 1000)} s`), timeoutMs)
  try {
    if (signal.aborted) aborted()
    return await Promise.race([returned, limit])
  } finally {
    signal.removeEventListener('abort', aborted)
    clearTimeout(timer)
  }
}

function reasonOf({ reason }: AbortSignal): string {
  const text = reason instanceof Error ? reason.message : typeof reason === 'string' ? reason : ''
  return text === '' ? '' : `: ${text.split('\n', 1)[0]}`
}

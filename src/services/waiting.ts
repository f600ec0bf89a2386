import { clearTimeout, setTimeout } from '../machine/clock.ts'

/** Limits of a wait. */
export interface WaitLimits {
  readonly signal: AbortSignal
  /** @default none */
  readonly timeoutMs?: number
}

/** Waits for the promise, until the signal aborts or the time is up; leaves no timer and no listener behind. */
export async function waitFor<T>(
  promise: Promise<T>,
  { signal, timeoutMs }: WaitLimits,
): Promise<T | 'aborted' | 'timeout'> {
  if (signal.aborted) return 'aborted'
  const { promise: limit, resolve } = Promise.withResolvers<'aborted' | 'timeout'>()
  const abort = () => resolve('aborted')
  signal.addEventListener('abort', abort)
  const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs, 'timeout')
  try {
    return await Promise.race([promise, limit])
  } finally {
    signal.removeEventListener('abort', abort)
    clearTimeout(timer)
  }
}

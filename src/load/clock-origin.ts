import { monotonicNs, now } from '../machine/clock.ts'

const PAIRS = 20

/**
 * Zero of this thread's `performance.now()` on the machine's monotonic clock, in milliseconds, by which instants of two
 * threads are compared. The thread may be interrupted between the two readings of a pair, so the closest of several pairs
 * is used; it is accurate to about a microsecond.
 */
export function clockOriginMs(): number {
  const pair = () => {
    const ownMs = now()
    return Number(monotonicNs()) / 1e6 - ownMs
  }
  return Math.min(...Array.from({ length: PAIRS }, pair))
}

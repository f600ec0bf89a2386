import { monotonicNs, now } from '../machine/clock.ts'

const PAIRS = 20

/**
 * Zero of this thread's `performance.now()` on the machine's monotonic clock, in milliseconds: what instants of two
 * threads are compared by. Between two readings other things may happen, the first time above all; the closest of several
 * pairs is right to about a microsecond.
 */
export function clockOriginMs(): number {
  const pair = () => {
    const ownMs = now()
    return Number(monotonicNs()) / 1e6 - ownMs
  }
  return Math.min(...Array.from({ length: PAIRS }, pair))
}

import { monotonicNs, now } from '../../machine/clock.ts'

/**
 * Microseconds on the machine's monotonic clock (`CLOCK_MONOTONIC` on Linux, `mach_absolute_time` on macOS), which all
 * processes of one machine share: instants taken in two of them can be subtracted. Means nothing across machines.
 * `performance.now()` counts on the same clock from the start of its own process; the distance is taken once.
 */
export function nowUs(): number {
  return originUs + now() * 1000
}

const originUs = Number(monotonicNs()) / 1000 - now() * 1000

/** An instant of `nowUs()` in milliseconds of this process's `performance.now()`. */
export function toPerformanceMs(us: number): number {
  return (us - originUs) / 1000
}

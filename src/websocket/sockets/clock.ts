import { monotonicNs, now } from '../../machine/clock.ts'

/**
 * Microseconds on the monotonic clock of the machine (`CLOCK_MONOTONIC` on Linux, `mach_absolute_time` on macOS), which all
 * its processes share: instants of two processes can be subtracted, those of two machines cannot.
 * `performance.now()` uses the same clock from the start of its process; the offset is measured once.
 */
export function nowUs(): number {
  return fromPerformanceMs(now())
}

const originUs = Number(monotonicNs()) / 1000 - now() * 1000

/** Converts milliseconds of `performance.now()` in this process to an instant of `nowUs()`. */
export function fromPerformanceMs(ms: number): number {
  return originUs + ms * 1000
}

/** Converts an instant of `nowUs()` to milliseconds of `performance.now()` in this process. */
export function toPerformanceMs(us: number): number {
  return (us - originUs) / 1000
}

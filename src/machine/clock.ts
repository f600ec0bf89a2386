import { performance } from 'node:perf_hooks'
import promises from 'node:timers/promises'

/*
 * The clock and the timers of this process, captured once at import. Fake timers replace the globals and the exports of
 * `node:timers` for the whole process, but a load, its timeouts and its watchdogs must continue. Nothing else in `src` reads
 * a clock or sets a timer, as the linter checks.
 */

/** Milliseconds on the monotonic clock since the start of this process: `performance.now()`. */
export const now: () => number = performance.now.bind(performance)

/** Nanoseconds on the machine's monotonic clock, which its processes share: `process.hrtime.bigint()`. */
export const monotonicNs: () => bigint = process.hrtime.bigint

/** Milliseconds since 1970, for comparison with clocks of other machines. Never measures a duration. */
export const wallMs: () => number = Date.now

/** Utilization of the event loop since an earlier reading: `performance.eventLoopUtilization()`. */
export const eventLoopUtilization = performance.eventLoopUtilization.bind(performance)

export const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = globalThis

/** Resolves after some milliseconds: `setTimeout()` of `node:timers/promises`. */
export const sleep = promises.setTimeout

/** Resolves on the next turn of the event loop: `setImmediate()` of `node:timers/promises`. */
export const nextTurn = promises.setImmediate

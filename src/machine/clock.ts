import { performance } from 'node:perf_hooks'
import promises from 'node:timers/promises'

/*
 * The clock and the timers of this process, captured once at import. Whoever fakes timers replaces the globals and the
 * exports of `node:timers` for everyone in the process; a load, its time-outs and its watchdogs must go on. Nothing else in
 * `src` reads a clock or sets a timer; the linter holds that.
 */

/** Milliseconds on the monotonic clock since this process began: `performance.now()`. */
export const now: () => number = performance.now.bind(performance)

/** Nanoseconds on the machine's monotonic clock, which its processes share: `process.hrtime.bigint()`. */
export const monotonicNs: () => bigint = process.hrtime.bigint

/** Milliseconds since 1970: what other machines' clocks are compared with. Never measures a duration. */
export const wallMs: () => number = Date.now

/** How busy the event loop was since an earlier reading: `performance.eventLoopUtilization()`. */
export const eventLoopUtilization = performance.eventLoopUtilization.bind(performance)

export const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = globalThis

/** Resolves after so many milliseconds: `setTimeout()` of `node:timers/promises`. */
export const sleep = promises.setTimeout

/** Resolves on the next turn of the event loop: `setImmediate()` of `node:timers/promises`. */
export const nextTurn = promises.setImmediate

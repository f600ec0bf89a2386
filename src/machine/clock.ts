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

const { nodeTiming } = performance

/**
 * Time that the event loop has been idle. Not `performance.eventLoopUtilization()`, which reads `process.hrtime`, and fake
 * timers replace that.
 */
export const loopIdleMs = (): number => nodeTiming.idleTime

/** CPU time of this process, or since an earlier reading: `process.cpuUsage()`. */
export const cpuUsage: typeof process.cpuUsage = process.cpuUsage.bind(process)

export const { clearInterval, clearTimeout, setImmediate, setInterval, setTimeout } = globalThis

/** Resolves after some milliseconds: `setTimeout()` of `node:timers/promises`. */
export const sleep = promises.setTimeout

/** Resolves on the next turn of the event loop: `setImmediate()` of `node:timers/promises`. */
export const nextTurn = promises.setImmediate

import { performance as realPerformance } from 'node:perf_hooks'

/** Thrown before any load if the clock or the timers are faked. */
export class FakedClockError extends Error {
  /** Name of the class. */
  override readonly name = 'FakedClockError'
}

/** Functions of this process that read the clock or set timers. */
const TIME_FUNCTIONS = {
  performance: () => globalThis.performance,
  'performance.now': () => globalThis.performance.now,
  Date: () => globalThis.Date,
  'Date.now': () => globalThis.Date.now,
  setTimeout: () => globalThis.setTimeout,
  setInterval: () => globalThis.setInterval,
  setImmediate: () => globalThis.setImmediate,
  queueMicrotask: () => globalThis.queueMicrotask,
  'process.nextTick': () => process.nextTick,
  'process.hrtime': () => process.hrtime,
} as const satisfies Readonly<Record<string, () => object>>

const names = Object.keys(TIME_FUNCTIONS) as (keyof typeof TIME_FUNCTIONS)[]
const atImport = new Map(names.map((name) => [name, TIME_FUNCTIONS[name]()]))
/** Fakes that existed before the clock was captured, so that the fakes were captured. */
const fakedAtImport = names.filter((name) => isFake(name, TIME_FUNCTIONS[name]()))

/**
 * Rejects a faked clock: a load on a faked clock measures nothing, and a scenario must see the same time as its load.
 *
 * @param call the call to reject: `http.run()`
 * @throws {FakedClockError} naming the faked functions
 */
export function refuseFakedClock(call: string): void {
  const faked = names.filter((name) => TIME_FUNCTIONS[name]() !== atImport.get(name))
  if (faked.length === 0 && fakedAtImport.length === 0) return
  const found = faked.length > 0 ? faked : fakedAtImport
  throw new FakedClockError(
    `${call} cannot measure while the clock is faked.\n\n` +
      `Expected: the clock and the timers of Node.js\n` +
      `Received: replaced ${faked.length > 0 ? 'since' : 'before'} vitest-slo was loaded: ${found.join(', ')}\n\n` +
      (faked.length > 0
        ? `Fix: call vi.useRealTimers(), and restore spies on these, before ${call}`
        : `Fix: call vi.useFakeTimers() in the test that needs it instead of a setup file, and not in scenarios`),
  )
}

/** Whether a function has the marks of common fakes. Other fakes are detected only if they come after the import. */
function isFake(name: keyof typeof TIME_FUNCTIONS, value: object): boolean {
  if (name === 'performance') return value !== realPerformance
  const isNative = /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value))
  // Node's own timers are not native code; those of fake-timers have a property `clock`.
  return 'clock' in value || (name.startsWith('Date') && !isNative)
}

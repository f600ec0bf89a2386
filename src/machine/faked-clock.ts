import { performance as realPerformance } from 'node:perf_hooks'

/** Thrown instead of putting load on while the clock or the timers are faked. */
export class FakedClockError extends Error {
  override readonly name = 'FakedClockError'
}

/** What tells the time in this process, and what waits for it. */
const READERS = {
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

const names = Object.keys(READERS) as (keyof typeof READERS)[]
const atImport = new Map(names.map((name) => [name, READERS[name]()]))
/** Fakes that were there before the clock was captured: what was captured are these. */
const fakedAtImport = names.filter((name) => isFake(name, READERS[name]()))

/**
 * A load that takes its time from a faked clock measures nothing, and one whose scenario sees another time than it does
 * is not what its author reads.
 *
 * @param call what is refused: `http.run()`
 * @throws {FakedClockError} naming what is faked
 */
export function refuseFakedClock(call: string): void {
  const faked = names.filter((name) => READERS[name]() !== atImport.get(name))
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

/** Marks of fakes that are in use; a fake without them is found only if it comes after the import. */
function isFake(name: keyof typeof READERS, value: object): boolean {
  if (name === 'performance') return value !== realPerformance
  const isNative = /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value))
  // Node's own timers are not native code; those of fake-timers carry their clock.
  return 'clock' in value || (name.startsWith('Date') && !isNative)
}

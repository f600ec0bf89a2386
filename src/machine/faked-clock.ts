import { performance as realPerformance } from 'node:perf_hooks'
import { clearInterval, setInterval } from './clock.ts'

/** Thrown if the clock or the timers are faked: before any load, or after a load during which they were. */
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
  const faked = fakedNow()
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

/** Milliseconds between two looks at the clock: a fake that is restored within that time may be missed. */
const LOOK_EVERY_MS = 250

/**
 * Looks for a faked clock while a load or measurement runs. The engine keeps the real clock, but the functions of the
 * scenario and the libraries that they call do not: their timers stand still, and their times are wrong.
 *
 * @param call the call that runs: `http.run()`
 */
export class FakedClockWatch implements Disposable {
  readonly #call: string
  readonly #faked = new Set<string>()
  readonly #timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()

  constructor(call: string) {
    this.#call = call
  }

  /** @throws {FakedClockError} naming the functions that were faked since the beginning */
  refuse(): void {
    this.#look()
    if (this.#faked.size === 0) return
    throw new FakedClockError(
      `${this.#call} cannot measure: the clock was faked while it ran.\n\n` +
        `Expected: the clock and the timers of Node.js until the end of the run\n` +
        `Received: replaced during the run: ${[...this.#faked].join(', ')}\n\n` +
        `Fix: do not call vi.useFakeTimers(), vi.setSystemTime() or vi.spyOn() on these in functions of the run, or in timers that fire during it`,
    )
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const name of fakedNow()) this.#faked.add(name)
  }
}

function fakedNow(): (keyof typeof TIME_FUNCTIONS)[] {
  return names.filter((name) => TIME_FUNCTIONS[name]() !== atImport.get(name))
}

/** Whether a function has the marks of common fakes. Other fakes are detected only if they come after the import. */
function isFake(name: keyof typeof TIME_FUNCTIONS, value: object): boolean {
  if (name === 'performance') return value !== realPerformance
  const isNative = /\{\s*\[native code\]\s*\}\s*$/.test(Function.prototype.toString.call(value))
  // Node's own timers are not native code; those of fake-timers have a property `clock`.
  return 'clock' in value || (name.startsWith('Date') && !isNative)
}

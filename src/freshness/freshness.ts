import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { now, sleep } from '../machine/clock.ts'
import type { Duration } from '../options/checks.ts'
import { object, optional, readOptions } from '../options/schema.ts'
import { duration, func, text } from '../options/values.ts'
import type { RunSeries } from '../results/result.ts'
import { Findings, type Freshness } from './findings.ts'

export type { Freshness } from './findings.ts'

/** Aborted when the probe is stopped, or a call takes too long: pass it on, `fetch(url, { signal })`. */
export interface ProbeCall {
  readonly signal: AbortSignal
}

export interface FreshnessOptions {
  /** Changes what the route shows, past its cache, and gives the version it now has. Versions must grow. */
  readonly write: (call: ProbeCall) => Promise<number>
  /**
   * Reads the cached route and gives the version it shows: one that `write` gave, or an older one. If more than 1% of reads
   * fail, or one shows a version that was never written, staleness cannot be judged and is invalid.
   */
  readonly read: (call: ProbeCall) => Promise<number>
  /**
   * Why it cannot be written or read from here, as where an external target keeps its internal listener to
   * itself: then neither is done, and what is asserted is skipped with this reason. Default: it can.
   */
  readonly unavailable?: string | undefined
  /** Default: `'2s'`. */
  readonly writeEvery?: Duration
  /** Default: `'50ms'`: the finest staleness that can be told apart. */
  readonly readEvery?: Duration
  /** How long one call may take; a read that takes longer has failed, a write ends the probe. Default: `'10s'`. */
  readonly timeout?: Duration
}

/** Where the probe hands what it found, for the report. */
export type OnSeries = (run: string, series: readonly RunSeries[]) => void

/** Reads and writes beside the load until it is stopped. */
export interface FreshnessProbe {
  /**
   * What was found out over the counted part of a run. The probe goes on.
   *
   * @throws the first error of `write`, or a RangeError where versions did not grow
   */
  during(run: TimedRun): Promise<Freshness>
  /**
   * Stops, and gives everything that was found out, also before and after the load. A second call gives the same.
   *
   * @throws the first error of `write`, or a RangeError where versions did not grow
   */
  stop(): Promise<Freshness>
}

/**
 * Starts writing and reading a cached route during a load, to measure how stale its responses are. The first write is
 * awaited, so that a mistake shows before any load is sent.
 *
 * Calls are made one at a time, at a fixed rate; one that takes longer takes the next one's turn.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export async function probeFreshness(
  options: FreshnessOptions,
  signal: AbortSignal,
  onSeries: OnSeries = () => {},
): Promise<FreshnessProbe> {
  const probe = readOptions('freshness.probe()', PROBE, options)
  const { unavailable, writeEveryMs, readEveryMs, timeoutMs } = probe
  if (unavailable !== undefined) return unavailableProbe(unavailable)
  const stopping = new AbortController()
  const until = AbortSignal.any([signal, stopping.signal])
  const found = new Findings()
  const write = async () => {
    found.writing(now())
    const version = await limited('write()', probe.write, timeoutMs, until)
    found.written(version, now())
  }
  const read = async () => {
    const askedMs = now()
    try {
      const version = await limited('read()', probe.read, timeoutMs, until)
      found.read(version, askedMs, now())
    } catch (error) {
      if (!until.aborted) found.readFailed(error instanceof Error ? error.message : String(error), askedMs)
    }
  }
  await write()
  let broken: Error | undefined
  const writing = every(writeEveryMs, until, write).catch((error: unknown) => {
    if (!until.aborted) broken = error instanceof Error ? error : new Error(String(error))
  })
  const reading = every(readEveryMs, until, read)
  const scoped = (window?: ReturnType<TimedRun[typeof windowOf]>): Freshness => {
    if (broken !== undefined) throw broken
    return found.within(window)
  }
  return {
    async during(run) {
      const window = run[windowOf]()
      const freshness = scoped(window)
      onSeries(window.run, found.series(window))
      return freshness
    },
    async stop() {
      stopping.abort()
      await Promise.all([writing, reading])
      return scoped()
    },
  }
}

function unavailableProbe(reason: string): FreshnessProbe {
  const found = new Findings(reason)
  return {
    during: async (run) => found.within(run[windowOf]()),
    stop: async () => found.within(undefined),
  }
}

const PROBE = object<FreshnessOptions>()({
  write: func<FreshnessOptions['write']>('async () => 7', 'must be a function that gives a version'),
  read: func<FreshnessOptions['read']>('async () => 7', 'must be a function that gives a version'),
  unavailable: optional(text("'the internal listener is not reachable'", 'must be the reason')),
  writeEvery: optional(duration(), 2_000),
  readEvery: optional(duration(), 50),
  timeout: optional(duration(), 10_000),
})

/** @throws {Error} if the call takes too long, or gives no version */
async function limited(
  what: string,
  call: (call: ProbeCall) => Promise<number>,
  timeoutMs: number,
  until: AbortSignal,
): Promise<number> {
  const signal = AbortSignal.any([until, AbortSignal.timeout(timeoutMs)])
  const version: unknown = await Promise.race([call({ signal }), aborted(signal, what, timeoutMs)])
  if (typeof version === 'number' && Number.isFinite(version)) return version
  throw new TypeError(`${what} gave ${String(version)}, which is no version; it must give a number`)
}

function aborted(signal: AbortSignal, what: string, timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`${what} took longer than ${timeoutMs} ms`)), {
      once: true,
    })
  })
}

/** Runs something at a fixed rate, one at a time, until the signal. */
async function every(intervalMs: number, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  let dueMs = now() + intervalMs
  while (!signal.aborted) {
    await sleep(Math.max(0, dueMs - now()), undefined, { signal }).catch(() => {})
    if (!signal.aborted) await run()
    dueMs = Math.max(dueMs + intervalMs, now())
  }
}

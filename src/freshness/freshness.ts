import { alone, type OnOneGenerator } from '../evidence/on-one-generator.ts'
import { windowOf, type RunWindow, type TimedRun } from '../evidence/run-window.ts'
import { now, sleep } from '../machine/clock.ts'
import type { Duration } from '../options/checks.ts'
import { object, optional, readOptions, type ReadOf } from '../options/schema.ts'
import { duration, func, text } from '../options/values.ts'
import { judgeError } from '../results/asserted.ts'
import type { RunSeries } from '../results/result.ts'
import { Findings, ScopedFreshness, type Freshness, type Scoped } from './findings.ts'

export type { Freshness } from './findings.ts'

/** Signal of one call, aborted if the probe is stopped or the call times out. Pass it on: `fetch(url, { signal })`. */
export interface ProbeCall {
  /** Signal that is aborted if the call must end. */
  readonly signal: AbortSignal
}

/** Options of `freshness.probe()`. */
export interface FreshnessOptions {
  /** Changes the data behind the cached route and returns its new version. Versions must grow. */
  readonly write: (call: ProbeCall) => Promise<number>
  /**
   * Reads the cached route and returns the version it shows: one that `write` returned, or an older one. If more than 1% of
   * reads fail, or one shows a version that was never written, the staleness is invalid.
   */
  readonly read: (call: ProbeCall) => Promise<number>
  /**
   * Why the route cannot be written or read, such as an unreachable internal listener of an external target. If set, nothing
   * is written or read, and assertions are skipped with this reason.
   *
   * @default `undefined`
   */
  readonly unavailable?: string | undefined
  /** Interval between writes. @default `'2s'` */
  readonly writeInterval?: Duration
  /** Interval between reads, which is the resolution of the staleness. @default `'50ms'` */
  readonly readInterval?: Duration
  /** Time limit of one call. A read that exceeds it has failed; a write that exceeds it stops the probe. @default `'10s'` */
  readonly timeout?: Duration
}

/** Context of a probe. */
export interface ProbeContext {
  /** Ends the probe. */
  readonly signal: AbortSignal
  /** Called with the measured staleness of a run, for the report. */
  readonly onSeries?: (run: string, series: readonly RunSeries[]) => void
  /** The first generator writes and reads, all judge what it found. @default there is one generator */
  readonly onOneGenerator?: OnOneGenerator
  /** Index of this generator. @default 0 */
  readonly index?: number
}

const FIRST = { by: 0 } as const

/** A running probe, which reads and writes until it is stopped. */
export interface FreshnessProbe {
  /**
   * Staleness over the judged phases of a run. The probe keeps running.
   *
   * @throws the first error of `write`, or a RangeError if versions did not grow
   */
  during(run: TimedRun): Promise<Freshness>
  /**
   * Stops the probe and returns the staleness over its whole time, including before and after the load. Can be called again.
   *
   * @throws the first error of `write`, or a RangeError if versions did not grow
   */
  stop(): Promise<Freshness>
}

/**
 * Starts to write and read a cached route during a load, to measure how stale its responses are. The first write is
 * awaited, so that a mistake shows before the load.
 *
 * Calls are made one at a time, at a fixed rate. A slow call delays the next one.
 *
 * @throws {OptionsError} naming every invalid option
 */
export async function probeFreshness(options: FreshnessOptions, context: ProbeContext): Promise<FreshnessProbe> {
  const { onOneGenerator: once = alone, index = 0, onSeries = () => {} } = context
  const probe = readOptions('freshness.probe()', PROBE, options)
  const { unavailable } = probe
  if (unavailable !== undefined) return unavailableProbe(unavailable)
  const own = index === 0 ? startProbe(probe, context.signal) : undefined
  await once('the first write of a probe', async () => void (await own), FIRST)
  return {
    async during(run) {
      const window = run[windowOf]()
      const { scoped, series } = await once('the staleness of a run', async () => (await own!).during(window), FIRST)
      onSeries(window.run, series)
      return new ScopedFreshness(scoped)
    },
    stop: async () =>
      new ScopedFreshness(await once('the staleness of a probe', async () => (await own!).stop(), FIRST)),
  }
}

/** The probe of the first generator. */
async function startProbe(
  { writeIntervalMs, readIntervalMs, timeoutMs, ...probe }: ReadOf<typeof PROBE>,
  signal: AbortSignal,
) {
  const stopping = new AbortController()
  const until = AbortSignal.any([signal, stopping.signal])
  const found = new Findings()
  const write = async () => {
    found.writing(now())
    const version = await limited('write()', probe.write, timeoutMs, until)
    found.written(version, now())
  }
  const read = async () => {
    const requestedMs = now()
    try {
      const version = await limited('read()', probe.read, timeoutMs, until)
      found.read(version, requestedMs, now())
    } catch (error) {
      judgeError(error)
      if (!until.aborted) found.readFailed(error instanceof Error ? error.message : String(error), requestedMs)
    }
  }
  await write()
  let writeError: Error | undefined
  const writing = every(writeIntervalMs, until, write).catch((error: unknown) => {
    if (!until.aborted) writeError = error instanceof Error ? error : new Error(String(error))
  })
  const reading = every(readIntervalMs, until, read)
  const scoped = (window: RunWindow | undefined): Scoped => {
    if (writeError !== undefined) throw writeError
    return found.within(window)
  }
  return {
    during: (window: RunWindow) => ({ scoped: scoped(window), series: found.series(window) }),
    async stop() {
      stopping.abort()
      await Promise.all([writing, reading])
      return scoped(undefined)
    },
  }
}

function unavailableProbe(reason: string): FreshnessProbe {
  const found = new Findings(reason)
  return {
    during: async (run) => new ScopedFreshness(found.within(run[windowOf]())),
    stop: async () => new ScopedFreshness(found.within(undefined)),
  }
}

const PROBE = object<FreshnessOptions>()({
  write: func<FreshnessOptions['write']>('async () => 7', 'must be a function that returns a version'),
  read: func<FreshnessOptions['read']>('async () => 7', 'must be a function that returns a version'),
  unavailable: optional(text("'the internal listener is not reachable'", 'must be a reason')),
  writeInterval: optional(duration(), 2_000),
  readInterval: optional(duration(), 50),
  timeout: optional(duration(), 10_000),
})

/** @throws {Error} if the call takes too long or does not return a version */
async function limited(
  what: string,
  call: (call: ProbeCall) => Promise<number>,
  timeoutMs: number,
  until: AbortSignal,
): Promise<number> {
  const signal = AbortSignal.any([until, AbortSignal.timeout(timeoutMs)])
  const called = Promise.resolve(call({ signal }))
  called.catch((error: unknown) => {
    if (signal.aborted) judgeError(error)
  })
  const version: unknown = await Promise.race([called, aborted(signal, what, timeoutMs)])
  if (typeof version === 'number' && Number.isFinite(version)) return version
  throw new TypeError(
    `${what} returned ${String(version)}; it must return a version, which is a number\nFix: return the version that the response contains`,
  )
}

function aborted(signal: AbortSignal, what: string, timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener(
      'abort',
      () => reject(new Error(`${what} took longer than ${timeoutMs} ms\nFix: raise the option timeout`)),
      {
        once: true,
      },
    )
  })
}

/** Calls a function at a fixed rate, one call at a time, until the signal is aborted. */
async function every(intervalMs: number, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  let dueMs = now() + intervalMs
  while (!signal.aborted) {
    await sleep(Math.max(0, dueMs - now()), undefined, { signal }).catch(() => {})
    if (!signal.aborted) await run()
    dueMs = Math.max(dueMs + intervalMs, now())
  }
}

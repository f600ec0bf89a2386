import { now } from '../machine/clock.ts'
import { settledInTime } from '../machine/unsettled.ts'
import { loadOptional } from '../options/optional-package.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatCount, formatDuration } from '../stats/units.ts'
import type { MicroMeasurement } from './micro-run.ts'
import type { MeasurePlan } from './options.ts'

/** A run is cut into windows, so that its intervals reflect pauses and drift. */
const MIN_WINDOW_MS = 50
const WINDOWS = 20

/** tinybench makes the calls and warms up. Calls are timed here, because tinybench does not keep samples in order. */
export async function measure(
  plan: MeasurePlan & { readonly name: string },
  signal: AbortSignal | undefined,
): Promise<MicroMeasurement> {
  const { Bench } = await loadOptional('micro', 'tinybench', () => import('tinybench'))
  const limits = { name: `the function of ${plan.name}`, signal: signal ?? new AbortController().signal }
  const { name, durationMs, minCalls, warmupMs } = plan
  const isAsync = await settledInTime(returnsPromise(plan.fn), limits)
  const stopwatch = new Stopwatch(plan.fn, Math.max(MIN_WINDOW_MS, durationMs / WINDOWS))
  const bench = new Bench({
    time: durationMs,
    iterations: minCalls,
    warmup: warmupMs > 0,
    warmupTime: warmupMs,
    warmupIterations: 1,
    throws: true,
    ...(signal === undefined ? {} : { signal }),
  })
  bench.add(name, stopwatch.call, { async: isAsync, beforeAll: (mode) => stopwatch.begin(mode === 'run') })
  await settledInTime(bench.run(), limits).catch((error: unknown) => {
    // A call that is still running when the scenario is stopped leaves those before it to be reported.
    if (signal?.aborted !== true) throw error
  })
  return {
    name,
    load: `at least ${formatDuration(durationMs)} and ${formatCount(minCalls)} calls, one after another`,
    ...stopwatch.measured(),
    abortReason: signal?.aborted ? reasonOf(signal) : undefined,
  }
}

/** Makes a separate call: tinybench's own trial call would overlap the first timed one. */
async function returnsPromise(fn: () => unknown): Promise<boolean> {
  const result = fn()
  if (!isThenable(result)) return false
  await result
  return true
}

/** Times of the calls of a function, in windows. */
class Stopwatch {
  readonly #fn: () => unknown
  readonly #windowMs: number
  readonly #windows: Histogram[] = []
  #isCounting = false
  #startedMs = 0
  #endedMs = 0

  constructor(fn: () => unknown, windowMs: number) {
    this.#fn = fn
    this.#windowMs = windowMs
  }

  begin(isCounting: boolean): void {
    this.#isCounting = isCounting
    this.#startedMs = now()
    this.#endedMs = this.#startedMs
  }

  /** Keeps synchronous functions synchronous: an `await` would be timed with them. */
  readonly call = (): unknown => {
    const startMs = now()
    const result = this.#fn()
    if (isThenable(result)) return Promise.resolve(result).then(() => this.#record(startMs))
    this.#record(startMs)
    return undefined
  }

  #record(startMs: number): void {
    const endMs = now()
    if (!this.#isCounting) return
    this.#endedMs = endMs
    const at = Math.floor((endMs - this.#startedMs) / this.#windowMs)
    for (let next = this.#windows.length; next <= at; next++) this.#windows.push(new Histogram())
    this.#windows[at]!.record((endMs - startMs) * 1000)
  }

  measured(): Pick<MicroMeasurement, 'windows' | 'durationMs'> {
    return { windows: this.#windows, durationMs: this.#isCounting ? this.#endedMs - this.#startedMs : 0 }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof Error ? reason.message : String(reason)
}

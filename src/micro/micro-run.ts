import { evidenceOf, type TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { MicroRunResult } from '../results/result.ts'
import { Histogram } from '../stats/histogram.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import { formatCount, formatDuration, formatMs, significant } from '../stats/units.ts'

/** Result of timing a function in this process. It has statistics only if `run.state === 'measured'`. */
export type MicroRun = MeasuredMicroRun | EmptyMicroRun

/** A measurement with at least one timed call. */
export interface MeasuredMicroRun extends MicroRunBase {
  /** Distinguishes it from an empty run. */
  readonly state: 'measured'
  /**
   * Time of one call, for an async function until its promise settles. The resolution is 1 µs: for a function that takes
   * less than about 20 µs, time a loop of calls.
   */
  readonly time: TimeStats
}

/** A measurement without a timed call. */
export interface EmptyMicroRun extends MicroRunBase {
  /** Distinguishes it from a measured run. */
  readonly state: 'empty'
}

interface MicroRunBase {
  /** Kind of the run. */
  readonly kind: 'micro'
  /** Name in messages and reports. */
  readonly name: string
  /** Requested measurement in one line: `at least 1s and 200 calls, one after another`. */
  readonly load: string
  /** Number of timed calls, without the warm-up. */
  readonly calls: number
  /** Length of the measurement, including pauses between calls, without the warm-up. */
  readonly durationMs: number
  /** Reason of an abort; `undefined` if the run completed. */
  readonly aborted: string | undefined
  /** Reasons why the run is invalid. */
  readonly invalidities: readonly Invalidity[]
  /** The run as plain JSON, for reports. */
  result(): MicroRunResult
  /** @internal */
  [evidenceOf](): TimeEvidence
}

/** Measured times of one run. */
export interface MicroMeasurement {
  readonly name: string
  readonly load: string
  /** Times of calls in windows of equal length, in order. */
  readonly windows: readonly Histogram[]
  readonly durationMs: number
  readonly abortReason: string | undefined
}

/** Creates the run that matchers and scenarios read. */
export function microRun(measurement: MicroMeasurement): MicroRun {
  return new MicroView(measurement) as MicroRunBase as MicroRun
}

class MicroView implements MicroRunBase {
  readonly kind = 'micro'
  readonly state: 'measured' | 'empty'
  readonly time: TimeStats | undefined
  readonly #measured: MicroMeasurement
  readonly #histogram: Histogram

  constructor(measurement: MicroMeasurement) {
    this.#measured = measurement
    this.#histogram = Histogram.merged(measurement.windows)
    this.time = timeStats(this.#histogram)
    this.state = this.time === undefined ? 'empty' : 'measured'
  }

  get name(): string {
    return this.#measured.name
  }

  get load(): string {
    return this.#measured.load
  }

  get calls(): number {
    return this.#histogram.count
  }

  get durationMs(): number {
    return this.#measured.durationMs
  }

  get aborted(): string | undefined {
    return this.#measured.abortReason
  }

  get invalidities(): readonly Invalidity[] {
    const found: Invalidity[] = []
    if (this.aborted !== undefined) {
      found.push({
        reason: 'aborted',
        finding: `the run was aborted: ${this.aborted}`,
        fix: 'the times measured until then are shown; find out why it was aborted, and let it finish',
      })
    }
    if (this.time?.p50Ms === 0) {
      found.push({
        reason: 'no-samples',
        finding: 'most calls took less than 0.5 µs, and the resolution of the clock is 1 µs',
        fix: 'time a loop of calls, and set its limit for the loop',
      })
    }
    return found
  }

  result(): MicroRunResult {
    const { name, load, durationMs, aborted, invalidities, time } = this
    return {
      kind: 'micro',
      name,
      load,
      durationMs,
      state: aborted === undefined ? 'completed' : 'aborted',
      ...(aborted === undefined ? {} : { abortReason: aborted }),
      phases: [{ name: 'steady', startMs: 0, endMs: durationMs }],
      invalidities,
      ...(time === undefined ? {} : { time }),
      timeHistogram: this.#histogram.toJSON(),
    }
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'MicroRun'
  }

  [evidenceOf](): TimeEvidence {
    return {
      kind: 'micro',
      quantity: 'time',
      histogram: this.#histogram,
      windows: this.#measured.windows,
      durationMs: this.durationMs,
      invalidities: this.invalidities,
      evidenceLines: this.#evidenceLines(),
      slowest: [],
      hint: undefined,
    }
  }

  #evidenceLines(): string[] {
    const { name, calls, durationMs, load, time, aborted } = this
    const lines = [`${name}, ${formatCount(calls)} calls in ${formatDuration(durationMs)}, ${load}`]
    if (time !== undefined) {
      const shown = [time.p50Ms, time.p90Ms, time.p95Ms, time.p99Ms].map((ms) => significant(ms, 3))
      const [p50, p90, p95, p99] = shown
      lines.push(`p50 ${p50}   p90 ${p90}   p95 ${p95}   p99 ${p99}   max ${formatMs(time.maxMs)}`)
    }
    return aborted === undefined ? lines : [...lines, `aborted: ${aborted}`]
  }
}

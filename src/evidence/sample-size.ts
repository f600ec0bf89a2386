import { formatCount, formatDuration, formatRate, significant } from '../stats/units.ts'
import type { Invalidity } from './verdict.ts'

/** Samples that must lie beyond a percentile before it is judged. */
const TAIL_SAMPLES = 10

/**
 * How many samples a percentile needs: enough that ten are expected beyond it, `10 / (1 - p)`. p50 needs 20, p90 100,
 * p95 200, p99 1,000. Below the median the near tail is the lower one: `10 / p`.
 *
 * @param p as a ratio, above 0 and below 1
 */
export function samplesForPercentile(p: number): number {
  return ceil(TAIL_SAMPLES / Math.min(p, 1 - p))
}

/**
 * How many samples a ratio held against a limit needs: `1 / limit`, or `1 / (1 - limit)` for limits above one half;
 * an error rate below 0.001 needs 1,000 requests. With fewer, a single error would already be over the limit, so that
 * the assertion could only mean "no error at all", and none in so few is what a service over the limit shows most of
 * the time. It is the least that lets the limit be told from zero, not a proof: no error in `1 / limit` requests still
 * leaves, at 95%, a true rate of up to three times the limit (`3 / n`, the rule of three). Ask `{ confidence: 0.95 }`
 * where that matters; it takes about `3.7 / limit` requests without an error.
 *
 * @param limit as a ratio, above 0; 1 asks for one sample
 */
export function samplesForRatio(limit: number): number {
  return limit >= 1 ? 1 : ceil(1 / Math.min(limit, 1 - limit))
}

/** What the counted things are called, and over how long they were collected. */
export interface SampleScope {
  readonly count: number
  /** Length of the scope the samples come from; 0 where time would not bring more of them. */
  readonly durationMs: number
  /** Plural: `requests`, `deliveries`. */
  readonly noun: string
  /** The option that decides how many there are, if it is not the rate at which they come: one publication is many deliveries. */
  readonly rateOption?: { readonly name: string; readonly perSec: number } | undefined
}

/**
 * Speaks against judging too few samples, and says how long the run would have to be at its rate.
 *
 * @param what the claim as the message words it: `p95 < 150 ms`
 * @param needed see {@link samplesForPercentile} and {@link samplesForRatio}
 * @returns `undefined` if there are enough
 */
export function tooFewSamples(
  what: string,
  needed: number,
  { count, durationMs, noun, rateOption }: SampleScope,
): Invalidity | undefined {
  if (count >= needed) return undefined
  if (count === 0) {
    return {
      reason: 'no-samples',
      finding: `there are no ${noun} in the scope judged; ${what} needs at least ${formatCount(needed)}`,
      remedy: `see why nothing was measured: the load may be shorter than its warm-up, or the target never responded`,
    }
  }
  return {
    reason: 'too-few-samples',
    finding: `${what} needs at least ${formatCount(needed)} ${noun}, the scope judged has ${formatCount(count)}`,
    remedy: remedyFor(needed, count, durationMs, rateOption),
  }
}

/** {@link tooFewSamples} for a ratio held against a limit. */
export function tooFewForRatio(what: string, limit: number, scope: SampleScope): Invalidity | undefined {
  return tooFewSamples(what, samplesForRatio(limit), scope)
}

/** `p95`, `p99.9` */
export function percentileName(p: number): string {
  return `p${significant(p * 100, 6)}`
}

function remedyFor(needed: number, count: number, durationMs: number, rateOption: SampleScope['rateOption']): string {
  const factor = needed / count
  if (durationMs <= 0) return `measure at least ${significant(factor, 2)} times as many`
  const ratePerSec = count / (durationMs / 1000)
  const raised =
    rateOption === undefined
      ? `raise its rate to ${formatRate(ratePerSec * factor)}`
      : `raise ${rateOption.name} from ${significant(rateOption.perSec, 3)} to ${significant(rateOption.perSec * factor, 3)}`
  const neededMs = Math.ceil(needed / ratePerSec) * 1000
  return (
    `at ${formatRate(ratePerSec)} the scope would have to be ${formatDuration(neededMs)} long ` +
    `(it was ${formatDuration(durationMs)}): lengthen the run, or ${raised}`
  )
}

/** `Math.ceil` that forgives the last bits of a division: `10 / (1 - 0.95)` is 200, not 201. */
function ceil(value: number): number {
  return Math.ceil(value * (1 - 1e-12) - 1e-9)
}

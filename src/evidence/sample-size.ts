import { formatCount, formatDuration, formatRate, significant } from '../stats/units.ts'
import type { Invalidity } from './verdict.ts'

/** Samples that must lie beyond a percentile before it is judged. */
const TAIL_SAMPLES = 10

/**
 * Number of samples that a percentile needs, so that ten are expected beyond it: `10 / (1 - p)`. p50 needs 20, p90 100,
 * p95 200, p99 1,000. Below the median it is the lower tail that counts: `10 / p`.
 *
 * @param p ratio, above 0 and below 1
 */
export function samplesForPercentile(p: number): number {
  return ceil(TAIL_SAMPLES / Math.min(p, 1 - p))
}

/**
 * Number of samples that a ratio needs for a limit: `1 / limit`, or `1 / (1 - limit)` for limits above one half. An error
 * rate below 0.001 needs 1,000 requests. With fewer, a single error would exceed the limit, so that the assertion could only
 * mean "no error at all", which a service over the limit also shows most of the time. This is the minimum that distinguishes
 * the limit from zero, not a proof: no error in `1 / limit` requests still allows, at 95%, a true rate of up to three times
 * the limit (`3 / n`, the rule of three). Use `{ confidence: 0.95 }` if that matters; it requires about `3.7 / limit`
 * requests without an error.
 *
 * @param limit ratio, above 0; 1 needs one sample
 */
export function samplesForRatio(limit: number): number {
  return limit >= 1 ? 1 : ceil(1 / Math.min(limit, 1 - limit))
}

/** Number, name and period of samples. */
export interface SampleScope {
  readonly count: number
  /** Length of the scope; 0 if a longer one would not bring more samples. */
  readonly durationMs: number
  /** Plural: `requests`, `deliveries`. */
  readonly noun: string
  /** Option that determines the number of samples, if it is not their own rate: a publication is many deliveries. */
  readonly rateOption?: { readonly name: string; readonly perSec: number } | undefined
}

/**
 * The reason to be invalid if there are too few samples, with the length that the run would need at its rate.
 *
 * @param what the assertion as the message shows it: `p95 < 150 ms`
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
      fix: `see why nothing was measured: the load may be shorter than its warm-up, or the target never responded`,
    }
  }
  return {
    reason: 'too-few-samples',
    finding: `${what} needs at least ${formatCount(needed)} ${noun}, the scope judged has ${formatCount(count)}`,
    fix: fixFor(needed, count, durationMs, rateOption),
  }
}

/** {@link tooFewSamples} for a ratio with a limit. */
export function tooFewForRatio(what: string, limit: number, scope: SampleScope): Invalidity | undefined {
  return tooFewSamples(what, samplesForRatio(limit), scope)
}

/** Name of a percentile: `p95`, `p99.9`. */
export function percentileName(p: number): string {
  return `p${significant(p * 100, 6)}`
}

function fixFor(needed: number, count: number, durationMs: number, rateOption: SampleScope['rateOption']): string {
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

/** `Math.ceil` that tolerates the rounding errors of a division: `10 / (1 - 0.95)` is 200, not 201. */
function ceil(value: number): number {
  return Math.ceil(value * (1 - 1e-12) - 1e-9)
}

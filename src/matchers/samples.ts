import type { FanOutEvidence, TimeEvidence } from '../evidence/evidence.ts'
import type { Histogram } from '../stats/histogram.ts'
import { isOfDeliveries } from './subject.ts'

/** The samples a percentile is taken from. */
export interface JudgedTimes {
  readonly histogram: Histogram
  readonly windows: readonly Histogram[]
  /** Plural: `requests`, `deliveries`, `calls`. */
  readonly noun: string
  /** What became of those without a time: `got no good response`. */
  readonly missed: string
}

/**
 * The samples of a run, with those that were due and have no time as infinite: requests that got no good response, and
 * missing deliveries. Left out they would flatter the target exactly when it fails most: once more than `1 - p` of the
 * samples are such, the percentile is infinite.
 */
export function judgedTimes(evidence: TimeEvidence): JudgedTimes {
  if (isOfDeliveries(evidence)) return deliveryTimes(evidence)
  const { histogram, windows, kind } = evidence
  const noun = kind === 'micro' ? 'calls' : 'requests'
  return { histogram, windows, noun, missed: 'got no good response' }
}

/** Milliseconds of a percentile in judged samples: infinite if it falls among those without a time. */
export function percentileMs({ histogram }: JudgedTimes, p: number): number {
  return histogram.percentileUs(p) / 1000
}

function deliveryTimes({ histogram, deliveries: { missing }, deliveryWindows }: FanOutEvidence): JudgedTimes {
  return {
    histogram: histogram.withInfinite(missing),
    windows: deliveryWindows.map(({ expected, lag }) => lag.withInfinite(expected - lag.count)),
    noun: 'deliveries',
    missed: 'never arrived',
  }
}

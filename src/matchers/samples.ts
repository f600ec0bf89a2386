import type { FanOutEvidence, TimeEvidence } from '../evidence/evidence.ts'
import type { Histogram } from '../stats/histogram.ts'
import { isOfDeliveries, isOfIterations, nounOf } from './subject.ts'

/** Samples of a percentile. */
export interface SamplesIncludingLost {
  readonly histogram: Histogram
  readonly windows: readonly Histogram[]
  /** Plural: `requests`, `iterations`, `deliveries`, `calls`. */
  readonly noun: string
  /** Describes samples without a time: `got no good response`. */
  readonly missed: string
}

/**
 * Samples of a run, with an infinite time for requests that got no good response and for missing deliveries. Without them
 * a percentile would look best when the target fails most: if more than `1 - p` of the samples have no time, the
 * percentile is infinite.
 */
export function samplesIncludingLost(evidence: TimeEvidence): SamplesIncludingLost {
  if (isOfDeliveries(evidence)) return deliveryTimes(evidence)
  const { histogram, windows } = evidence
  const missed = isOfIterations(evidence) ? 'had an error or did not end' : 'got no good response'
  return { histogram, windows, noun: nounOf(evidence), missed }
}

/** Percentile of judged samples in milliseconds: infinite if it falls among samples without a time. */
export function percentileMs({ histogram }: SamplesIncludingLost, p: number): number {
  return histogram.percentileUs(p) / 1000
}

function deliveryTimes(evidence: FanOutEvidence): SamplesIncludingLost {
  const { histogram, deliveries, deliveryWindows, unknownLags } = evidence
  return {
    histogram: histogram.withInfinite(deliveries.missing),
    windows: deliveryWindows.map(({ expected, lag }) => lag.withInfinite(expected - lag.count)),
    noun: 'deliveries',
    missed: unknownLags === undefined ? 'never arrived' : 'never arrived or have no time stamp',
  }
}

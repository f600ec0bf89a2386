import type { FanOutEvidence, RequestEvidence, TimeEvidence } from '../run/evidence.ts'
import { Histogram, MAX_TRACKABLE_US } from '../stats/histogram.ts'
import { isOfDeliveries, isOfRequests } from './subject.ts'

/** The samples a percentile is taken from. */
export interface JudgedTimes {
  readonly histogram: Histogram
  readonly windows: readonly Histogram[]
  /** Samples that were due and have no time: they stand in the histogram at its upper end. */
  readonly never: number
  /** Plural: `requests`, `deliveries`, `calls`. */
  readonly noun: string
  /** What did not happen to them: `got an answer`. */
  readonly missed: string
}

/**
 * The samples of a run with those added that were due but never got a time: requests dropped or left unanswered, and
 * deliveries missing. Left out they would flatter the target exactly when it fails most, so they count as longer than
 * anything measured: once more than `1 - p` of the samples are such, the percentile is infinite.
 * Failed and timed-out requests are in with the time up to their failure.
 */
export function judgedTimes(evidence: TimeEvidence): JudgedTimes {
  if (isOfRequests(evidence)) return requestTimes(evidence)
  if (isOfDeliveries(evidence)) return deliveryTimes(evidence)
  const { histogram, windows } = evidence
  return { histogram, windows, never: 0, noun: 'calls', missed: 'returned' }
}

/** Milliseconds of a percentile in judged samples: infinite where it falls among those that never got a time. */
export function percentileMs({ histogram, never }: JudgedTimes, p: number): number {
  const us = histogram.percentileUs(p)
  return never > 0 && us >= MAX_TRACKABLE_US ? Number.POSITIVE_INFINITY : us / 1000
}

function requestTimes({ histogram, windows, offered, completed, requestWindows }: RequestEvidence): JudgedTimes {
  const never = offered - completed
  const judged = requestWindows.map((window) => withNever(window.latency, window.offered - window.completed))
  return {
    histogram: withNever(histogram, never),
    windows: never > 0 ? judged : windows,
    never,
    noun: 'requests',
    missed: 'got an answer',
  }
}

function deliveryTimes({ histogram, deliveries: { missing }, deliveryWindows }: FanOutEvidence): JudgedTimes {
  return {
    histogram: withNever(histogram, missing),
    windows: deliveryWindows.map(({ expected, lag }) => withNever(lag, expected - lag.count)),
    never: missing,
    noun: 'deliveries',
    missed: 'arrived',
  }
}

function withNever(histogram: Histogram, never: number): Histogram {
  if (never <= 0) return histogram
  const all = Histogram.merged([histogram])
  for (let n = 0; n < never; n++) all.record(MAX_TRACKABLE_US)
  return all
}

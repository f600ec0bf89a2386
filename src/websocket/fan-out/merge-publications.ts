import type { PublicationRecord } from '../../evidence/fan-out-record.ts'
import { Histogram } from '../../stats/histogram.ts'

/** Publications with the deliveries of all generators, in order of their sequence. */
export function mergePublications(all: readonly (readonly PublicationRecord[])[]): readonly PublicationRecord[] {
  const bySequence = Map.groupBy(all.flat(), ({ sequence }) => sequence)
  return [...bySequence.values()].map(mergePublication).toSorted((a, b) => a.sequence - b.sequence)
}

function mergePublication(parts: readonly PublicationRecord[]): PublicationRecord {
  const [first] = parts as [PublicationRecord]
  if (parts.length === 1 && first.lag === undefined) return first
  const sum = (of: (publication: PublicationRecord) => number) => parts.reduce((total, each) => total + of(each), 0)
  const missing = sum((publication) => publication.missing)
  const lags = Histogram.merged(parts.flatMap(({ lag }) => lag ?? [])).withInfinite(missing)
  const longest = parts.flatMap(({ maxMs }) => maxMs ?? [])
  return {
    id: first.id,
    sequence: first.sequence,
    // Each generator knows it from the plan and the common start.
    atMs: first.atMs,
    expected: sum(({ expected }) => expected),
    onTime: sum(({ onTime }) => onTime),
    late: sum(({ late }) => late),
    missing,
    duplicate: sum(({ duplicate }) => duplicate),
    outOfOrder: sum(({ outOfOrder }) => outOfOrder),
    unexpected: sum(({ unexpected }) => unexpected),
    isFailed: parts.some(({ isFailed }) => isFailed),
    p95Ms: lags.count === 0 ? undefined : lags.percentileUs(0.95) / 1000,
    maxMs: longest.length === 0 ? undefined : Math.max(...longest),
  }
}

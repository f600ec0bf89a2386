import type { FanOutPoint, PublicationCounts, PublicationPoint } from '../evidence/fan-out-counts.ts'
import type { FanOutRecord, PublicationRecord } from '../evidence/fan-out-record.ts'
import type { FanOutRunResult } from '../results/result.ts'
import type { Histogram } from '../stats/histogram.ts'
import { percentilesJson, timeStats, timeStatsJson, toJsonMs } from '../stats/summary.ts'
import { byFault, silentClients } from './fan-out-worst.ts'
import { generatorResults } from './generator-results.ts'

/** The run as plain JSON, for the reporter. */
export function fanOutRunResult(record: FanOutRecord, lags: Histogram): FanOutRunResult {
  const { name, load, durationMs, abortReason, phases, sockets, openingMs, processes, deliveries } = record
  const lag = timeStatsJson(lags)
  const silent = silentClients(record)
  const connectTime = timeStats(record.connectTime)
  return {
    kind: 'fanOut',
    name,
    load,
    durationMs,
    state: abortReason === undefined ? 'completed' : 'aborted',
    ...(abortReason === undefined ? {} : { abortReason }),
    phases,
    invalidities: record.invalidities,
    ...(record.parallelTo === undefined ? {} : { parallelTo: record.parallelTo }),
    sockets,
    openingMs,
    processes,
    publications: publicationCounts(record),
    deliveries,
    ...(silent === undefined ? {} : { silentClients: silent }),
    ...(record.heartbeats === undefined ? {} : { heartbeats: record.heartbeats }),
    ...(lag === undefined ? {} : { lag }),
    lagHistogram: lags.toJSON(),
    ...(connectTime === undefined ? {} : { connectTime }),
    generator: record.generator,
    ...generatorResults(record.generators),
    timeline: timeline(record),
    publicationTimeline: publicationTimeline(record.publications),
  }
}

export function publicationCounts({ publications, maxSlipMs }: FanOutRecord): PublicationCounts {
  return { count: publications.length, failed: publications.filter(({ isFailed }) => isFailed).length, maxSlipMs }
}

function timeline({ durationMs, countedMs, windows }: FanOutRecord): FanOutPoint[] {
  const countedFromSec = (durationMs - countedMs) / 1000
  return windows.map(({ second, publications, expected, received, lag }) => {
    const missing = expected - received
    const { p50Ms, p99Ms } = percentilesJson(lag.withInfinite(missing))
    const percentiles = p50Ms === undefined || p99Ms === undefined ? {} : { p50Ms, p99Ms }
    const longest = lag.finiteCount === 0 ? {} : { maxMs: lag.maxUs / 1000 }
    return { second: countedFromSec + second, publications, expected, received, missing, ...percentiles, ...longest }
  })
}
/** Most points of a chart: more cannot be distinguished, and would make reports large. */
const MAX_POINTS = 2_000

function publicationTimeline(publications: readonly PublicationRecord[]): PublicationPoint[] {
  const size = Math.ceil(publications.length / MAX_POINTS)
  const groups = Map.groupBy(publications.entries(), ([index]) => Math.floor(index / size))
  return [...groups.values()].map((group) => {
    const [{ atMs, missing, p95Ms, maxMs }] = group.map(([, publication]) => publication).toSorted(byFault) as [
      PublicationRecord,
    ]
    return {
      atSec: atMs / 1000,
      missing,
      ...(p95Ms === undefined ? {} : { p95Ms: toJsonMs(p95Ms) }),
      ...(maxMs === undefined ? {} : { maxMs }),
    }
  })
}

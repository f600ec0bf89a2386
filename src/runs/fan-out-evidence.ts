import type { ClientEvidence, FanOutEvidence, PublicationEvidence } from '../evidence/evidence.ts'
import type { FanOutRecord } from '../evidence/fan-out-record.ts'
import { clockDistanceMs } from '../evidence/generator-info.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { describeSilentClients } from '../results/silent-clients.ts'
import type { Histogram } from '../stats/histogram.ts'
import { timeStats } from '../stats/summary.ts'
import { formatCount, formatDuration, formatMs, formatRatio, significant } from '../stats/units.ts'
import { fanOutHint, orderHint, unexpectedHint } from './fan-out-hints.ts'
import { silentClients } from './fan-out-worst.ts'
import { generatorLines } from './generator-findings.ts'
import { describeUnseen } from './unseen.ts'

/** Evidence that matchers judge in a fan-out. @param histogram lags of the whole counted part */
export function fanOutEvidence(
  record: FanOutRecord,
  histogram: Histogram,
  worst: { worstPublications: readonly PublicationEvidence[]; worstClients: readonly ClientEvidence[] },
): FanOutEvidence {
  const { deliveries, publications, sockets } = record
  const clockErrorMs = clockDistanceMs(record.generators?.all ?? [])
  return {
    kind: 'fanOut',
    quantity: 'lag',
    histogram,
    windows: record.windows.map(({ lag }) => lag),
    deliveryWindows: record.windows,
    durationMs: record.countedMs,
    ...(record.reducedTo === undefined ? {} : { reducedTo: record.reducedTo }),
    invalidities: record.invalidities,
    evidenceLines: evidenceLines(record, histogram),
    slowest: publications
      .flatMap(({ sequence, p95Ms }) => (p95Ms === undefined ? [] : [{ label: `#${sequence}`, p95Ms }]))
      .toSorted((a, b) => b.p95Ms - a.p95Ms)
      .slice(0, publications.length > 1 ? 5 : 0),
    hint: fanOutHint(record),
    deliveries,
    publications: { count: publications.length, failed: publications.filter(({ isFailed }) => isFailed).length },
    ...(record.feed === undefined && { publishedPerSec: publications.length / (record.countedMs / 1000) }),
    lateThresholdMs: record.lateThresholdMs,
    settleMs: record.settleMs,
    recoveries: record.recoveries,
    certainUnexpected: record.traces.certainUnexpected,
    unexpectedSample: record.traces.unexpected,
    unexpectedHint: unexpectedHint(record),
    orderHint: orderHint(record),
    orderUnknown: orderUnknown(record),
    ...worst,
    connect: {
      requested: sockets.requested,
      connected: record.connectTime.count,
      failures: new Map(Object.entries(sockets.failures)),
      histogram: record.connectTime,
      invalidities: record.connectInvalidities,
    },
    generator: record.generator,
    ...(clockErrorMs === 0 ? {} : { clockErrorMs }),
    ...unknownLags(record, histogram),
    ...(record.feed?.unseen === undefined
      ? {}
      : { unseen: { deliveries: record.feed.unseen.deliveries, description: describeUnseen(record.feed.unseen) } }),
  }
}

function unknownLags({ feed, deliveries }: FanOutRecord, lags: Histogram): Pick<FanOutEvidence, 'unknownLags'> {
  if (feed?.unstamped === undefined || lags.infiniteCount === 0) return {}
  return { unknownLags: { count: lags.infiniteCount, of: deliveries.received, id: feed.unstamped.id } }
}

function evidenceLines(record: FanOutRecord, histogram: Histogram): string[] {
  const { deliveries, publications, generators } = record
  const phase = `steady phase, ${formatMs(record.countedMs)}`
  const received = `${formatCount(deliveries.received)} of ${formatCount(deliveries.expected)} deliveries`
  const lines = [`${phase}, ${received} of ${formatCount(publications.length)} publications, ${record.load}`]
  const stats = timeStats(histogram)
  if (stats !== undefined) {
    const rounded = (ms: number) => (Number.isFinite(ms) ? significant(ms, 3) : '∞')
    const { p50Ms, p90Ms, p95Ms, p99Ms, maxMs } = stats
    lines.push(
      `lag p50 ${rounded(p50Ms)}   p90 ${rounded(p90Ms)}   p95 ${rounded(p95Ms)}   p99 ${rounded(p99Ms)}   max ${rounded(maxMs)} ms`,
    )
  }
  const part = (count: number) =>
    count === 0 ? '0' : `${formatCount(count)} (${formatRatio(count / deliveries.expected)})`
  const unexpectedPart = `   unexpected ${formatCount(deliveries.unexpected)}`
  lines.push(
    `missing ${part(deliveries.missing)}   late ${part(deliveries.late)}   duplicate ${part(deliveries.duplicate)}   ` +
      `out of order ${part(deliveries.outOfOrder)}${unexpectedPart}`,
    `${socketLine(record)}   ${generatorPart(record)}`,
  )
  if (deliveries.optional > 0)
    lines.push(
      `${formatCount(deliveries.optional)} more deliveries to clients that were joining or leaving, neither expected nor unexpected`,
    )
  const silent = silentClients(record)
  if (silent !== undefined) lines.push(describeSilentClients(silent))
  if (record.traces.unexpected !== undefined) lines.push(`unexpected: ${record.traces.unexpected}`)
  const ofGenerators = generators === undefined ? [] : generatorLines(generators)
  const aborted = record.abortReason === undefined ? [] : [`aborted: ${record.abortReason}`]
  return [
    ...lines,
    ...joinLine(record),
    ...feedLines(record),
    ...clockLine(record),
    ...ofGenerators,
    ...record.notes,
    ...aborted,
  ]
}

function generatorPart({ generator: { eventLoopDelay, cpuRatio }, generators }: FanOutRecord): string {
  const [delay, cpu] = [formatMs(eventLoopDelay.p99Ms), formatRatio(cpuRatio)]
  if (generators === undefined) return `generator: event-loop delay p99 ${delay}, CPU ${cpu}`
  return `${formatCount(generators.all.length)} generators: event-loop delay p99 up to ${delay}, CPU up to ${cpu}`
}

function clockLine({ publisherClock }: FanOutRecord): string[] {
  if (publisherClock === undefined) return []
  const { aheadMs, uncertaintyMs, delay } = publisherClock
  const distance = `${formatMs(Math.abs(aheadMs))} ${aheadMs < 0 ? 'behind' : 'ahead of'}`
  return [
    `publisher's clock: ${distance} that of the generator, by the shortest round trip, ± ${formatMs(uncertaintyMs)}; ` +
      `by it, publications were stamped ${formatMs(delay.p50Ms)} (p50), ${formatMs(delay.p99Ms)} (p99) after they were due`,
  ]
}

function joinLine({ assumedJoinMs }: FanOutRecord): string[] {
  if (assumedJoinMs === undefined) return []
  return [
    `joins are not acknowledged: clients were assumed to have joined ${formatDuration(assumedJoinMs)} after subscribing`,
  ]
}

function feedLines({ feed }: FanOutRecord): string[] {
  if (feed === undefined) return []
  const { stamped, unstamped, fastestMs, driftMs, leftOut, isNumbered, unseen } = feed
  const clock =
    fastestMs === undefined
      ? 'a feed without time stamps: lag counts from the first receipt of each publication'
      : `a feed: lag counts from its time stamps, less ${formatMs(fastestMs)} from stamp to receipt of the fastest of ` +
        `${formatCount(stamped)} deliveries (the clocks' distance, and its transit, which no lag holds); lags are too short by ` +
        `${formatMs(Math.max(0, driftMs))} more at most`
  const lost =
    leftOut === 0 || !isNumbered ? [] : [`${formatCount(leftOut)} sequences reached no client, and are missing for all`]
  const unknown =
    unstamped === undefined
      ? []
      : [
          `${unstamped.count === 1 ? '1 publication has' : `${formatCount(unstamped.count)} publications have`} no time stamp (the first: ${JSON.stringify(unstamped.id)}): their lag ` +
            'is unknown and counts as infinite',
        ]
  return [clock, ...unknown, ...lost, ...(unseen === undefined ? [] : [describeUnseen(unseen)])]
}

function orderUnknown({ feed, unnumbered }: FanOutRecord): Invalidity | undefined {
  if (unnumbered !== undefined)
    return {
      reason: 'undecided',
      finding: `${formatCount(unnumbered)} deliveries have the same sequence as the previous one: their order is unknown`,
      fix: 'return from identify the number of the publication as sequence, which must rise with every publication, or leave it out',
    }
  if (feed === undefined || feed.orderedBy !== undefined) return undefined
  return {
    reason: 'undecided',
    finding: 'the messages of the feed have neither sequence nor publishedAtMs: their order is unknown',
    fix: 'return sequence or publishedAtMs from identify',
  }
}

function socketLine({ sockets, closings }: FanOutRecord): string {
  const parts = [`${formatCount(sockets.subscribed)} of ${formatCount(sockets.requested)} sockets subscribed`]
  for (const [kind, count] of Object.entries(sockets.failures)) parts.push(`${formatCount(count)} × ${kind}`)
  if (sockets.closed > 0) {
    const broken = [...closings.values()].filter((why) => why.startsWith('closed by this client')).length
    // Of each client, only its latest connection is known.
    const why =
      broken === 0
        ? ' by the target'
        : `${broken === closings.size ? '' : ', some of them'} because the target broke the protocol`
    parts.push(`${formatCount(sockets.closed)} closed${why}`)
  }
  if (sockets.reconnected > 0) parts.push(`${formatCount(sockets.reconnected)} reconnected`)
  return parts.join(', ')
}

import { timeStats } from '../stats/summary.ts'
import { formatCount, formatMs, formatRatio, significant } from '../stats/units.ts'
import type { Histogram } from '../stats/histogram.ts'
import type { ClientEvidence, FanOutEvidence, PublicationEvidence } from './evidence.ts'
import type { FanOutRecord } from './fan-out-record.ts'

/** What matchers judge of a fan-out. `histogram`: the lags of the whole counted part. */
export function fanOutEvidence(
  record: FanOutRecord,
  histogram: Histogram,
  worst: { worstPublications: readonly PublicationEvidence[]; worstClients: readonly ClientEvidence[] },
): FanOutEvidence {
  const { deliveries, publications, sockets } = record
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
    hint: hintOf(record),
    deliveries,
    publications: { count: publications.length, failed: publications.filter(({ isFailed }) => isFailed).length },
    lateAfterMs: record.lateAfterMs,
    settleMs: record.settleMs,
    ...worst,
    connect: {
      asked: sockets.asked,
      connected: record.connectTime.count,
      failures: new Map(Object.entries(sockets.failures)),
      histogram: record.connectTime,
      invalidities: record.connectInvalidities,
    },
    generator: record.generator,
  }
}

function evidenceLines(record: FanOutRecord, histogram: Histogram): string[] {
  const { deliveries, publications, generator } = record
  const phase = `steady phase, ${formatMs(record.countedMs)}`
  const received = `${formatCount(deliveries.received)} of ${formatCount(deliveries.expected)} deliveries`
  const lines = [`${phase}, ${received} of ${formatCount(publications.length)} publications, ${record.load}`]
  const stats = timeStats(histogram)
  if (stats !== undefined) {
    const at = (ms: number) => significant(ms, 3)
    const { p50Ms, p90Ms, p95Ms, p99Ms, maxMs } = stats
    lines.push(`lag p50 ${at(p50Ms)}   p90 ${at(p90Ms)}   p95 ${at(p95Ms)}   p99 ${at(p99Ms)}   max ${at(maxMs)} ms`)
  }
  const part = (count: number) =>
    count === 0 ? '0' : `${formatCount(count)} (${formatRatio(count / deliveries.expected)})`
  const beside = deliveries.unexpected === 0 ? '' : `   unexpected ${formatCount(deliveries.unexpected)}`
  lines.push(
    `missing ${part(deliveries.missing)}   late ${part(deliveries.late)}   duplicate ${part(deliveries.duplicate)}   ` +
      `out of order ${part(deliveries.outOfOrder)}${beside}`,
    `${socketLine(record)}   generator: event-loop delay p99 ${formatMs(generator.eventLoopDelay.p99Ms)}, ` +
      `CPU ${formatRatio(generator.cpuRatio)}`,
  )
  const aborted = record.abortReason === undefined ? [] : [`aborted: ${record.abortReason}`]
  return [...lines, ...clockLine(record), ...record.notes, ...aborted]
}

function clockLine({ publisherClock }: FanOutRecord): string[] {
  if (publisherClock === undefined) return []
  const { aheadMs, uncertaintyMs, delay } = publisherClock
  const distance = `${formatMs(Math.abs(aheadMs))} ${aheadMs < 0 ? 'behind' : 'ahead of'}`
  return [
    `publisher's own clock: ${distance} ours by the shortest round trip, ± ${formatMs(uncertaintyMs)}; ` +
      `by it, publications were stamped ${formatMs(delay.p50Ms)} (p50), ${formatMs(delay.p99Ms)} (p99) after they were due`,
  ]
}

function socketLine({ sockets }: FanOutRecord): string {
  const parts = [`${formatCount(sockets.subscribed)} of ${formatCount(sockets.asked)} sockets subscribed`]
  for (const [kind, count] of Object.entries(sockets.failures)) parts.push(`${formatCount(count)} × ${kind}`)
  if (sockets.closed > 0) parts.push(`${formatCount(sockets.closed)} closed by the other side`)
  if (sockets.reconnected > 0) parts.push(`${formatCount(sockets.reconnected)} reconnected`)
  return parts.join(', ')
}

/** Where most of what is missing has one cause, that cause. */
function hintOf({ deliveries, publications, clients, closings }: FanOutRecord): string | undefined {
  if (deliveries.missing === 0) return undefined
  const mostly = (count: number) => count >= deliveries.missing * 0.8
  let ofClosed = 0
  for (const client of closings.keys()) ofClosed += clients.missing[client]!
  if (mostly(ofClosed)) {
    const why = closings.values().next().value
    return `most missing deliveries belong to the ${counted(closings.size, 'client')} whose socket the other side closed (e.g. ${why})`
  }
  const lost = publications.filter(({ missing, expected }) => missing === expected && expected > 0)
  if (mostly(lost.reduce((sum, { missing }) => sum + missing, 0)))
    return `most missing deliveries belong to ${counted(lost.length, 'publication')} that nobody received: see whether ${lost.length === 1 ? 'it was' : 'they were'} published at all`
  return undefined
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}

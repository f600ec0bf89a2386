import type { FanOutRecord, PublicationRecord } from '../../evidence/fan-out-record.ts'
import type { Invalidity } from '../../evidence/verdict.ts'
import { shareOf } from '../../load/share.ts'
import { now, wallMs } from '../../machine/clock.ts'
import { formatCount, formatDuration, formatRate, formatRatio } from '../../stats/units.ts'
import { nowUs } from '../sockets/clock.ts'
import { messageInvalidities, moveInvalidities, socketInvalidities } from './fan-out-invalidities.ts'
import { fanOutSaturation, openingSaturation } from './fan-out-limits.ts'
import type { FanOutPlan } from './fan-out-options.ts'
import type { FanOutParts } from './fan-out-parts.ts'
import type { Publication } from './publication.ts'
import { readPublisherClock } from './publisher-clock.ts'

/** Summarizes a finished fan-out. */
export function summarize(parts: FanOutParts): FanOutRecord {
  const { plan, ledger, sockets, startUs, publishedMs, abortReason, generator } = parts
  const { name, clients, warmupMs, durationMs, lateThresholdMs, drainDurationMs: settleMs } = plan
  const counted = ledger.publications.filter(({ isCounted }) => isCounted)
  const own = ledger.publications.filter(({ isRemote }) => !isRemote)
  // Time stamps of a feed, used instead of a sequence, may be equal.
  const isNumbered = ledger.unnumbered === 0 || parts.feed?.orderedBy === 'time stamps'
  const steady = { name: 'steady' as const, startMs: warmupMs, endMs: warmupMs + durationMs }
  return {
    name,
    load: describeFanOut(plan),
    ...(plan.reducedTo === undefined ? {} : { reducedTo: plan.reducedTo }),
    phases: warmupMs > 0 ? [{ name: 'warmup', startMs: 0, endMs: warmupMs }, steady] : [steady],
    startMs: now() - (nowUs() - startUs) / 1000,
    durationMs: publishedMs,
    countedMs: Math.max(0, publishedMs - warmupMs),
    abortReason,
    lateThresholdMs,
    settleMs,
    sockets: {
      requested: shareOf(plan.share, clients),
      subscribed: sockets.everSubscribedCount,
      failures: Object.fromEntries(sockets.failures),
      closed: sockets.closedCount,
      reconnected: sockets.reconnectedCount,
    },
    ...(parts.heartbeats === undefined ? {} : { heartbeats: parts.heartbeats }),
    openingMs: parts.openingMs,
    processes: plan.layout.processes,
    connectTime: sockets.connectTime,
    deliveries: ledger.counts(parts.identifier.unidentified),
    publications: counted.map((publication) => recordOf(publication, startUs)),
    maxSlipMs: generator.scheduleDelay?.maxMs ?? 0,
    windows: ledger.windows,
    clients: ledger.clientTable(),
    closings: sockets.closings,
    traces: {
      unidentified: parts.identifier.sample,
      unexpected: ledger.unexpectedSample,
      certainUnexpected: ledger.certainUnexpected,
      unknownIds: ledger.unknown,
      ...(ledger.mislabelled === 0 ? {} : { mislabelled: ledger.mislabelled }),
      ...(parts.identifier.others === undefined ? {} : { others: parts.identifier.others }),
      heartbeat: parts.identifier.heartbeat,
    },
    ...(isNumbered ? {} : { unnumbered: ledger.unnumbered }),
    recoveries: ledger.recoveries(nowUs()),
    feed: parts.feed,
    assumedJoinMs: plan.isSubscribed === undefined ? plan.joinDelayMs : undefined,
    publisherClock: readPublisherClock(own, nowUs() - wallMs() * 1000),
    generator,
    invalidities: invaliditiesOf(parts),
    connectInvalidities: [...processInvalidities(parts), ...openingSaturation(parts.openingHealth)],
    notes: notesOf(parts, counted),
  }
}

/** Describes the load in one line. */
export function describeFanOut({ clients, publish, warmupMs, durationMs }: FanOutPlan): string {
  const parts = [
    `${publish === undefined ? 'feed' : `fan-out of ${formatRate(publish.ratePerSec)}`} to ${formatCount(clients)} sockets`,
    formatDuration(durationMs),
    ...(warmupMs > 0 ? [`after ${formatDuration(warmupMs)} of warm-up`] : []),
    ...(publish?.arrivals === 'poisson' ? ['Poisson arrivals'] : []),
  ]
  return parts.join(', ')
}

function recordOf(publication: Publication, startUs: number): PublicationRecord {
  const { id, sequence, intendedUs, expected, onTime, late, missing } = publication
  const { duplicate, outOfOrder, unexpected, isFailed } = publication
  return {
    id,
    sequence,
    atMs: (intendedUs - startUs) / 1000,
    expected: expected.size,
    onTime,
    late,
    missing,
    duplicate,
    outOfOrder,
    unexpected,
    isFailed,
    p95Ms: publication.p95Ms,
    maxMs: Number.isNaN(publication.maxUs) ? undefined : publication.maxUs / 1000,
    ...(publication.isShared ? { lag: publication.lags! } : {}),
  }
}

function invaliditiesOf(parts: FanOutParts): Invalidity[] {
  const { abortReason, ledger } = parts
  const found = processInvalidities(parts)
  if (ledger.publications.length > 0) found.push(...fanOutSaturation(parts.generator, parts.limits))
  if (abortReason !== undefined)
    found.push({ reason: 'aborted', finding: `stopped before its end: ${abortReason}`, fix: 'let the run finish' })
  return [...found, ...socketInvalidities(parts), ...moveInvalidities(parts), ...messageInvalidities(parts)]
}

function processInvalidities({ lostProcesses }: FanOutParts): Invalidity[] {
  return lostProcesses.map((message) => ({
    reason: 'generator-saturated',
    finding: message,
    fix: 'its sockets were lost with it, which the target did not cause: check whether memory ran out',
  }))
}

function notesOf(parts: FanOutParts, counted: readonly Publication[]): string[] {
  const { identifier, moves, movesAfterEnd, open, ledger, sockets, sendFailure, connectionNotes } = parts
  const notes = [...connectionNotes]
  const again = [...sockets.failedAgain].map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
  if (again !== '') notes.push(`clients that had lost their connection could not connect again: ${again}`)
  const failed = counted.filter(({ isFailed }) => isFailed).length
  if (failed > 0)
    notes.push(
      `${formatCount(failed)} of ${formatCount(counted.length)} publications failed to be sent: ${sendFailure}`,
    )
  const { unidentified, sample } = identifier
  if (unidentified > 0) notes.push(`${formatCount(unidentified)} messages not identified, the first: ${sample}`)
  if (moves.made > 0)
    notes.push(
      `${formatCount(moves.made)} times a client joined or left groups` +
        (moves.unacknowledged === 0 ? '' : `, ${formatCount(moves.unacknowledged)} of them not acknowledged in time`),
    )
  if (movesAfterEnd > 0)
    notes.push(`${formatCount(movesAfterEnd)} moves were due after the end of the run and were not made`)
  if (open.all > 0) {
    const { expected } = ledger.counts(0)
    notes.push(
      `${formatCount(open.all)} deliveries (${formatRatio(open.all / (expected + open.all))}) were not judged, ` +
        'as their clients were joining or leaving',
    )
  }
  return notes
}

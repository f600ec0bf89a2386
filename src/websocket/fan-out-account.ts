import { now, wallMs } from '../machine/clock.ts'
import type { HeartbeatCounts } from '../run/fan-out-counts.ts'
import type { FanOutRecord, PublicationRecord } from '../run/fan-out-record.ts'
import type { GeneratorLimits } from '../run/generator-limits.ts'
import type { GeneratorHealth } from '../run/generator.ts'
import type { Invalidity } from '../run/verdict.ts'
import { formatCount, formatDuration, formatRate, formatRatio } from '../stats/units.ts'
import { nowUs } from './clock.ts'
import type { DeliveryLedger } from './delivery-ledger.ts'
import { fanOutSaturation, openingSaturation } from './fan-out-limits.ts'
import type { FanOutPlan, PlacedFanOut } from './fan-out-options.ts'
import type { Publication } from './publication.ts'
import { readPublisherClock } from './publisher-clock.ts'
import type { ClientStates } from './client-states.ts'

/** With fewer of the sockets asked for, the load was another than the one written. */
const SUBSCRIBED_AT_LEAST = 0.99

/** What a fan-out leaves behind, from which its account is drawn up. */
export interface FanOutParts {
  readonly plan: PlacedFanOut
  readonly ledger: DeliveryLedger
  readonly sockets: ClientStates
  /** First instant of publishing, on the clock of `nowUs()`. */
  readonly startUs: number
  readonly publishedMs: number
  readonly openingMs: number
  /** How the generator fared while sockets were opened; `undefined` where that broke off. */
  readonly openingHealth: GeneratorHealth | undefined
  readonly abortReason: string | undefined
  readonly unidentified: { readonly count: number; readonly sample: string | undefined }
  readonly sendFailure: string | undefined
  readonly heartbeats: HeartbeatCounts | undefined
  /** What is to be said about the connections. */
  readonly connectionNotes: readonly string[]
  readonly generator: GeneratorHealth
  /** Generator processes that ended before they were told to, in words. */
  readonly lostProcesses: readonly string[]
  readonly limits: GeneratorLimits
}

/** Draws up the account of a fan-out that is over. */
export function accountOf(parts: FanOutParts): FanOutRecord {
  const { plan, ledger, sockets, startUs, publishedMs, abortReason, generator } = parts
  const { name, clients, warmupMs, durationMs, lateAfterMs, settleMs } = plan
  const counted = ledger.publications.filter(({ isCounted }) => isCounted)
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
    lateAfterMs,
    settleMs,
    sockets: {
      asked: clients,
      subscribed: sockets.everSubscribedCount,
      failures: Object.fromEntries(sockets.failures),
      closed: sockets.closedCount,
      reconnected: sockets.reconnectedCount,
    },
    ...(parts.heartbeats === undefined ? {} : { heartbeats: parts.heartbeats }),
    openingMs: parts.openingMs,
    processes: plan.layout.processes,
    connectTime: sockets.connectTime,
    deliveries: ledger.counts(parts.unidentified.count),
    publications: counted.map((publication) => recordOf(publication, startUs)),
    maxSlipMs: generator.scheduleDelay?.maxMs ?? 0,
    windows: ledger.windows,
    clients: ledger.clientTable(),
    closings: sockets.closings,
    publisherClock: readPublisherClock(ledger.publications, nowUs() - wallMs() * 1000),
    generator,
    invalidities: invaliditiesOf(parts),
    connectInvalidities: [...processInvalidities(parts), ...openingSaturation(parts.openingHealth)],
    notes: notesOf(parts, counted),
  }
}

/** The load in one line. */
export function describeFanOut({ clients, publishRatePerSec, arrivals, warmupMs, durationMs }: FanOutPlan): string {
  const parts = [
    `fan-out of ${formatRate(publishRatePerSec)} to ${formatCount(clients)} sockets`,
    formatDuration(durationMs),
    ...(warmupMs > 0 ? [`after ${formatDuration(warmupMs)} of warm-up`] : []),
    ...(arrivals === 'poisson' ? ['Poisson arrivals'] : []),
  ]
  return parts.join(', ')
}

function recordOf(publication: Publication, startUs: number): PublicationRecord {
  const { id, sequence, intendedUs, expected, onTime, late, missing, duplicate, outOfOrder, isFailed } = publication
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
    isFailed,
    p95Ms: publication.p95Ms,
    maxMs: Number.isNaN(publication.maxUs) ? undefined : publication.maxUs / 1000,
  }
}

function invaliditiesOf(parts: FanOutParts): Invalidity[] {
  const { plan, sockets, abortReason } = parts
  const { everSubscribedCount: subscribed, failures } = sockets
  const found = processInvalidities(parts)
  if (parts.ledger.publications.length > 0) found.push(...fanOutSaturation(parts.generator, parts.limits))
  const kinds = [...failures].map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
  if (abortReason !== undefined)
    found.push({ reason: 'aborted', finding: `stopped before its end: ${abortReason}`, remedy: 'let the run finish' })
  if (subscribed === 0)
    found.push({
      reason: 'no-samples',
      finding: `none of ${formatCount(plan.clients)} sockets was subscribed${kinds === '' ? '' : ` (${kinds})`}; nothing was published`,
      remedy: 'see that the target listens at this address and path, and that headers and subscription are right',
    })
  else if (subscribed < plan.clients * SUBSCRIBED_AT_LEAST && abortReason === undefined)
    found.push({
      reason: 'offered-rate-missed',
      finding:
        `only ${formatCount(subscribed)} of ${formatCount(plan.clients)} sockets ` +
        `(${formatRatio(subscribed / plan.clients)}) were subscribed: ${kinds}`,
      remedy:
        'the load asked for was not put on: lower connectRate, raise handshakeTimeout, or ask for fewer connections',
    })
  return found
}

function processInvalidities({ lostProcesses }: FanOutParts): Invalidity[] {
  return lostProcesses.map((words) => ({
    reason: 'generator-saturated',
    finding: words,
    remedy: 'its sockets were lost with it, by no fault of the target: see whether memory ran out',
  }))
}

function notesOf(
  { unidentified, sendFailure, connectionNotes }: FanOutParts,
  counted: readonly Publication[],
): string[] {
  const notes = [...connectionNotes]
  const failed = counted.filter(({ isFailed }) => isFailed).length
  if (failed > 0)
    notes.push(
      `${formatCount(failed)} of ${formatCount(counted.length)} publications failed to be sent: ${sendFailure}`,
    )
  if (unidentified.count > 0)
    notes.push(`${formatCount(unidentified.count)} messages not identified, the first: ${unidentified.sample}`)
  return notes
}

import type { FanOutRecord, PublicationRecord } from '../../evidence/fan-out-record.ts'
import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { GeneratorSummary, MergedGenerators } from '../../evidence/merged-generators.ts'
import type { MetricSeries } from '../../execution/custom-metrics/metric-recorder.ts'
import type { GeneratorLimits } from '../../execution/generator-limits.ts'
import type { Phase } from '../../load/load.ts'
import { shareOf } from '../../load/share.ts'
import { now, wallMs } from '../../machine/clock.ts'
import { nowUs } from '../sockets/clock.ts'
import { describeFanOut } from './describe-fan-out.ts'
import type { PlacedFanOut } from './fan-out-options.ts'
import type { FanOutParts } from './fan-out-parts.ts'
import type { ForeignLabels } from './group-labels.ts'
import type { OpenDeliveries } from './open-deliveries.ts'
import type { Publication } from './publication.ts'
import { readPublisherClock } from './publisher-clock.ts'

/** What a record has in addition to the measurement: judgements. */
type Judged = 'invalidities' | 'connectInvalidities' | 'notes' | 'unnumbered'

/**
 * Everything that a generator recorded in a fan-out, as plain data: measurements of several generators can be merged before
 * they are judged.
 */
export interface FanOutMeasurement extends Omit<FanOutRecord, Judged> {
  /** Custom metrics that functions of the scenario recorded. */
  readonly metrics: readonly MetricSeries[]
  /** Limits of the generator's health. */
  readonly limits: GeneratorLimits
  /** Health while sockets were opened; `undefined` if opening was interrupted. */
  readonly openingHealth: GeneratorHealth | undefined
  /** Messages about processes of this generator that exited before they were closed. */
  readonly lostProcesses: readonly string[]
  /** The fix if every handshake failed and the cause was found. */
  readonly diagnosis: string | undefined
  readonly subscribeTimeoutMs: number
  /** Clients subscribed at the end of the run. */
  readonly subscribedAtEnd: number
  /** Failed connections of clients that had lost one, by kind of failure. */
  readonly failedAgain: Readonly<Record<string, number>>
  /** Whether anything was published, warm-up included. */
  readonly hasPublished: boolean
  /** Receipts whose sequence was above the highest one before, and equal to it. */
  readonly sequences: { readonly rises: number; readonly ties: number }
  readonly moves: {
    readonly made: number
    readonly unacknowledged: number
    readonly afterEnd: number
    /** Moves that the target rejected, and the first of them; absent if there were none. */
    readonly rejected?: { readonly count: number; readonly sample: string }
  }
  readonly open: OpenDeliveries
  /** Deliveries that could not be stored until their ids were known. */
  readonly lostDeliveries: number
  /** Messages with ids that the target gave to several publications. */
  readonly ambiguous: { readonly count: number; readonly sample: string } | undefined
  /** Names of groups in messages that cannot be matched to the groups of the run. */
  readonly foreignLabels: ForeignLabels | undefined
  /** Error of the first publication that failed to be sent. */
  readonly sendFailure: string | undefined
  readonly connectionNotes: readonly string[]
  /** Publications that not all generators counted; absent if there was only one generator. */
  readonly unsharedPublications?: number
  readonly generators?: MergedGenerators<FanOutGenerator>
}

/** One generator of a merged fan-out. */
export interface FanOutGenerator extends GeneratorSummary {
  readonly openingHealth: GeneratorHealth | undefined
  readonly lostProcesses: readonly string[]
}

/** Measurement of a finished fan-out. */
export function measurementOf(parts: FanOutParts): FanOutMeasurement {
  const { plan, ledger, sockets, startUs, publishedMs, generator, identifier, moves, movesAfterEnd, endUs } = parts
  const { name, clients, warmupMs, lateThresholdMs, drainDurationMs: settleMs } = plan
  const { limits, openingHealth, lostProcesses, diagnosis, open, feed, abortReason } = parts
  const { lostDeliveries, ambiguous, foreignLabels, sendFailure, connectionNotes, openingMs, heartbeats } = parts
  const own = ledger.publications.filter(({ isRemote }) => !isRemote)
  return {
    ...{ name, load: describeFanOut(plan), lateThresholdMs, settleMs, openingMs, feed, generator, abortReason },
    ...{ limits, openingHealth, lostProcesses, diagnosis, open, lostDeliveries, ambiguous, foreignLabels },
    ...{ sendFailure, connectionNotes, subscribeTimeoutMs: plan.subscribeTimeoutMs },
    ...(plan.reducedTo === undefined ? {} : { reducedTo: plan.reducedTo }),
    phases: phasesOf(plan),
    metrics: parts.metrics,
    startMs: now() - (nowUs() - startUs) / 1000,
    durationMs: publishedMs,
    countedMs: Math.max(0, publishedMs - warmupMs),
    sockets: {
      requested: shareOf(plan.share, clients),
      subscribed: sockets.everSubscribedCount,
      failures: Object.fromEntries(sockets.failures),
      closed: sockets.closedCount,
      reconnected: sockets.reconnectedCount,
    },
    subscribedAtEnd: sockets.subscribedCount,
    failedAgain: Object.fromEntries(sockets.failedAgain),
    ...(heartbeats === undefined ? {} : { heartbeats }),
    processes: plan.layout.processes,
    connectTime: sockets.connectTime,
    deliveries: ledger.counts(identifier.unidentified),
    hasPublished: ledger.publications.length > 0,
    publications: ledger.publications
      .filter(({ isCounted }) => isCounted)
      .map((publication) => recordOf(publication, startUs)),
    maxSlipMs: generator.scheduleDelay?.maxMs ?? 0,
    windows: ledger.windows,
    clients: ledger.clientTable(),
    closings: sockets.closings,
    traces: {
      unidentified: identifier.sample,
      unexpected: ledger.unexpectedSample,
      certainUnexpected: ledger.certainUnexpected,
      unknownIds: ledger.unknown,
      ...(ledger.mislabelled === 0 ? {} : { mislabelled: ledger.mislabelled }),
      ...(identifier.others === undefined ? {} : { others: identifier.others }),
      ...(parts.failedJoins === undefined ? {} : { failedJoins: parts.failedJoins }),
      heartbeat: identifier.heartbeat,
    },
    sequences: ledger.sequences,
    recoveries: ledger.recoveries(endUs),
    assumedJoinMs: plan.isSubscribed === undefined ? plan.joinDelayMs : undefined,
    publisherClock: readPublisherClock(own, nowUs() - wallMs() * 1000),
    moves: {
      ...{ made: moves.made, unacknowledged: moves.unacknowledged, afterEnd: movesAfterEnd },
      ...(moves.rejected === undefined ? {} : { rejected: moves.rejected }),
    },
  }
}

/** Phases of a fan-out. */
export function phasesOf({ warmupMs, durationMs }: Pick<PlacedFanOut, 'warmupMs' | 'durationMs'>): readonly Phase[] {
  const steady = { name: 'steady' as const, startMs: warmupMs, endMs: warmupMs + durationMs }
  return warmupMs > 0 ? [{ name: 'warmup', startMs: 0, endMs: warmupMs }, steady] : [steady]
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

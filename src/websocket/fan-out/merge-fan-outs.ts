import type { DeliveryCounts, SocketCounts } from '../../evidence/fan-out-counts.ts'
import type {
  ClientTable,
  FailedJoins,
  FanOutWindow,
  MessageTraces,
  RecoveryTimes,
} from '../../evidence/fan-out-record.ts'
import type { LostGenerator } from '../../evidence/generator-info.ts'
import { combinedHealth } from '../../runs/merge/combined-health.ts'
import { mergeHeartbeats } from '../../runs/merge/merge-connections.ts'
import { mergeMetrics } from '../../runs/merge/packed-metrics.ts'
import { firstToStop, inOrder, jointNotes } from '../../runs/merge/parts.ts'
import { Histogram } from '../../stats/histogram.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'
import { decodeFanOut } from './fan-out-part.ts'
import { mergeFanOutGenerators } from './merge-fan-out-generators.ts'
import { mergePublications } from './merge-publications.ts'

/** What is merged of each generator, apart from custom metrics. */
type Merged = Omit<FanOutMeasurement, 'metrics'>

/**
 * The fan-out that all generators did together. Each of them has counted the deliveries to its own sockets of *all*
 * publications; a publication is identified by its sequence. Counts and lags are those of one generator with all sockets,
 * whatever the order of the parts. The merged measurement is judged as a whole, and the health of each generator separately.
 *
 * @param parts evidence of the generators, as {@link encodeFanOut} returns it
 * @param own measurement of this generator: of the plan, the limits, and the start on its clock
 * @param lost generators that sent no evidence; those not in `parts` are added
 * @throws {Error} if a part is damaged, of another version, or of another run
 */
export function mergeFanOuts(
  parts: readonly Uint8Array[],
  own: FanOutMeasurement,
  lost: readonly LostGenerator[] = [],
): FanOutMeasurement {
  const ordered = inOrder(parts.map((bytes) => decodeFanOut(bytes, own)))
  const all = ordered.map(({ measured }) => measured)
  const sum = (of: (measured: Merged) => number) => all.reduce((total, each) => total + of(each), 0)
  const longest = (of: (measured: Merged) => number) => Math.max(...all.map(of))
  const { heartbeats: _, ...shared } = own
  const heartbeats = mergeHeartbeats(all.map((each) => each.heartbeats))
  const ambiguous = countedSample(all.map((each) => each.ambiguous))
  const foreignLabels = countedSample(all.map((each) => each.foreignLabels))
  const rejectedMoves = countedSample(all.map(({ moves }) => moves.rejected))
  const clocks = all.flatMap(({ publisherClock }) => publisherClock ?? [])
  return {
    ...shared,
    ...(heartbeats === undefined ? {} : { heartbeats }),
    durationMs: longest(({ durationMs }) => durationMs),
    countedMs: longest(({ countedMs }) => countedMs),
    abortReason: firstToStop(all)?.abortReason,
    sockets: mergeSockets(all.map(({ sockets }) => sockets)),
    subscribedAtEnd: sum(({ subscribedAtEnd }) => subscribedAtEnd),
    failedAgain: addUp(all.map(({ failedAgain }) => failedAgain)),
    openingMs: longest(({ openingMs }) => openingMs),
    processes: sum(({ processes }) => processes),
    metrics: mergeMetrics(
      ordered.map(({ metrics }) => metrics),
      own.phases,
    ),
    connectTime: Histogram.merged(all.map(({ connectTime }) => connectTime)),
    deliveries: mergeDeliveries(all.map(({ deliveries }) => deliveries)),
    hasPublished: all.some(({ hasPublished }) => hasPublished),
    publications: mergePublications(all.map(({ publications }) => publications)),
    unsharedPublications: unsharedIn(all),
    maxSlipMs: longest(({ maxSlipMs }) => maxSlipMs),
    windows: mergeWindows(all.map(({ windows }) => windows)),
    clients: mergeClients(all.map(({ clients }) => clients)),
    closings: new Map(all.flatMap(({ closings }) => [...closings])),
    traces: mergeTraces(all.map(({ traces }) => traces)),
    sequences: { rises: sum(({ sequences }) => sequences.rises), ties: sum(({ sequences }) => sequences.ties) },
    recoveries: mergeRecoveries(all.map(({ recoveries }) => recoveries)),
    // Only one generator has the sockets of a feed.
    feed: all.find(({ feed, hasPublished }) => feed !== undefined && hasPublished)?.feed ?? own.feed,
    publisherClock: clocks.toSorted((a, b) => a.uncertaintyMs - b.uncertaintyMs)[0],
    generator: combinedHealth(all.map(({ generator }) => generator)),
    lostProcesses: jointNotes(ordered.map(({ generator, measured }) => ({ generator, notes: measured.lostProcesses }))),
    diagnosis: all.every(({ diagnosis }) => diagnosis !== undefined) ? all[0]!.diagnosis : undefined,
    moves: {
      made: sum(({ moves }) => moves.made),
      unacknowledged: sum(({ moves }) => moves.unacknowledged),
      afterEnd: sum(({ moves }) => moves.afterEnd),
      ...(rejectedMoves === undefined ? {} : { rejected: rejectedMoves }),
    },
    open: { all: sum(({ open }) => open.all), unacknowledged: sum(({ open }) => open.unacknowledged) },
    lostDeliveries: sum(({ lostDeliveries }) => lostDeliveries),
    ambiguous,
    foreignLabels,
    sendFailure: all.find(({ sendFailure }) => sendFailure !== undefined)?.sendFailure,
    connectionNotes: jointNotes(
      ordered.map(({ generator, measured }) => ({ generator, notes: measured.connectionNotes })),
    ),
    ...mergeFanOutGenerators(ordered, lost),
  }
}

/** Number of publications that some generators counted and others did not. Only one of them has the sockets of a feed. */
function unsharedIn(all: readonly Merged[]): number {
  if (all.some(({ feed }) => feed !== undefined)) return 0
  const times = Map.groupBy(
    all.flatMap(({ publications }) => publications),
    ({ id }) => id,
  )
  return [...times.values()].filter(({ length }) => length < all.length).length
}

function mergeSockets(all: readonly SocketCounts[]): SocketCounts {
  const sum = (of: (sockets: SocketCounts) => number) => all.reduce((total, each) => total + of(each), 0)
  return {
    requested: sum(({ requested }) => requested),
    subscribed: sum(({ subscribed }) => subscribed),
    failures: addUp(all.map(({ failures }) => failures)),
    closed: sum(({ closed }) => closed),
    reconnected: sum(({ reconnected }) => reconnected),
  }
}

function mergeDeliveries(all: readonly DeliveryCounts[]): DeliveryCounts {
  return addUp(all.map((counts) => ({ ...counts }))) as Record<keyof DeliveryCounts, number>
}

/** Every generator counts all publications, and the deliveries to its own sockets. */
function mergeWindows(all: readonly (readonly FanOutWindow[])[]): readonly FanOutWindow[] {
  return Array.from({ length: Math.max(...all.map(({ length }) => length)) }, (_, second) => {
    const windows = all.flatMap((each) => each[second] ?? [])
    return {
      second,
      publications: Math.max(...windows.map(({ publications }) => publications)),
      expected: windows.reduce((sum, { expected }) => sum + expected, 0),
      received: windows.reduce((sum, { received }) => sum + received, 0),
      lag: Histogram.merged(windows.map(({ lag }) => lag)),
    }
  })
}

const CLIENT_COUNTS = ['expected', 'missing', 'late', 'duplicate', 'outOfOrder', 'unexpected'] as const

/** Clients of other generators have zeros in the table of a generator. */
function mergeClients(all: readonly ClientTable[]): ClientTable {
  const [first, ...others] = all
  const merged = {
    expected: first!.expected.slice(),
    missing: first!.missing.slice(),
    late: first!.late.slice(),
    duplicate: first!.duplicate.slice(),
    outOfOrder: first!.outOfOrder.slice(),
    unexpected: first!.unexpected.slice(),
    maxUs: first!.maxUs.slice(),
  }
  for (const table of others) {
    for (let client = 0; client < merged.expected.length; client++) {
      for (const count of CLIENT_COUNTS) merged[count][client]! += table[count][client]!
      merged.maxUs[client] = Math.max(merged.maxUs[client]!, table.maxUs[client]!)
    }
  }
  return merged
}

function mergeTraces(all: readonly MessageTraces[]): MessageTraces {
  const first = <T>(of: (traces: MessageTraces) => T | undefined) => all.map(of).find((value) => value !== undefined)
  const sum = (of: (traces: MessageTraces) => number) => all.reduce((total, each) => total + of(each), 0)
  const mislabelled = sum((traces) => traces.mislabelled ?? 0)
  const others = countedSample(all.map((traces) => traces.others))
  const failedJoins = mergeFailedJoins(all.flatMap((traces) => traces.failedJoins ?? []))
  return {
    unidentified: first(({ unidentified }) => unidentified),
    unexpected: first(({ unexpected }) => unexpected),
    certainUnexpected: sum(({ certainUnexpected }) => certainUnexpected),
    unknownIds: sum(({ unknownIds }) => unknownIds),
    ...(mislabelled === 0 ? {} : { mislabelled }),
    ...(others === undefined ? {} : { others }),
    ...(failedJoins === undefined ? {} : { failedJoins }),
    heartbeat: first(({ heartbeat }) => heartbeat),
  }
}

function mergeFailedJoins(all: readonly FailedJoins[]): FailedJoins | undefined {
  if (all.length === 0) return undefined
  const merge = (kind: keyof FailedJoins): FailedJoins => {
    const joins = all.flatMap((each) => each[kind] ?? [])
    const merged = countedSample(joins)
    if (merged === undefined) return {}
    return { [kind]: { ...merged, missing: joins.reduce((sum, { missing }) => sum + missing, 0) } }
  }
  return { ...merge('rejected'), ...merge('silent') }
}

function mergeRecoveries(all: readonly RecoveryTimes[]): RecoveryTimes {
  const ascending = (a: number, b: number) => a - b
  const undecidedMs = all.flatMap((each) => each.undecidedMs ?? []).toSorted(ascending)
  return {
    lost: all.reduce((sum, { lost }) => sum + lost, 0),
    tookMs: all.flatMap(({ tookMs }) => tookMs).toSorted(ascending),
    unfinishedMs: all.flatMap(({ unfinishedMs }) => unfinishedMs).toSorted(ascending),
    ...(undecidedMs.length === 0 ? {} : { undecidedMs }),
  }
}

interface CountedSample {
  readonly count: number
  readonly sample: string
}

/** The sum of the counts, with the first sample. */
function countedSample(all: readonly (CountedSample | undefined)[]): CountedSample | undefined {
  const present = all.flatMap((each) => each ?? [])
  const [first] = present
  return first && { count: present.reduce((sum, { count }) => sum + count, 0), sample: first.sample }
}

function addUp(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const counts of all) for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count
  return sums
}

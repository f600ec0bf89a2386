import type { ClientEvidence, FanOutEvidence, PublicationEvidence } from '../evidence/evidence.ts'
import { samplesForPercentile, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { optional, type ReadOf } from '../options/schema.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import {
  limitMs,
  ratio,
  readArguments,
  SHARE_OPTIONS,
  SHARE_THRESHOLD,
  THRESHOLD,
  type Duration,
  type RatioOptions,
  type ThresholdOptions,
} from './arguments.ts'
import { clockInvalidities } from './clock-error.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { limitText } from './exact-text.ts'
import { judgeCount, judgeRatio } from './ratio.ts'
import { deliveryRun, type DeliverySource } from './subject.ts'
import { withMissingSamples, withoutGenerator } from './threshold.ts'
import type { On } from './typing.ts'
import { unknownLagsAgainst } from './unknown-lags.ts'
import { unseenAgainst } from './unseen.ts'

type OnDeliveries<T, Matcher> = On<T, DeliverySource, Matcher, 'judges a fan-out, as ws.fanOut() gives'>

/** Matchers of `expect()` for fan-outs. */
export interface FanOutMatchers<R extends void | Promise<void>, T> {
  /**
   * At least a ratio of all expected deliveries arrived within a lag, counted from the intended start of the publication.
   * Missing deliveries are in the denominator. Needs `10 / (1 - ratio)` deliveries, like the percentile of that ratio; a
   * ratio of 1 only describes this run.
   */
  toDeliverWithin: OnDeliveries<T, (limitMs: Duration, options: RatioOptions & ThresholdOptions) => R>
  /** The ratio of expected deliveries that never arrived is below a limit. Needs `1 / ratio` deliveries. */
  toHaveMissingRateBelow: OnDeliveries<T, (ratio: number, options?: ThresholdOptions) => R>
  /** Repeated receipts per received delivery are below a limit. Needs `1 / ratio` received deliveries. */
  toHaveDuplicateRateBelow: OnDeliveries<T, (ratio: number) => R>
  /**
   * No client received a publication after a later one of the same group, on one connection. Missing deliveries are not
   * out of order. Invalid if all deliveries out of order belong to publications that were in flight to the target at the
   * same time, and their messages have no sequence.
   */
  toDeliverInOrder: OnDeliveries<T, () => R>
  /**
   * Messages that were not for the client that received them, or that belong to no publication, per received message, are
   * below a limit. A limit of 0 allows none. Needs `1 / ratio` messages.
   */
  toHaveUnexpectedRateBelow: OnDeliveries<T, (ratio: number) => R>
  /** Every message was for the client that received it: a publication of the run, for a group of the client. */
  toDeliverOnlyToSubscribers: OnDeliveries<T, () => R>
  /**
   * At least a ratio of the clients that lost their connection resubscribed and received everything due meanwhile, within
   * a time from the loss. Counts every loss. Invalid if no connection was lost.
   *
   * @default `{ ratio: 1 }`: all clients
   */
  toRecoverWithin: OnDeliveries<T, (limitMs: Duration, options?: RatioOptions) => R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends FanOutMatchers<R, T> {}
}

interface SharePlan<Options> {
  readonly limitMs: number
  readonly options: ReadOf<Options>
}

const LATE =
  'find out what the target does between a publication and its last delivery; the report shows the lag by second'
const MISSING = 'find the worst publications and clients above in the log of the target'
const UNEXPECTED = 'make the target send each publication only to the clients of its group'

const DELIVER_EXAMPLE = 'toDeliverWithin(1000, { ratio: 0.99 })'
const toDeliverWithin = defineMatcher<FanOutEvidence, SharePlan<typeof SHARE_THRESHOLD>>({
  name: 'toDeliverWithin',
  subject: deliveryRun,
  readArguments: readArguments(DELIVER_EXAMPLE, { limitMs: limitMs(DELIVER_EXAMPLE), options: SHARE_THRESHOLD }),
  judge: (evidence, { limitMs, options: { ratio, confidence } }) => {
    const what = `share of deliveries within ${limitText(limitMs, formatMs)}`
    const { expected, missing } = evidence.deliveries
    const inTime = evidence.histogram.countAtMost(limitMs * 1000)
    const late = Math.max(0, expected - missing - inTime)
    const judged = judgeRatio(evidence, {
      what,
      side: 'at least',
      limit: ratio,
      confidence,
      windows: evidence.deliveryWindows.map(({ expected, lag }) => ({
        hits: lag.countAtMost(limitMs * 1000),
        total: expected,
      })),
      noun: 'deliveries',
      ...(missing > 0 && late === 0
        ? { parts: `${formatCount(missing)} missing, none late`, fix: MISSING }
        : { fix: LATE }),
      needed: ratio < 1 ? samplesForPercentile(ratio) : 1,
    })
    const unknown = unknownLagsAgainst(evidence, {
      what,
      holds: judged.holds,
      within: inTime,
      needed: ratio * evidence.deliveries.expected,
    })
    const unseen = unseenAgainst(evidence, {
      what,
      holds: judged.holds,
      wouldHold: (more) => inTime >= ratio * (expected + more),
    })
    return {
      ...judged,
      invalidities: [...judged.invalidities, ...clockInvalidities(evidence, limitMs), ...unknown, ...unseen],
      worst: worstParts(evidence),
    }
  },
})

const MISSING_EXAMPLE = 'toHaveMissingRateBelow(0.005)'
const toHaveMissingRateBelow = defineMatcher<
  FanOutEvidence,
  { readonly ratio: number; readonly options: ReadOf<typeof THRESHOLD> }
>({
  name: 'toHaveMissingRateBelow',
  subject: deliveryRun,
  readArguments: readArguments(MISSING_EXAMPLE, { ratio: ratio(MISSING_EXAMPLE), options: THRESHOLD }),
  judge: (evidence, { ratio: limit, options }) => {
    const what = 'missing rate'
    const judged = judgeRatio(evidence, {
      limit,
      ...options,
      what,
      side: 'below',
      windows: evidence.deliveryWindows.map(({ expected, lag }) => ({ hits: expected - lag.count, total: expected })),
      noun: 'deliveries',
      fix: MISSING,
    })
    const { missing, expected } = evidence.deliveries
    const unseen = unseenAgainst(evidence, {
      what,
      holds: judged.holds,
      wouldHold: (more) => missing + more < limit * (expected + more),
    })
    return { ...judged, invalidities: [...judged.invalidities, ...unseen], worst: worstParts(evidence) }
  },
})

const DUPLICATE_EXAMPLE = 'toHaveDuplicateRateBelow(0.005)'
const toHaveDuplicateRateBelow = defineMatcher<FanOutEvidence, { readonly ratio: number }>({
  name: 'toHaveDuplicateRateBelow',
  subject: deliveryRun,
  readArguments: readArguments(DUPLICATE_EXAMPLE, { ratio: ratio(DUPLICATE_EXAMPLE) }),
  judge: (evidence, { ratio: limit }) => ({
    ...judgeCount(evidence, {
      what: 'duplicate rate',
      side: 'below',
      limit,
      hits: evidence.deliveries.duplicate,
      total: evidence.deliveries.received,
      noun: 'deliveries received',
      fix: 'make the target send each publication to a client once, also after a reconnect',
    }),
    worst: worstParts(evidence),
  }),
})

const toDeliverInOrder = defineMatcher<FanOutEvidence, object>({
  name: 'toDeliverInOrder',
  subject: deliveryRun,
  readArguments: readArguments('toDeliverInOrder()', {}),
  judge(evidence) {
    const { outOfOrder, racing, received } = evidence.deliveries
    const raced =
      racing === 0 ? '' : `, ${formatCount(racing)} of them from publications that raced each other to the target`
    return judgeNone(evidence, {
      what: 'order',
      count: outOfOrder,
      of: { count: received, noun: 'deliveries received' },
      expectations: ['no delivery out of order', 'deliveries out of order'],
      received: `${formatCount(outOfOrder)} of ${formatCount(received)} deliveries out of order${raced}`,
      reasons: [evidence.orderUnknown, onlyRacing(evidence)],
      hint: evidence.orderHint,
      fix: 'make the target send the publications of a group to each client in the order in which they were published',
      worst: worstClients(evidence),
    })
  },
})

/** Invalidity if all deliveries out of order raced: the target may have received the publications in that order. */
function onlyRacing({ deliveries: { outOfOrder, racing } }: FanOutEvidence): Invalidity | undefined {
  if (outOfOrder === 0 || racing < outOfOrder) return undefined
  return {
    reason: 'undecided',
    finding:
      `${formatCount(outOfOrder)} deliveries are out of order, but all of their publications were in flight to the target at the same ` +
      'time, so either order is correct',
    fix: "return the target's own number as sequence from identify, or publish at a rate that the target keeps up with",
  }
}

const UNEXPECTED_EXAMPLE = 'toHaveUnexpectedRateBelow(0.001)'
const toHaveUnexpectedRateBelow = defineMatcher<FanOutEvidence, { readonly ratio: number }>({
  name: 'toHaveUnexpectedRateBelow',
  subject: deliveryRun,
  readArguments: readArguments(UNEXPECTED_EXAMPLE, { ratio: ratio(UNEXPECTED_EXAMPLE, { isZeroLegal: true }) }),
  judge(evidence, { ratio: limit }) {
    if (limit === 0) return judgeNoneUnexpected(evidence)
    const { expected, received, unexpected } = evidence.deliveries
    const messages = messagesOf(evidence)
    const judged = judgeCount(evidence, {
      what: 'unexpected rate',
      side: 'below',
      limit,
      hits: unexpected,
      total: messages,
      noun: 'messages',
      fix: UNEXPECTED,
    })
    // Messages that a slow generator missed may have been expected ones.
    const isCertain = evidence.certainUnexpected / (messages + expected - received) >= limit
    return {
      ...judged,
      ...(isCertain ? despiteGenerator(judged, evidence.certainUnexpected) : {}),
      hint: evidence.unexpectedHint,
      worst: worstParts(evidence),
    }
  },
})

const toDeliverOnlyToSubscribers = defineMatcher<FanOutEvidence, object>({
  name: 'toDeliverOnlyToSubscribers',
  subject: deliveryRun,
  readArguments: readArguments('toDeliverOnlyToSubscribers()', {}),
  judge: judgeNoneUnexpected,
})

function judgeNoneUnexpected(evidence: FanOutEvidence): Judgement {
  const { unexpected } = evidence.deliveries
  const messages = messagesOf(evidence)
  const sample = evidence.unexpectedSample === undefined ? '' : ` (${evidence.unexpectedSample})`
  const judged = judgeNone(evidence, {
    what: 'unexpected deliveries',
    count: unexpected,
    of: { count: messages, noun: 'messages' },
    expectations: ['no unexpected delivery', 'unexpected deliveries'],
    received: `${formatCount(unexpected)} of ${formatCount(messages)} messages unexpected${sample}`,
    reasons: [],
    hint: evidence.unexpectedHint,
    fix: UNEXPECTED,
    worst: worstParts(evidence),
  })
  const { certainUnexpected } = evidence
  return certainUnexpected === 0 ? judged : { ...judged, ...despiteGenerator(judged, certainUnexpected) }
}

/**
 * A saturated generator receives messages late, but never messages that were not sent: certain unexpected deliveries
 * violate the limit whatever its health. `.not` stays invalid: the target may not have received the intended load.
 */
function despiteGenerator(
  judged: Judgement,
  certain: number,
): Pick<Judgement, 'received' | 'invalidities' | 'againstNot'> {
  const invalidities = withoutGenerator(judged.invalidities)
  const ignored = judged.invalidities.filter((found) => !invalidities.includes(found))
  if (ignored.length === 0) return judged
  const reasons = ignored.map(({ reason, finding }) => `${reason}: ${finding}`).join('; ')
  return {
    received: `${judged.received}\n${reasons}; ${formatCount(certain)} unexpected deliveries were received anyway`,
    invalidities,
    againstNot: ignored,
  }
}

interface NoneAllowed {
  readonly what: string
  readonly count: number
  readonly of: { readonly count: number; readonly noun: string }
  readonly expectations: readonly [expected: string, expectedNot: string]
  readonly received: string
  /** Reasons not to judge, besides too few samples and those of the run. */
  readonly reasons: readonly (Invalidity | undefined)[]
  readonly hint: string | undefined
  readonly fix: string
  readonly worst: Judgement['worst']
}

/** Judges that something never occurred, out of a count. */
function judgeNone(
  evidence: FanOutEvidence,
  { what, count, of, expectations, received, reasons, hint, fix, worst }: NoneAllowed,
): Judgement {
  const tooFew = tooFewSamples(what, 1, { ...of, durationMs: evidence.durationMs })
  return {
    holds: count === 0,
    expected: expectations[0],
    expectedNot: expectations[1],
    received,
    invalidities: withMissingSamples(
      evidence.invalidities,
      [tooFew && { ...tooFew, fix: hint ?? tooFew.fix }, ...reasons].filter((reason) => reason !== undefined),
    ),
    evidence: evidence.evidenceLines,
    worst,
    hint,
    fix,
    figure: { limit: 0, value: of.count === 0 ? Number.NaN : count, unit: 'count' },
  }
}

/** Number of received messages that name a publication. */
function messagesOf({ deliveries }: FanOutEvidence): number {
  const { received, duplicate, optional, unexpected } = deliveries
  return received + duplicate + optional + unexpected
}

const RECOVER_EXAMPLE = 'toRecoverWithin(1000, { ratio: 0.99 })'
const toRecoverWithin = defineMatcher<FanOutEvidence, SharePlan<typeof SHARE_OPTIONS>>({
  name: 'toRecoverWithin',
  subject: deliveryRun,
  readArguments: readArguments(RECOVER_EXAMPLE, {
    limitMs: limitMs(RECOVER_EXAMPLE),
    options: optional(SHARE_OPTIONS, { ratio: 1 }),
  }),
  judge: judgeRecovery,
})

function judgeRecovery(
  evidence: FanOutEvidence,
  { limitMs, options: { ratio } }: SharePlan<typeof SHARE_OPTIONS>,
): Judgement {
  const { lost, tookMs, unfinishedMs, undecidedMs = [] } = evidence.recoveries
  const inTime = tookMs.filter((ms) => ms <= limitMs).length
  // Observed for less than the limit: these clients may still have recovered in time.
  const open = unfinishedMs.filter((ms) => ms < limitMs).length
  const doubtful = undecidedMs.filter((ms) => ms <= limitMs).length
  const judged = judgeCount(evidence, {
    what: `share of clients recovered within ${limitText(limitMs, formatMs)}`,
    side: 'at least',
    limit: ratio,
    hits: inTime,
    total: lost,
    noun: 'lost connections',
    fix: 'make the target accept reconnects at once and replay what a client missed, or raise the limit',
  })
  const isOpen = inTime / lost < ratio && (inTime + open + doubtful) / lost >= ratio
  const longest = tookMs.at(-1)
  const times = [
    ...(longest === undefined
      ? []
      : [`recovery p50 ${formatMs(tookMs[Math.floor(tookMs.length / 2)]!)}, max ${formatMs(longest)}`]),
    ...(unfinishedMs.length === 0 ? [] : [`${formatCount(unfinishedMs.length)} not recovered by the end of the run`]),
    ...(undecidedMs.length === 0 ? [] : [`${formatCount(undecidedMs.length)} undecided`]),
  ]
  return {
    ...judged,
    received: [judged.received, times.join(', ')].filter((line) => line !== '').join('\n'),
    invalidities:
      lost === 0
        ? withMissingSamples(evidence.invalidities, [NOTHING_LOST])
        : isOpen
          ? withMissingSamples(judged.invalidities, [
              ...(open === 0 ? [] : [endedTooSoon(open, limitMs)]),
              ...(doubtful === 0 ? [] : [unknownPublications(doubtful)]),
            ])
          : judged.invalidities,
    worst: worstClients(evidence),
  }
}

const NOTHING_LOST: Invalidity = {
  reason: 'no-samples',
  finding: 'no client lost its connection: there is nothing to recover from',
  fix: 'disrupt the run, as with chaos.during(run, [killTarget({ time: "40%" })])',
}

function endedTooSoon(open: number, limitMs: number): Invalidity {
  return {
    reason: 'undecided',
    finding: `${open === 1 ? '1 client lost its connection' : `${formatCount(open)} clients lost their connection`} less than ${limitText(limitMs, formatMs)} before the end and had not recovered by then`,
    fix: 'lengthen the run or its drainDuration, or disrupt it sooner',
  }
}

function unknownPublications(count: number): Invalidity {
  return {
    reason: 'undecided',
    finding: `which publications of the feed were due during ${count === 1 ? '1 outage' : `${formatCount(count)} outages`} of clients is unknown: whether these clients recovered is unknown, too`,
    fix: 'return sequence and publishedAtMs from identify, and make the target replay what clients missed',
  }
}

/** Matchers of the deliveries of a fan-out. */
export const fanOutMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toDeliverWithin,
  toHaveMissingRateBelow,
  toHaveDuplicateRateBelow,
  toDeliverInOrder,
  toHaveUnexpectedRateBelow,
  toDeliverOnlyToSubscribers,
  toRecoverWithin,
}

function worstParts(evidence: FanOutEvidence): Judgement['worst'] {
  const publications = evidence.worstPublications.slice(0, 3).map(describeWorst)
  return { label: 'Worst', items: [...publications, ...worstClients(evidence).items] }
}

function worstClients(evidence: FanOutEvidence): { readonly label: string; readonly items: readonly string[] } {
  return { label: 'Worst', items: evidence.worstClients.slice(0, 3).map(describeWorst) }
}

function describeWorst(part: PublicationEvidence | ClientEvidence): string {
  const counts = (['unexpected', 'missing', 'late', 'duplicate', 'outOfOrder'] as const)
    .filter((fault) => part[fault] > 0)
    .map((fault) => `${formatCount(part[fault])} ${fault === 'outOfOrder' ? 'out of order' : fault}`)
  const longest = part.maxMs === undefined ? [] : [`max ${formatMs(part.maxMs)}`]
  return `${part.label} ${[...counts, ...longest].join(', ')}`
}

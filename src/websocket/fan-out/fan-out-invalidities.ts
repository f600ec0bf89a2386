import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { Invalidity } from '../../evidence/verdict.ts'
import { describeUnseen } from '../../runs/unseen.ts'
import { formatCount, formatMs, formatRatio } from '../../stats/units.ts'
import { isRefusal, fixFor } from '../sockets/failure-remedies.ts'
import type { FanOutMeasurement } from './fan-out-measurement.ts'

/** Ratio of subscribed to requested sockets. With less, the applied load was not the requested one. */
const SUBSCRIBED_AT_LEAST = 0.99
/** Ratio of unidentified messages to these and receipts. With more, missing deliveries may be among them. */
const UNIDENTIFIED_AT_MOST = 0.01
/** Ratio of reused ids to receipts. With more, missing deliveries may be among them. */
const REUSED_AT_MOST = 0.01
/** Ratio of deliveries that a feed may have made while no client was connected to all. With more, they may be missing. */
const UNSEEN_AT_MOST = 0.01
/** Ratio of deliveries of unacknowledged moves to all. With more, missing or unexpected deliveries may be among them. */
const UNACKNOWLEDGED_AT_MOST = 0.01
/** Ratio of deliveries to clients that were joining or leaving to all. With more, the verdict is about the smaller part. */
const OPEN_AT_MOST = 0.5

/** Reasons why the sockets make a run invalid. */
export function socketInvalidities({ sockets, diagnosis, abortReason }: FanOutMeasurement): Invalidity[] {
  const { requested, subscribed } = sockets
  if (requested === 0) return []
  const failures = Object.entries(sockets.failures)
  // Most frequent first; the order of the handshakes is chance.
  const sorted = failures.toSorted(([a, most], [b, count]) => count - most || (a < b ? -1 : 1))
  const kinds = sorted.map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
  const refused = failures.reduce((sum, [kind, count]) => (isRefusal(kind) ? sum + count : sum), 0)
  // If the target refused this many, the sockets that the generator may have failed to connect do not matter.
  const isTargets =
    abortReason === undefined && diagnosis === undefined && refused > requested * (1 - SUBSCRIBED_AT_LEAST)
  const blame = isTargets ? { blame: 'target' as const } : {}
  if (subscribed === 0)
    return [
      {
        ...blame,
        reason: 'no-samples',
        finding: `none of ${formatCount(requested)} sockets was subscribed${kinds === '' ? '' : ` (${kinds})`}; nothing was published`,
        fix:
          diagnosis ??
          fixFor(failures.map(([kind]) => kind)) ??
          'check that the target listens at this address and path, and that headers and subscription are correct',
      },
    ]
  if (subscribed >= requested * SUBSCRIBED_AT_LEAST || abortReason !== undefined) return []
  return [
    {
      ...blame,
      reason: 'offered-rate-missed',
      finding:
        `only ${formatCount(subscribed)} of ${formatCount(requested)} sockets ` +
        `(${formatRatio(subscribed / requested)}) were subscribed: ${kinds}`,
      fix:
        fixFor(failures.map(([kind]) => kind)) ??
        'the requested load was not applied: lower connectRate, raise handshakeTimeout, or request fewer connections',
    },
  ]
}

/** Reasons why clients that were joining or leaving for too long make a run invalid. */
export function moveInvalidities(measured: FanOutMeasurement): Invalidity[] {
  const { deliveries, subscribeTimeoutMs, moves, open, abortReason } = measured
  if (abortReason !== undefined) return []
  const { expected } = deliveries
  const ratioOf = (count: number) => count / (expected + open.all)
  const describe = (count: number, limit: number) =>
    `${formatCount(count)} of ${formatCount(expected + open.all)} deliveries (${formatRatio(ratioOf(count))}) ` +
    `cannot be judged, limit ${formatRatio(limit)}`
  if (ratioOf(open.unacknowledged) > UNACKNOWLEDGED_AT_MOST)
    return [
      {
        reason: 'undecided',
        finding:
          `${formatCount(moves.unacknowledged)} of ${formatCount(moves.made)} moves were not acknowledged within ` +
          `${formatMs(subscribeTimeoutMs)}, or by a new connection: ${describe(open.unacknowledged, UNACKNOWLEDGED_AT_MOST)}`,
        fix: 'check whether the target processes and acknowledges these moves, and whether isSubscribed recognizes the acknowledgement',
      },
    ]
  if (ratioOf(open.all) > OPEN_AT_MOST)
    return [
      {
        reason: 'undecided',
        finding: `clients were joining or leaving for most of the time: ${describe(open.all, OPEN_AT_MOST)}`,
        fix: 'check how long the target takes to acknowledge moves; lengthen the run, move less often, or lower joinDelay',
      },
    ]
  return []
}

/** Reasons why messages that cannot be distinguished make a run invalid. */
export function messageInvalidities(measured: FanOutMeasurement): Invalidity[] {
  const { deliveries, traces, feed, lostDeliveries, ambiguous, foreignLabels } = measured
  const found: Invalidity[] = []
  const { received, duplicate, optional, unexpected, unidentified } = deliveries
  const all = received + duplicate + optional + unexpected + unidentified
  if (unidentified > all * UNIDENTIFIED_AT_MOST)
    found.push({
      reason: 'undecided',
      finding:
        `${formatCount(unidentified)} of ${formatCount(all)} messages (${formatRatio(unidentified / all)}) were not identified, ` +
        `limit ${formatRatio(UNIDENTIFIED_AT_MOST)}: deliveries counted as missing may be among them. The first: ${traces.unidentified}`,
      fix: "change identify to recognize them, and to return 'other' for messages that are not publications",
    })
  if (lostDeliveries > 0)
    found.push({
      reason: 'undecided',
      finding: `the publications of ${formatCount(lostDeliveries)} deliveries are unknown: too many arrived before their ids were known, or too many ids before the run`,
      fix: 'make the target respond to publish.send sooner, or request fewer connections',
    })
  if (ambiguous !== undefined)
    found.push({
      reason: 'undecided',
      finding:
        `ids are not unique: publish.send resolved to the same id for several publications, and ${formatCount(ambiguous.count)} ` +
        `messages may belong to any of them; the first id: ${JSON.stringify(ambiguous.sample.slice(0, 60))}`,
      fix: 'if ids are unique only within a group, return { id, group } from identify; otherwise resolve publish.send to a unique id',
    })
  if (foreignLabels !== undefined)
    found.push({
      reason: 'undecided',
      finding:
        `identify returned groups that the run does not have, and not one for each of its groups, for ` +
        `${formatCount(foreignLabels.count)} messages: ${foreignLabels.sample}; whether they belong to the right group is unknown`,
      fix: 'return from identify the group by the name in the option group, or omit it if ids are unique in the run',
    })
  if (feed === undefined) return found
  if (!measured.hasPublished) return [...found, ...nothingPublished(measured)]
  const numbering = numberingInvalidities(feed, received)
  // A feed that reuses ids seems silent for that reason.
  const isNobodyLeft = measured.subscribedAtEnd === 0
  const silence = isReused(feed, received) ? [] : feedSilence(feed, isNobodyLeft)
  const unseen = silence.length > 0 ? [] : unseenInvalidities(feed, deliveries.expected, isNobodyLeft)
  return [...found, ...numbering, ...stampInvalidities(feed, measured.lateThresholdMs), ...silence, ...unseen]
}

/** The reason not to judge a feed whose clients were all away for too long. */
function unseenInvalidities({ unseen, ...feed }: FeedFigures, expected: number, isNobodyLeft: boolean): Invalidity[] {
  if (unseen === undefined || unseen.deliveries <= (expected + unseen.deliveries) * UNSEEN_AT_MOST) return []
  const ratio = formatRatio(unseen.deliveries / (expected + unseen.deliveries))
  return [
    {
      reason: 'undecided',
      finding: `${describeUnseen(unseen)} (${ratio} of the deliveries, limit ${formatRatio(UNSEEN_AT_MOST)}): whether they are missing is unknown`,
      fix: isNobodyLeft
        ? 'find out why the target closed the connections'
        : feed.isNumbered && feed.orderedBy === 'sequence'
          ? 'lengthen the run, so that the sequences of later publications show what was missed'
          : 'return sequence from identify, which shows what was missed, or find out why the target closed the connections',
      ...(isNobodyLeft ? { blame: 'target' as const } : {}),
    },
  ]
}

/** Reasons why the ids or sequences of a feed make a run invalid. */
function numberingInvalidities(feed: FeedFigures, received: number): Invalidity[] {
  const { fell, reused, stale, badUnit, step } = feed
  const found: Invalidity[] = []
  if (fell !== undefined)
    found.push({
      reason: 'undecided',
      finding:
        `the feed's sequence fell from ${fell.from} to ${fell.to}, and ${formatCount(fell.count)} publications in total have a ` +
        'lower sequence than earlier ones: which of them are missing or out of order is unknown',
      fix:
        'if each instrument, topic or room has its own sequence, return its name as group from identify; if the feed restarted, ' +
        'find out why, or return a group that changes with each restart; if it replays publications from before the run, return publishedAtMs',
    })
  if (reused !== undefined && isReused(feed, received))
    found.push({
      reason: 'undecided',
      finding:
        `ids are not unique: ${formatCount(reused.count)} messages have an id that their client received with another sequence, ` +
        `the first ${JSON.stringify(reused.id.slice(0, 60))}, with ${reused.first} and with ${reused.again}`,
      fix: 'return a unique id from identify, such as the sequence',
    })
  else if (stale !== undefined && fell === undefined && badUnit === undefined)
    found.push({
      reason: 'undecided',
      finding: `${formatCount(stale)} messages arrived while deliveries were counted, and none of them had the id of a new publication`,
      fix: 'return a unique id from identify, and publishedAtMs in milliseconds or not at all',
    })
  if (step !== undefined && fell === undefined)
    found.push({
      reason: 'undecided',
      finding:
        step < 1
          ? `the feed's sequence rises by less than one, such as ${step}, from one publication to the next: how many publications were skipped is unknown`
          : `the feed's sequence nearly always rises by ${step} from one publication to the next: whether the numbers between were skipped is unknown`,
      fix: `return a sequence from identify that rises by one, such as this one divided by ${step}, or omit it`,
    })
  else if (!feed.isNumbered && fell === undefined)
    found.push({
      reason: 'undecided',
      finding: `the feed skipped ${formatCount(feed.leftOut)} sequences, more than ten for each publication received`,
      fix: 'return sequence from identify only if it rises by one from each publication (of a group) to the next',
    })
  return found
}

/** Whether too many ids belong to several publications. */
function isReused({ reused }: FeedFigures, received: number): boolean {
  return reused !== undefined && reused.count > received * REUSED_AT_MOST
}

/** Reasons why the time stamps of a feed make a run invalid. */
function stampInvalidities(feed: FeedFigures, lateThresholdMs: number): Invalidity[] {
  const { badUnit, wentBackMs, isClockUnsteady, isClockUnknown, driftMs } = feed
  const undecided = (finding: string, fix: string): Invalidity[] => [{ reason: 'undecided', finding, fix }]
  if (badUnit !== undefined)
    return undecided(
      `time stamps advanced by ${formatCount(Math.round(badUnit.advanced))} in ${formatMs(badUnit.tookMs)}: publishedAtMs is not in milliseconds`,
      'return publishedAtMs in milliseconds since 1970 from identify: seconds times 1000, or microseconds divided by 1000',
    )
  if (wentBackMs !== undefined)
    return undecided(
      `time stamps of the feed went back by ${formatMs(wentBackMs)} while its sequence rose: its clock was set back, and lags are unknown`,
      "check that the clock of the feed's machine is steady and that all publishers use the same clock, or omit publishedAtMs",
    )
  if (!isClockUnsteady) return []
  if (isClockUnknown === true)
    return undecided(
      "no message with a time stamp arrived during the warm-up, in which the offset of the feed's clock is estimated",
      'lengthen the warm-up until the feed publishes, or start publishing before the run',
    )
  return undecided(
    `the fastest delivery of the counted part was ${formatMs(driftMs)} faster than all earlier ones, limit ` +
      `${formatMs(lateThresholdMs / 10)}: until then the estimated offset of the feed's clock was wrong`,
    'lengthen the warm-up, in which the offset is estimated',
  )
}

/** The reason why a feed cannot be judged of which no publication arrived; empty if the sockets or an abort explain that. */
function nothingPublished({ sockets, traces, abortReason, subscribedAtEnd }: FanOutMeasurement): Invalidity[] {
  if (sockets.subscribed === 0 || abortReason !== undefined) return []
  const { others } = traces
  const arrived =
    others === undefined
      ? 'no message arrived'
      : `${formatCount(others.count)} messages arrived in which identify found no publication (the first: ${others.sample})`
  return [
    {
      reason: 'no-samples',
      finding: `the feed published nothing: ${arrived}`,
      fix:
        others === undefined
          ? 'check whether the feed publishes to these clients: they may have to subscribe first'
          : 'check identify',
      ...(subscribedAtEnd === 0 ? { blame: 'target' as const } : {}),
    },
  ]
}

/** What was silent, and the reason; `undefined` if nothing was. */
function silenceIn({ silentMs, silentGroups, onlyBefore }: FeedFigures): [string, Invalidity['reason']] | undefined {
  if (silentMs !== undefined) return [`nothing was published in the last ${formatMs(silentMs)} of the run`, 'undecided']
  if (onlyBefore !== undefined)
    return [
      `nothing was published while deliveries were counted, after ${formatCount(onlyBefore)} publications before that`,
      'no-samples',
    ]
  if (silentGroups === undefined) return undefined
  const { count, all, first, silentMs: groupMs } = silentGroups
  const others =
    count === 1
      ? ''
      : `, and too little in ${formatCount(count - 1)} more of the ${formatCount(all)} groups with clients`
  const when =
    groupMs === undefined ? 'while deliveries were counted' : `in the last ${formatMs(groupMs)} in which it had clients`
  return [`nothing was published in the group ${JSON.stringify(first)} ${when}${others}`, 'undecided']
}

function feedSilence(feed: FeedFigures, isNobodyLeft: boolean): Invalidity[] {
  const { repeated } = feed
  const found = silenceIn(feed)
  if (found === undefined) return []
  const [silence, reason] = found
  if (isNobodyLeft)
    return [
      {
        reason,
        finding: `${silence}, at whose end every client had lost its connection`,
        fix: 'find out why the target closed the connections',
        blame: 'target',
      },
    ]
  if (repeated !== undefined)
    return [
      {
        reason,
        finding: `${silence}, although ${formatCount(repeated)} messages with earlier ids arrived: what they are is unknown`,
        fix: 'return a unique id from identify, such as the sequence, or find out why the feed repeats itself',
      },
    ]
  return [
    {
      reason,
      finding: `${silence}: whether the feed failed to publish is unknown`,
      fix:
        feed.silentGroups === undefined
          ? 'find out why the feed stopped, or lengthen the run if it publishes rarely'
          : 'find out why nothing reached the clients of the group; if it publishes rarely, lengthen the run or connect no clients to it',
    },
  ]
}

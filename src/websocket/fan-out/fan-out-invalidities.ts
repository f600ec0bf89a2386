import type { FeedFigures } from '../../evidence/fan-out-record.ts'
import type { Invalidity } from '../../evidence/verdict.ts'
import { formatCount, formatMs, formatRatio } from '../../stats/units.ts'
import { isRefusal, remedyFor } from '../sockets/failure-remedies.ts'
import type { FanOutParts } from './fan-out-parts.ts'

/** With fewer of the sockets asked for, the load was another than the one written. */
const SUBSCRIBED_AT_LEAST = 0.99
/** Of the messages that are publications or not identified. With more, what is missing may be among the latter. */
const UNIDENTIFIED_AT_MOST = 0.01
/** Of deliveries received. With more, what counts as missing may be among them. */
const REUSED_AT_MOST = 0.01
/** Of expected deliveries and those of moves that nothing acknowledged. With more, what is missing or leaked may be among them. */
const UNACKNOWLEDGED_AT_MOST = 0.01
/** Of expected deliveries and those of clients that were joining or leaving. With more, the verdict is about the lesser part. */
const OPEN_AT_MOST = 0.5

/** Reasons against a run because of its sockets. */
export function socketInvalidities({ plan, sockets, diagnosis, abortReason }: FanOutParts): Invalidity[] {
  const { everSubscribedCount: subscribed, failures } = sockets
  const kinds = [...failures].map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
  const refused = [...failures].reduce((sum, [kind, count]) => (isRefusal(kind) ? sum + count : sum), 0)
  // What the generator may have kept from connecting could not have turned it.
  const isTargets =
    abortReason === undefined && diagnosis === undefined && refused > plan.clients * (1 - SUBSCRIBED_AT_LEAST)
  const blame = isTargets ? { blame: 'target' as const } : {}
  if (subscribed === 0)
    return [
      {
        ...blame,
        reason: 'no-samples',
        finding: `none of ${formatCount(plan.clients)} sockets was subscribed${kinds === '' ? '' : ` (${kinds})`}; nothing was published`,
        remedy:
          diagnosis ??
          remedyFor([...failures.keys()]) ??
          'see that the target listens at this address and path, and that headers and subscription are right',
      },
    ]
  if (subscribed >= plan.clients * SUBSCRIBED_AT_LEAST || abortReason !== undefined) return []
  return [
    {
      ...blame,
      reason: 'offered-rate-missed',
      finding:
        `only ${formatCount(subscribed)} of ${formatCount(plan.clients)} sockets ` +
        `(${formatRatio(subscribed / plan.clients)}) were subscribed: ${kinds}`,
      remedy:
        remedyFor([...failures.keys()]) ??
        'the load asked for was not put on: lower connectRate, raise handshakeTimeout, or ask for fewer connections',
    },
  ]
}

/** Reasons against a run because too many of its clients were joining or leaving for too long. */
export function moveInvalidities({ plan, ledger, moves, open, abortReason }: FanOutParts): Invalidity[] {
  if (abortReason !== undefined) return []
  const { expected } = ledger.counts(0)
  const shareOf = (count: number) => count / (expected + open.all)
  const words = (count: number, limit: number) =>
    `nothing can be said about ${formatCount(count)} of ${formatCount(expected + open.all)} deliveries ` +
    `(${formatRatio(shareOf(count))}), limit ${formatRatio(limit)}`
  if (shareOf(open.unacknowledged) > UNACKNOWLEDGED_AT_MOST)
    return [
      {
        reason: 'undecided',
        finding:
          `${formatCount(moves.unacknowledged)} of ${formatCount(moves.made)} moves were not acknowledged within ` +
          `${formatMs(plan.subscribeTimeoutMs)}, or by a new connection: ${words(open.unacknowledged, UNACKNOWLEDGED_AT_MOST)}`,
        remedy:
          'see whether the target takes in these moves and acknowledges them, and whether isSubscribed recognises it',
      },
    ]
  if (shareOf(open.all) > OPEN_AT_MOST)
    return [
      {
        reason: 'undecided',
        finding: `clients were joining or leaving for most of the time: ${words(open.all, OPEN_AT_MOST)}`,
        remedy: 'see how long the target takes to acknowledge; lengthen the run, move less often, or lower joinDelay',
      },
    ]
  return []
}

/** Reasons against a run because its messages could not be told apart. */
export function messageInvalidities({
  plan,
  ledger,
  identifier,
  feed,
  lostDeliveries,
  ambiguous,
  foreignLabels,
  sockets,
}: FanOutParts): Invalidity[] {
  const found: Invalidity[] = []
  const { unidentified } = identifier
  const { received, duplicate, optional, unexpected } = ledger.counts(unidentified)
  const all = received + duplicate + optional + unexpected + unidentified
  if (unidentified > all * UNIDENTIFIED_AT_MOST)
    found.push({
      reason: 'undecided',
      finding:
        `${formatCount(unidentified)} of ${formatCount(all)} messages (${formatRatio(unidentified / all)}) were not identified, ` +
        `limit ${formatRatio(UNIDENTIFIED_AT_MOST)}: what counts as missing may be among them. The first: ${identifier.sample}`,
      remedy: "have identify recognise them, and return 'other' for those that are no publications",
    })
  if (lostDeliveries > 0)
    found.push({
      reason: 'undecided',
      finding: `it is not known what ${formatCount(lostDeliveries)} deliveries are: too many came before their ids were known, or too many ids before the run`,
      remedy: 'have the target respond to publish.send sooner, or ask for fewer connections',
    })
  if (ambiguous !== undefined)
    found.push({
      reason: 'undecided',
      finding:
        `ids are not unique: publish.send resolved to the same id for several publications, and ${formatCount(ambiguous.count)} ` +
        `messages may be of any of them; the first id: ${JSON.stringify(ambiguous.sample.slice(0, 60))}`,
      remedy:
        'if ids are unique within a group only, return { id, group } from identify; otherwise have publish.send resolve to an id that no other publication has',
    })
  if (foreignLabels !== undefined)
    found.push({
      reason: 'undecided',
      finding:
        `identify returned groups that the run does not have, and not one for each of its groups, for ` +
        `${formatCount(foreignLabels.count)} messages: ${foreignLabels.sample}; whether they are of the right group is not known`,
      remedy:
        'return as group from identify the name that the option group gives it, or leave it out if ids are unique in the run',
    })
  if (feed === undefined || ledger.publications.length === 0) return found
  const numbering = numberingInvalidities(feed, received)
  // Ids that came before name nothing new: that the feed fell silent follows from it.
  const silence = isReused(feed, received) ? [] : feedSilence(feed, sockets.subscribedCount === 0)
  return [...found, ...numbering, ...stampInvalidities(feed, plan.lateAfterMs), ...silence]
}

/** Reasons against the ids and sequences of a feed. */
function numberingInvalidities(feed: FeedFigures, received: number): Invalidity[] {
  const { fell, reused, stale, badUnit, step } = feed
  const found: Invalidity[] = []
  if (fell !== undefined)
    found.push({
      reason: 'undecided',
      finding:
        `the feed's sequence fell from ${fell.from} to ${fell.to}, and ${formatCount(fell.count)} publications in all have a ` +
        'lower one than those before them: what is missing or out of order among them is not known',
      remedy:
        'if each instrument, topic or room is numbered by itself, return it as group from identify; if the feed began again, ' +
        'see why, or return what changes then as group; if it shows again what was published before the run, return publishedAtMs',
    })
  if (reused !== undefined && isReused(feed, received))
    found.push({
      reason: 'undecided',
      finding:
        `ids are not unique: ${formatCount(reused.count)} messages carry an id that their client had with another sequence, ` +
        `the first ${JSON.stringify(reused.id.slice(0, 60))}, with ${reused.first} and with ${reused.again}`,
      remedy: 'return from identify an id that no other publication has, such as the sequence',
    })
  else if (stale !== undefined && fell === undefined && badUnit === undefined)
    found.push({
      reason: 'undecided',
      finding: `${formatCount(stale)} messages came while deliveries were counted, and none of them named a publication that was new then`,
      remedy:
        'return from identify an id that no other publication has, and publishedAtMs in milliseconds, or leave it out',
    })
  if (step !== undefined && fell === undefined)
    found.push({
      reason: 'undecided',
      finding: `the feed's sequence nearly always rises by ${step} from one publication to the next: whether those between were left out is not known`,
      remedy: `return from identify a sequence that rises by one, such as this one divided by ${step}, or leave it out`,
    })
  else if (!feed.isNumbered && fell === undefined)
    found.push({
      reason: 'undecided',
      finding: `${formatCount(feed.leftOut)} sequences were left out by the feed, more than ten for each publication received`,
      remedy:
        'leave sequence out of what identify returns unless the feed numbers its publications (of a group) one by one',
    })
  return found
}

/** Whether ids that name several publications are too many. */
function isReused({ reused }: FeedFigures, received: number): boolean {
  return reused !== undefined && reused.count > received * REUSED_AT_MOST
}

/** Reasons against the time stamps of a feed. */
function stampInvalidities(feed: FeedFigures, lateAfterMs: number): Invalidity[] {
  const { badUnit, wentBackMs, isClockUnsteady, isClockUnknown, driftMs } = feed
  const undecided = (finding: string, remedy: string): Invalidity[] => [{ reason: 'undecided', finding, remedy }]
  if (badUnit !== undefined)
    return undecided(
      `time stamps advanced by ${formatCount(Math.round(badUnit.advanced))} in ${formatMs(badUnit.tookMs)}: publishedAtMs is not in milliseconds`,
      'return publishedAtMs in milliseconds since 1970 from identify: seconds times 1000, or microseconds divided by 1000',
    )
  if (wentBackMs !== undefined)
    return undecided(
      `time stamps of the feed went back by ${formatMs(wentBackMs)} though its sequence rose: its clock was set back, and lags are not known`,
      "see that the clock of the feed's machine is steady, and that all that publish use one clock; or leave publishedAtMs out",
    )
  if (!isClockUnsteady) return []
  if (isClockUnknown === true)
    return undecided(
      "no message with a time stamp came during the warm-up, in which the distance of the feed's clock is estimated",
      'lengthen the warm-up until the feed publishes, or have it publish before the run',
    )
  return undecided(
    `the fastest delivery of the counted part was ${formatMs(driftMs)} faster than all before it, limit ` +
      `${formatMs(lateAfterMs / 10)}: the distance of the feed's clock was estimated wrongly until then`,
    'lengthen the warm-up, in which the distance is estimated',
  )
}

function feedSilence({ silentMs, repeated = 0 }: FeedFigures, isNobodyLeft: boolean): Invalidity[] {
  if (silentMs === undefined) return []
  const found = `nothing was published in the last ${formatMs(silentMs)} of the run`
  const isRepeating = repeated > 0
  return [
    {
      reason: 'undecided',
      finding: isRepeating
        ? `${found}, though ${formatCount(repeated)} messages came, with ids that had come before: what they are is not known`
        : `${found}: what the feed did not send is not known`,
      remedy: isRepeating
        ? 'return from identify an id that no other publication has, such as the sequence; or see why the feed repeats itself'
        : 'see why the feed stopped',
      ...(isNobodyLeft ? { blame: 'target' as const } : {}),
    },
  ]
}

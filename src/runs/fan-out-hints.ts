import type { FanOutRecord } from '../evidence/fan-out-record.ts'
import { formatCount, formatDuration } from '../stats/units.ts'

/** Ratio of the missing deliveries from which a cause explains them. */
const MOST_RATIO = 0.8
/** Close codes for unauthorized clients: by RFC 6455, IANA's registry, and common use. */
const UNAUTHORISED = /code (1008|3000|3003|4001|4003|4401|4403)\b|unauthori[sz]ed|forbidden|token/i
const HEARTBEAT_MISSED = /heart-?_?beat|ping|idle|time-?d? ?out|inactiv/i

/** Most certain cause of the faults of a fan-out, with a fix. */
export function fanOutHint(record: FanOutRecord): string | undefined {
  const { deliveries } = record
  if (deliveries.missing > 0)
    return (
      rejectedJoins(record) ??
      closedSockets(record) ??
      unrecognised(record) ??
      noneIdentified(record) ??
      failedPublications(record) ??
      assumedJoin(record) ??
      unpublished(record) ??
      silentJoins(record) ??
      mislabelled(record) ??
      misdelivered(record) ??
      leaks(record)
    )
  return mislabelled(record) ?? leaks(record) ?? (deliveries.unidentified > 0 ? unrecognised(record) : racing(record))
}

/** Hint about messages that were not for their client, independent of other faults. */
export function unexpectedHint(record: FanOutRecord): string | undefined {
  const { deliveries, traces } = record
  if (deliveries.unexpected === 0) return deliveries.received === 0 ? noneIdentified(record) : undefined
  return traces.unknownIds >= deliveries.unexpected * MOST_RATIO
    ? unknownIds(record)
    : (mislabelled(record) ?? leaks(record))
}

/** Hint about deliveries out of order, independent of other faults. */
export function orderHint(record: FanOutRecord): string | undefined {
  return racing(record) ?? noneIdentified(record)
}

function closedSockets({ deliveries, clients, closings, traces, heartbeats }: FanOutRecord): string | undefined {
  let missing = 0
  for (const client of closings.keys()) missing += clients.missing[client]!
  if (missing < deliveries.missing * MOST_RATIO) return undefined
  const kinds = new Map<string, number>()
  for (const why of closings.values()) kinds.set(why, (kinds.get(why) ?? 0) + 1)
  const [why] = [...kinds].toSorted(([, a], [, b]) => b - a)[0]!
  if (why.startsWith('closed by this client'))
    return `find out what the target sent before the socket of ${counted(closings.size, 'client')} had to be closed: most missing deliveries belong to them (${why})`
  const found = `most missing deliveries belong to the ${counted(closings.size, 'client')} whose socket the other side closed (e.g. ${why})`
  if (UNAUTHORISED.test(why))
    return `${found}: the target refused them; check their credentials, and how long these are valid`
  if (traces.heartbeat !== undefined)
    return `${found}; the target sent ${traces.heartbeat}, which looks like a heartbeat, and got no response: set heartbeat or framing`
  if (HEARTBEAT_MISSED.test(why) && heartbeats === undefined)
    return `${found}: it may require regular messages; set heartbeat: { every, message }`
  return `${found}: see the log of the target`
}

function unrecognised({ deliveries, traces }: FanOutRecord): string | undefined {
  const { unidentified, missing } = deliveries
  if (unidentified >= missing * (1 - MOST_RATIO) && unidentified > 0)
    return `${counted(unidentified, 'message')} were not identified, the first: ${traces.unidentified}; check identify`
  if (traces.unknownIds >= missing * (1 - MOST_RATIO) && traces.unknownIds > 0) return unknownIds({ traces })
  return undefined
}

function unknownIds({ traces }: Pick<FanOutRecord, 'traces'>): string {
  return (
    `${counted(traces.unknownIds, 'message')} had ids that no publication of the run has (${traces.unexpected}): ` +
    'check which id identify returns; if the target generates the ids, resolve publish.send with the id that it returned'
  )
}

/** Messages arrived, but none was identified as a publication. */
function noneIdentified({ deliveries, publications, traces }: FanOutRecord): string | undefined {
  const { others } = traces
  if (others === undefined || deliveries.received > 0 || others.count < publications.length) return undefined
  return (
    `no publication was received, but ${counted(others.count, 'message')} arrived in which identify found none ` +
    `(the first: ${others.sample}): check identify`
  )
}

function failedPublications({ deliveries, publications }: FanOutRecord): string | undefined {
  const failed = publications.filter(({ isFailed }) => isFailed)
  if (missingIn(failed) < deliveries.missing * MOST_RATIO) return undefined
  return `find out why publish.send failed: most missing deliveries belong to its ${counted(failed.length, 'failed publication')}`
}

function rejectedJoins({ deliveries, traces }: FanOutRecord): string | undefined {
  const { rejected } = traces.failedJoins ?? {}
  if (rejected === undefined || rejected.missing < deliveries.missing * MOST_RATIO) return undefined
  const [whose, may] = rejected.count === 1 ? ['the client', 'the group'] : ['the clients', 'these groups']
  return (
    `most missing deliveries belong to ${counted(rejected.count, 'join')} that the target rejected (the first: ` +
    `${rejected.sample}): check whether ${whose} may join ${may}, and the credentials`
  )
}

/** Joins during the run without an effect, whether or not the target acknowledged them. */
function silentJoins({ deliveries, traces }: FanOutRecord): string | undefined {
  const { silent } = traces.failedJoins ?? {}
  if (silent === undefined || silent.missing < deliveries.missing * MOST_RATIO) return undefined
  return (
    `most missing deliveries belong to ${counted(silent.count, 'join')} during the run after which the client received nothing ` +
    `of the group (the first: ${silent.sample}): check whether the target accepted ${silent.count === 1 ? 'it' : 'them'}`
  )
}

/** Deliveries are only missing at the beginning, when clients may not have joined yet. */
function assumedJoin({ deliveries, publications, assumedJoinMs }: FanOutRecord): string | undefined {
  if (assumedJoinMs === undefined) return undefined
  const firstQuarter = publications.slice(0, Math.max(1, Math.floor(publications.length / 4)))
  if (missingIn(firstQuarter) < deliveries.missing * MOST_RATIO || publications.length < 4) return undefined
  return (
    `most missing deliveries are from the beginning of the run, and joins are not acknowledged: clients were assumed to have ` +
    `joined ${formatDuration(assumedJoinMs)} after subscribing; set isSubscribed, or raise joinDelay`
  )
}

function unpublished({ deliveries, publications }: FanOutRecord): string | undefined {
  const lost = publications.filter(
    ({ missing, expected, unexpected }) => missing === expected && expected > 0 && !(unexpected > 0),
  )
  if (missingIn(lost) < deliveries.missing * MOST_RATIO) return undefined
  const wasPublished = lost.length === 1 ? 'it was' : 'they were'
  return `most missing deliveries belong to ${counted(lost.length, 'publication')} that no client received: check whether ${wasPublished} published`
}

/** Publications that some clients missed and others received that they were not for. */
function misdelivered({ deliveries, publications, traces }: FanOutRecord): string | undefined {
  const misrouted = publications.filter(({ missing, unexpected }) => missing > 0 && unexpected > 0)
  if (missingIn(misrouted) < deliveries.missing * MOST_RATIO) return undefined
  return (
    `most missing deliveries belong to ${counted(misrouted.length, 'publication')} that reached clients that they were not for ` +
    `(${traces.unexpected}): check the groups of the clients in the target, and whether it acknowledges a subscription before the client has joined`
  )
}

/** A publication that arrives with another group is missing in its own. */
function mislabelled({ deliveries, traces }: FanOutRecord): string | undefined {
  const { mislabelled: count = 0 } = traces
  if (count === 0 || count < Math.max(deliveries.unexpected, deliveries.missing) * MOST_RATIO) return undefined
  return (
    `${counted(count, 'message')} named another group than that of the publication (${traces.unexpected}): ` +
    'check which group the target writes into them, and which one identify returns'
  )
}

function leaks({ deliveries, traces }: FanOutRecord): string | undefined {
  if (deliveries.unexpected === 0) return undefined
  return `check the groups of the clients in the target: ${counted(deliveries.unexpected, 'delivery')} reached clients that they were not for (${traces.unexpected})`
}

function racing({ deliveries }: FanOutRecord): string | undefined {
  if (deliveries.racing === 0) return undefined
  return (
    `${formatCount(deliveries.racing)} of ${formatCount(deliveries.outOfOrder)} deliveries out of order are of publications that ` +
    "were sent to the target at the same time, in either order: return the target's sequence number as sequence from identify"
  )
}

function missingIn(publications: readonly { readonly missing: number }[]): number {
  return publications.reduce((sum, { missing }) => sum + missing, 0)
}

function counted(count: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`
  return `${formatCount(count)} ${count === 1 ? noun : plural}`
}

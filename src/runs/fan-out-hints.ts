import type { FanOutRecord } from '../evidence/fan-out-record.ts'
import { formatCount, formatDuration } from '../stats/units.ts'

/** A cause explains what is missing if it accounts for so much of it. */
const MOST = 0.8
/** Codes by which targets close sockets that are not allowed in: RFC 6455, IANA's registry, and common use. */
const UNAUTHORISED = /code (1008|3000|3003|4001|4003|4401|4403)\b|unauthori[sz]ed|forbidden|token/i
const HEARTBEAT_MISSED = /heart-?_?beat|ping|idle|time-?d? ?out|inactiv/i

/** The cause that the messages and sockets of a fan-out name for what is wrong with it, and what to do; the surest first. */
export function fanOutHint(record: FanOutRecord): string | undefined {
  const { deliveries } = record
  if (deliveries.missing > 0)
    return (
      closedSockets(record) ??
      unrecognised(record) ??
      nothingTaken(record) ??
      failedPublications(record) ??
      assumedJoin(record) ??
      unpublished(record) ??
      mislabelled(record) ??
      misdelivered(record) ??
      leaks(record)
    )
  return mislabelled(record) ?? leaks(record) ?? (deliveries.unidentified > 0 ? unrecognised(record) : racing(record))
}

/** What messages that were not for their client suggest to do next, whatever else is wrong. */
export function unexpectedHint(record: FanOutRecord): string | undefined {
  const { deliveries, traces } = record
  if (deliveries.unexpected === 0) return deliveries.received === 0 ? nothingTaken(record) : undefined
  return traces.unknownIds >= deliveries.unexpected * MOST ? unknownIds(record) : (mislabelled(record) ?? leaks(record))
}

/** What deliveries out of order suggest to do next, whatever else is wrong. */
export function orderHint(record: FanOutRecord): string | undefined {
  return racing(record) ?? nothingTaken(record)
}

function closedSockets({ deliveries, clients, closings, traces, heartbeats }: FanOutRecord): string | undefined {
  let missing = 0
  for (const client of closings.keys()) missing += clients.missing[client]!
  if (missing < deliveries.missing * MOST) return undefined
  const kinds = new Map<string, number>()
  for (const why of closings.values()) kinds.set(why, (kinds.get(why) ?? 0) + 1)
  const [why] = [...kinds].toSorted(([, a], [, b]) => b - a)[0]!
  if (why.startsWith('closed by this client'))
    return `most missing deliveries belong to ${counted(closings.size, 'client')} whose socket had to be closed: ${why}`
  const found = `most missing deliveries belong to the ${counted(closings.size, 'client')} whose socket the other side closed (e.g. ${why})`
  if (UNAUTHORISED.test(why))
    return `${found}: the target refused them; see what it authorises by, and how long that holds`
  if (traces.heartbeat !== undefined)
    return `${found}; the target sent ${traces.heartbeat}, which looks like a heartbeat, and nothing responded: see heartbeat and framing`
  if (HEARTBEAT_MISSED.test(why) && heartbeats === undefined)
    return `${found}: it may want a message now and then; see heartbeat: { every, message }`
  return found
}

function unrecognised({ deliveries, traces }: FanOutRecord): string | undefined {
  const { unidentified, missing } = deliveries
  if (unidentified >= missing * (1 - MOST) && unidentified > 0)
    return `${counted(unidentified, 'message')} were not identified, the first: ${traces.unidentified}; see identify`
  if (traces.unknownIds >= missing * (1 - MOST) && traces.unknownIds > 0) return unknownIds({ traces })
  return undefined
}

function unknownIds({ traces }: Pick<FanOutRecord, 'traces'>): string {
  return (
    `${counted(traces.unknownIds, 'message')} had ids that no publication of the run has (${traces.unexpected}): ` +
    'see which id identify returns; if the target makes the ids, have publish.send resolve to the one it gave'
  )
}

/** Messages came, and no publication was found in any. */
function nothingTaken({ deliveries, publications, traces }: FanOutRecord): string | undefined {
  const { others } = traces
  if (others === undefined || deliveries.received > 0 || others.count < publications.length) return undefined
  return (
    `no publication was received, though ${counted(others.count, 'message')} came in which identify found none ` +
    `(the first: ${others.sample}): see identify`
  )
}

function failedPublications({ deliveries, publications }: FanOutRecord): string | undefined {
  const failed = publications.filter(({ isFailed }) => isFailed)
  if (sumOf(failed) < deliveries.missing * MOST) return undefined
  return `most missing deliveries belong to ${counted(failed.length, 'publication')} that publish.send failed on`
}

/** Missing at the beginning only, for clients that were not known to be joined. */
function assumedJoin({ deliveries, publications, assumedJoinMs }: FanOutRecord): string | undefined {
  if (assumedJoinMs === undefined) return undefined
  const half = publications.slice(0, Math.max(1, Math.floor(publications.length / 4)))
  if (sumOf(half) < deliveries.missing * MOST || publications.length < 4) return undefined
  return (
    `most missing deliveries are of the run's beginning, and nothing acknowledges that a client is joined: it was assumed ` +
    `${formatDuration(assumedJoinMs)} after its subscription; give isSubscribed, or raise joinDelay`
  )
}

function unpublished({ deliveries, publications }: FanOutRecord): string | undefined {
  const lost = publications.filter(
    ({ missing, expected, unexpected }) => missing === expected && expected > 0 && !(unexpected > 0),
  )
  if (sumOf(lost) < deliveries.missing * MOST) return undefined
  const them = lost.length === 1 ? 'it was' : 'they were'
  return `most missing deliveries belong to ${counted(lost.length, 'publication')} that nobody received: see whether ${them} published at all`
}

/** Those that missed a publication, and those that received it though it was not for them. */
function misdelivered({ deliveries, publications, traces }: FanOutRecord): string | undefined {
  const strayed = publications.filter(({ missing, unexpected }) => missing > 0 && unexpected > 0)
  if (sumOf(strayed) < deliveries.missing * MOST) return undefined
  return (
    `most missing deliveries belong to ${counted(strayed.length, 'publication')} that reached clients that they were not for ` +
    `(${traces.unexpected}): see which groups the target has its clients in, and whether it acknowledges a client before it has joined it`
  )
}

/** Those that receive a publication with another group miss it in its own. */
function mislabelled({ deliveries, traces }: FanOutRecord): string | undefined {
  const { mislabelled: count = 0 } = traces
  if (count === 0 || count < Math.max(deliveries.unexpected, deliveries.missing) * MOST) return undefined
  return (
    `${counted(count, 'message')} named another group than that of the publication (${traces.unexpected}): ` +
    'see which group the target writes into them, and which one identify returns'
  )
}

function leaks({ deliveries, traces }: FanOutRecord): string | undefined {
  if (deliveries.unexpected === 0) return undefined
  return `${counted(deliveries.unexpected, 'delivery')} reached clients that they were not for: ${traces.unexpected}`
}

function racing({ deliveries }: FanOutRecord): string | undefined {
  if (deliveries.racing === 0) return undefined
  return (
    `${formatCount(deliveries.racing)} of ${formatCount(deliveries.outOfOrder)} deliveries out of order are of publications that ` +
    "were under way to the target at the same time, in either order: return the target's own number as sequence from identify"
  )
}

function sumOf(publications: readonly { readonly missing: number }[]): number {
  return publications.reduce((sum, { missing }) => sum + missing, 0)
}

function counted(count: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`
  return `${formatCount(count)} ${count === 1 ? noun : plural}`
}

import type { RunWindow } from '../evidence/run-window.ts'
import { formatCount } from '../stats/units.ts'
import { sumOf, type InstanceWindow } from './instance.ts'

/** Names under which common libraries count every request that a server responds to. */
const KNOWN: readonly string[] = [
  ...['requests_total', 'http_requests_total', 'http_request_total', 'http_server_requests_total'],
  ...['http_requests_received_total', 'http_server_requests_seconds_count', 'http_requests_seconds_count'],
  ...['http_request_duration_seconds_count', 'http_requests_duration_seconds_count', 'request_duration_seconds_count'],
  ...['http_request_duration_ms_count', 'http_request_duration_milliseconds_count'],
  ...['http_server_request_duration_seconds_count', 'http_server_duration_seconds_count'],
  ...['http_server_duration_milliseconds_count', 'http_response_time_seconds_count'],
]
/** Fewer say little: the two are counted at slightly different times. */
const MIN_REQUESTS = 100
/** Two processes that share connections evenly count half; one that counts all of them, nearly all. */
const LEAST_SHARE = 0.75

/** What a run sent, for comparison with what the target counted. */
export interface SentRequests {
  /** Responses in the scope of the run. */
  readonly responses: number
  /** The target's counter of all requests; `false`: it has none, and nothing is compared. @default by common names */
  readonly counter?: string | false | undefined
}

/**
 * Compares the target's request counters with what a run sent in the time between two scrapes. More than that may have
 * come from other clients; fewer means that the counters are not of the whole target.
 *
 * @returns what differs; `undefined` if nothing does, or there is nothing to compare
 */
export function uncountedRequests(
  { responses, counter }: SentRequests,
  instances: readonly InstanceWindow[],
  { spans }: RunWindow,
): string | undefined {
  const spansMs = spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
  const coveredMs = Math.min(...instances.map(({ covered }) => overlapMs(covered, spans)))
  const expected = spansMs > 0 ? (responses * coveredMs) / spansMs : 0
  if (counter === false || instances.length === 0 || expected < MIN_REQUESTS) return undefined
  const counted = (counter === undefined ? KNOWN : [counter]).flatMap((name) => {
    const grown = sumOf(instances.map((instance) => instance.growth({ name, matchers: [] })))
    return grown === undefined || !(grown.delta > 0) ? [] : [{ name, count: grown.delta }]
  })
  const [first, ...others] = counted
  if (first === undefined) return undefined
  const most = others.reduce((best, one) => (one.count > best.count ? one : best), first)
  if (most.count >= expected * LEAST_SHARE) return undefined
  return (
    `${most.name} counted ${formatCount(Math.round(most.count))} requests ` +
    `while the run got about ${formatCount(Math.round(expected))} responses`
  )
}

function overlapMs(covered: InstanceWindow['covered'], spans: RunWindow['spans']): number {
  let sum = 0
  for (const one of covered)
    for (const span of spans) sum += Math.max(0, Math.min(one.endMs, span.endMs) - Math.max(one.startMs, span.startMs))
  return sum
}

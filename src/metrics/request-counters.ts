import type { RunWindow } from '../evidence/run-window.ts'
import { formatCount } from '../stats/units.ts'
import { totalGrowth, type InstanceWindow } from './instance.ts'

/** Names of the counters of all requests in common libraries. */
const KNOWN: readonly string[] = [
  ...['requests_total', 'http_requests_total', 'http_request_total', 'http_server_requests_total'],
  ...['http_requests_received_total', 'http_server_requests_seconds_count', 'http_requests_seconds_count'],
  ...['http_request_duration_seconds_count', 'http_requests_duration_seconds_count', 'request_duration_seconds_count'],
  ...['http_request_duration_ms_count', 'http_request_duration_milliseconds_count'],
  ...['http_server_request_duration_seconds_count', 'http_server_duration_seconds_count'],
  ...['http_server_duration_milliseconds_count', 'http_response_time_seconds_count'],
]
/** Minimum number of requests for a comparison: the two are counted at slightly different times. */
const MIN_REQUESTS = 100
/** Minimum ratio of counted requests: one of two processes counts about half, a complete counter nearly all. */
const MIN_RATIO = 0.75

/** Responses of a run, for comparison with the target's counters. */
export interface SentRequests {
  /** Responses in the scope of the run. */
  readonly responses: number
  /** The target's counter of all requests; `false` if it has none: nothing is compared. @default by common names */
  readonly counter?: string | false | undefined
}

/**
 * Compares the target's request counters with the requests of a run between two scrapes. Higher counts may include other
 * clients; lower counts show that the counters do not cover the whole target.
 *
 * @returns the difference; `undefined` if there is none, or nothing to compare
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
    const grown = totalGrowth(instances.map((instance) => instance.growth({ name, matchers: [] })))
    return grown === undefined || !(grown.delta > 0) ? [] : [{ name, count: grown.delta }]
  })
  const [first, ...others] = counted
  if (first === undefined) return undefined
  const most = others.reduce((best, one) => (one.count > best.count ? one : best), first)
  if (most.count >= expected * MIN_RATIO) return undefined
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

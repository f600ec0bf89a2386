import { samplesForPercentile } from '../evidence/sample-size.ts'
import type { VuShortage } from '../evidence/verdict.ts'
import type { ScopeTotals } from '../execution/request-scope.ts'
import type { VuDemand } from '../execution/vu-demand.ts'
import { Histogram } from '../stats/histogram.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { resetHint } from './idle-connections.ts'
import type { ConnectionFigures } from './request-measurement.ts'

/** `demand` is set if all VUs were busy at some time, `shortage` if they were too few. */
interface VuFindings {
  readonly demand: VuDemand | undefined
  readonly shortage: VuShortage | undefined
  /** Whether dropped requests are those of VUs that the target did not serve. */
  readonly dropsUnserved?: boolean
}

/** Hint that the figures of a scope suggest. */
export function hintFor(
  totals: ScopeTotals,
  origin: string,
  vus: VuFindings,
  connections: ConnectionFigures,
): string | undefined {
  const { errors, completed } = totals.sum
  const withheld = vus.dropsUnserved === true ? totals.sum.dropped : 0
  const connect = connectHint(totals, origin, withheld)
  const timeout = timeoutHint(errors)
  const isAtLeast = (kind: ErrorKind, count: number) => (errors.get(kind) ?? 0) >= count
  return (
    (isAtLeast('connect', Math.max(...errors.values())) ? connect : undefined) ??
    statusHint(totals) ??
    redirectHint(totals) ??
    bodyHint(totals) ??
    resetHint(totals, connections) ??
    unmatchedHint(errors, connections) ??
    // VUs waiting for time-outs do not mean that there are too few.
    (isAtLeast('timeout', completed / 2) ? timeout : undefined) ??
    ((errors.get('connect') ?? 0) === 0 ? unservedHint(totals, withheld) : undefined) ??
    (withheld > 0 ? undefined : waitHint(totals, vus)) ??
    timeout ??
    connect
  )
}

/** Details of a WebSocket that the target refused. */
const REFUSAL =
  /, before it was ready$|^status \d{3}\b|^subprotocol |^not acknowledged$| not set up$|^no handshake data/

/** @param withheld number of requests that were due from VUs without a good response */
function unservedHint({ sum }: ScopeTotals, withheld: number): string | undefined {
  if (withheld === 0 || withheld < sum.offered * 0.01) return undefined
  const [most] = [...sum.details].toSorted((a, b) => b[1] - a[1])
  return (
    `find out why the target does not serve some of the users: ${formatCount(withheld)} more requests were due from VUs ` +
    `that got no good response in all their time${most === undefined ? '' : `; most errors: ${most[0]}`}`
  )
}

/** @param withheld number of requests that were due while their VUs could not connect */
function connectHint({ sum }: ScopeTotals, origin: string, withheld: number): string | undefined {
  const count = sum.errors.get('connect') ?? 0
  if (count === 0 || count + withheld < sum.offered * 0.01) return undefined
  const requests =
    `${formatCount(count)} requests could not connect to ${origin}` +
    (withheld === 0 ? '' : `, while ${formatCount(withheld)} more were due`)
  const [refusal] = [...sum.details].filter(([detail]) => REFUSAL.test(detail)).toSorted((a, b) => b[1] - a[1])
  if (refusal !== undefined)
    return `find out in the log of the target why it refused connections: ${requests}, most of them: ${refusal[0]}`
  const code = [...sum.details.keys()].find((detail) => /^E[A-Z]+$/.test(detail))
  return `${requests}${code === undefined ? '' : ` (${code})`}: check that the target is running and accepts that many connections`
}

/** Hint about a status of 301, 302, 303, 307 or 308. */
export const REDIRECT_HINT =
  'redirects are followed only with the option redirects: set redirects: 5, request the URL in the Location header, or add the status to expectStatus if it is expected'

const STATUS_HINTS: Readonly<Record<number, string>> = {
  400: 'check the body, the query and the content type; a check function sees the response',
  401: 'check the authorization header and the rows of data',
  403: 'check the permissions of the users in data',
  404: 'check the path and the base URL',
  405: 'check the method',
  415: 'check the content type',
  429: 'the target limits the rate of requests; add 429 to expectStatus if that is expected',
}

function statusHint({ sum }: ScopeTotals): string | undefined {
  const [status, count] = [...sum.statuses].toSorted((a, b) => b[1] - a[1])[0] ?? []
  if (status === undefined || count! < sum.completed * 0.9 || !sum.details.has(String(status))) return undefined
  const all = count === sum.completed ? 'every response was' : 'nearly every response was'
  const hint = isRedirect(status) ? REDIRECT_HINT : (STATUS_HINTS[status] ?? 'find the cause in the log of the target')
  const body = isRedirect(status) ? '' : sum.samples.get(String(status))
  return `${all} ${status}: ${hint}${body ? `\nbody of the first one: ${body}` : ''}`
}

/** Details of redirects that were not followed, although the run follows redirects. */
const REFUSED_REDIRECT = /^30\d (to|after) /

function redirectHint({ sum }: ScopeTotals): string | undefined {
  const [refused] = [...sum.details].filter(([detail]) => REFUSED_REDIRECT.test(detail)).toSorted((a, b) => b[1] - a[1])
  if (refused === undefined || refused[1] * 2 < sum.errorCount) return undefined
  const [detail, count] = refused
  const fix = detail.includes(' after ')
    ? 'raise redirects, or find out why the target redirects again and again'
    : 'add the host to hosts and allowRemote, or set redirects: 0 for a request whose redirect is expected'
  return `${fix}: ${count === 1 ? '1 redirect was' : `${formatCount(count)} redirects were`} not followed, ${detail}`
}

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Details of wrong bodies that name the mistake. */
const HINTED_BODY = /^(extract|check|not a valid HTTP|the (response|content-encoding|charset|target sent|\w+ stream))/

function bodyHint({ sum }: ScopeTotals): string | undefined {
  const count = sum.errors.get('body') ?? 0
  if (count === 0 || count * 2 < sum.errorCount) return undefined
  const detail = [...sum.details].filter(([text]) => HINTED_BODY.test(text)).toSorted((a, b) => b[1] - a[1])[0]
  if (detail === undefined) return undefined
  const [text, times] = detail
  const what = times === 1 ? '1 response was' : `${formatCount(times)} responses were`
  return `correct the target, or the check of its responses: ${what} not as expected: ${sum.samples.get(text) ?? text}`
}

function waitHint(
  { sum: { good, failed, dropped } }: ScopeTotals,
  { demand, shortage }: VuFindings,
): string | undefined {
  if (shortage !== undefined) return `${shortage.invalidity.finding}: ${shortage.invalidity.fix}`
  if (demand === undefined) return undefined
  const latency = Histogram.merged([good.latency, failed.latency])
  const serviceTime = Histogram.merged([good.serviceTime, failed.serviceTime])
  const waited = latency.percentileUs(0.95) > serviceTime.percentileUs(0.95) * 1.2 + 1000
  if (!waited && dropped === 0) return undefined
  return (
    `find out what slows the target down under load: ${dropped > 0 ? `${formatCount(dropped)} requests were dropped` : 'requests waited'} because the target kept all ${formatCount(demand.vus)} VUs waiting. ` +
    `Under light load an iteration took ${formatMs(demand.lightMs)}; over the run, ${formatMs(demand.busyMs)}`
  )
}

function unmatchedHint(errors: ReadonlyMap<string, number>, { notTaken = 0 }: ConnectionFigures): string | undefined {
  const timeouts = errors.get('timeout') ?? 0
  if (timeouts === 0 || notTaken < timeouts) return undefined
  return (
    `${timeouts === 1 ? '1 request' : `${formatCount(timeouts)} requests`} timed out while ` +
    `${formatCount(notTaken)} messages arrived that did not count as the response: check isResponse and the messages of the target`
  )
}

function timeoutHint(errors: ReadonlyMap<string, number>): string | undefined {
  const timeouts = errors.get('timeout') ?? 0
  return timeouts >= samplesForPercentile(0.5)
    ? `${formatCount(timeouts)} requests timed out: check whether the target still responds`
    : undefined
}

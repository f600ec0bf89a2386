import type { ScopeTotals } from '../execution/request-scope.ts'
import { formatCount } from '../stats/units.ts'
import type { ConnectionFigures } from './request-measurement.ts'

/** Resets after idle times below this ratio of the limit have another cause. */
const NEAR_LIMIT = 0.8

/** Idle time below which the target is assumed to close connections after each response. */
const IMMEDIATE_MS = 10

/** Details of a closed WebSocket, or of an error of a protocol on top of it. */
const CLOSED = /^closed (?:with code|by this client)|^[\w. -]+: /

/** Redirects that were followed, as lines of evidence. */
export function redirectLines({ redirects }: ConnectionFigures): readonly string[] {
  return redirects === undefined ? [] : [`redirects: ${formatCount(redirects)} followed, each as a part of its request`]
}

/** When the target closes connections, as lines of evidence; empty if none had to be reopened. */
export function idleLines({ idleTimeoutMs, replaced, closedIdle }: ConnectionFigures): readonly string[] {
  const reopened = replaced + closedIdle
  if (idleTimeoutMs === undefined || reopened === 0) return []
  return [`connections: ${closingText(idleTimeoutMs)}; ${formatCount(reopened)} reopened`]
}

/** Hint about resets if they are at least 1% of the requests. */
export function resetHint({ sum }: ScopeTotals, connections: ConnectionFigures): string | undefined {
  const count = sum.errors.get('reset') ?? 0
  if (count === 0 || count < sum.offered * 0.01) return undefined
  const ending = [...sum.details].filter(([detail]) => CLOSED.test(detail)).toSorted((a, b) => b[1] - a[1])[0]
  if (ending !== undefined)
    return `find out in the log of the target why connections were closed: ${formatCount(count)} requests got no response because of that, most of them: ${ending[0]}`
  const { resetAfterUse, resetIdleMs, idleTimeoutMs } = connections
  const resets = `${formatCount(count)} requests were reset: the target closed the connection instead of responding`
  if (resetIdleMs === undefined || resetAfterUse * 2 < count)
    return `${resets}. Check whether it crashed, or limits its connections`
  const { min, max } = resetIdleMs
  const idle = `${resets}, on connections used before and idle for ${range(min, max)}`
  if (idleTimeoutMs === undefined) return `${idle}. Check its keep-alive time-out and its logs`
  if (max < idleTimeoutMs * NEAR_LIMIT) return `${idle}. It keeps idle connections open for longer: check its logs`
  return `${idle}; ${closingText(idleTimeoutMs)}. Raise its keep-alive time-out`
}

function closingText(idleTimeoutMs: number): string {
  if (idleTimeoutMs < IMMEDIATE_MS) return 'the target closes connections after each response without announcing it'
  return `the target closes idle connections after about ${seconds(idleTimeoutMs)} s`
}

function range(minMs: number, maxMs: number): string {
  if (maxMs < IMMEDIATE_MS) return 'less than 0.01 s'
  const [min, max] = [seconds(minMs), seconds(maxMs)]
  return min === max ? `${max} s` : `${min}–${max} s`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 95 ? 2 : 1)
}

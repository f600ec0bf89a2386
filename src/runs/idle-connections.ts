import type { ScopeTotals } from '../execution/request-scope.ts'
import { formatCount } from '../stats/units.ts'
import type { ConnectionFigures } from './request-measurement.ts'

/** Resets after shorter idle times than this share of the limit have another cause. */
const NEAR_LIMIT = 0.8

/** Below this, a target closes its connections after each response. */
const AT_ONCE_MS = 10

/** How the closing of a WebSocket, or what a protocol on top of it says, is worded. */
const CLOSED = /^closed (?:with code|by this client)|^[\w. -]+: /

/** When the target closes connections, for the evidence of a run in which that counted. */
export function idleLines({ keptIdleMs, replaced, closedIdle }: ConnectionFigures): readonly string[] {
  const openedAgain = replaced + closedIdle
  if (keptIdleMs === undefined || openedAgain === 0) return []
  return [`connections: ${closing(keptIdleMs)}; ${formatCount(openedAgain)} opened again`]
}

/** What resets suggest to do next, if they are at least a hundredth of the requests. */
export function resetHint({ sum }: ScopeTotals, connections: ConnectionFigures): string | undefined {
  const count = sum.errors.get('reset') ?? 0
  if (count === 0 || count < sum.offered * 0.01) return undefined
  const ending = [...sum.details].filter(([detail]) => CLOSED.test(detail)).toSorted((a, b) => b[1] - a[1])[0]
  if (ending !== undefined)
    return `${formatCount(count)} requests got no response, as their connections ended, most of them: ${ending[0]}`
  const { resetAfterUse, resetIdleMs, keptIdleMs } = connections
  const resets = `${formatCount(count)} requests were reset: the target closed the connection instead of responding`
  if (resetIdleMs === undefined || resetAfterUse * 2 < count)
    return `${resets}. See whether it crashed, or limits its connections`
  const { min, max } = resetIdleMs
  const idle = `${resets}, on connections used before and idle for ${range(min, max)}`
  if (keptIdleMs === undefined) return `${idle}. See its keep-alive time-out and its logs`
  if (max < keptIdleMs * NEAR_LIMIT) return `${idle}. It keeps idle connections for longer: see its logs`
  return `${idle}; ${closing(keptIdleMs)}. Raise its keep-alive time-out`
}

function closing(keptIdleMs: number): string {
  if (keptIdleMs < AT_ONCE_MS) return 'the target closes connections after each response without announcing it'
  return `the target closes idle connections after about ${seconds(keptIdleMs)} s`
}

function range(minMs: number, maxMs: number): string {
  if (maxMs < AT_ONCE_MS) return 'less than 0.01 s'
  const [min, max] = [seconds(minMs), seconds(maxMs)]
  return min === max ? `${max} s` : `${min}–${max} s`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 95 ? 2 : 1)
}

import { formatCount } from '../stats/units.ts'
import type { ConnectionFigures } from './http-measurement.ts'
import type { ScopeTotals } from './http-scope.ts'

/** Below this, a target closes its connections after each response. */
const AT_ONCE_MS = 10

/** When the target closes connections, for the evidence of a run in which that counted. */
export function idleLines({ keptIdleMs, replaced, closedIdle, resetAfterUse }: ConnectionFigures): readonly string[] {
  const openedAgain = replaced + closedIdle
  if (keptIdleMs === undefined || openedAgain + resetAfterUse === 0) return []
  const again = openedAgain === 0 ? '' : `; ${formatCount(openedAgain)} opened again`
  return [`connections: ${closing(keptIdleMs)}${again}`]
}

/** What resets suggest to do next, if they are at least a hundredth of the requests. */
export function resetHint({ sum }: ScopeTotals, connections: ConnectionFigures): string | undefined {
  const count = sum.errors.get('reset') ?? 0
  if (count === 0 || count < sum.offered * 0.01) return undefined
  const { resetAfterUse, resetIdleMs, keptIdleMs } = connections
  const resets = `${formatCount(count)} requests were reset: the target closed the connection instead of responding`
  if (resetIdleMs === undefined || resetAfterUse * 2 < count)
    return `${resets}. See whether it crashed, or limits its connections`
  const known = keptIdleMs === undefined ? '' : ` (${closing(keptIdleMs)})`
  const { min, max } = resetIdleMs
  return `${resets}, on connections used before and idle for ${range(min, max)}${known}. See its keep-alive time-out and its logs`
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

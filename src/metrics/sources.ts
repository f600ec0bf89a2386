import type { RunWindow } from '../evidence/run-window.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatMs } from '../stats/units.ts'
import type { Doubts } from './doubts.ts'
import type { InstanceWindow } from './instance.ts'
import { explainMissing, fixMissing } from './missing.ts'
import type { QueriedSeries } from './queried-series.ts'
import type { Selector } from './selector.ts'

/** Sources of evidence from metrics. */
export interface Sources {
  readonly window: RunWindow
  readonly instances: readonly InstanceWindow[]
  readonly unavailable: string | undefined
  readonly queried: QueriedSeries
  readonly doubts: Doubts
}

/** `steady phase, 10 scrapes over 9.3 s`, with notes on the edges of the scope and on failed scrapes. */
export function scopeLine({ window, instances }: Sources): string {
  const { scope, runStartMs } = window
  const [first] = instances
  if (first === undefined || first.covered.length === 0) return `${scope}, no two scrapes around it`
  const of = instances.length === 1 ? '' : ` of each of ${instances.length} instances`
  const parts = [`${scope}, ${first.scrapeCount} scrapes${of} over ${formatMs(first.coveredMs)}`]
  const outsideMs = first.covered.reduce((sum, span) => sum + span.outsideMs, 0)
  if (outsideMs > 0) parts.push(`${formatMs(outsideMs)} of it in other phases, because the scope is so short`)
  const failures = instances.flatMap(({ history }) => history.failures).filter(({ atMs }) => atMs >= runStartMs)
  if (failures[0] !== undefined) parts.push(`${failures.length} more failed (${failures[0].message})`)
  return parts.join(', ')
}

/** Line about counters that were reset within the window. */
export function resetsLine(resets: number): string[] {
  if (resets === 0) return []
  const times = resets === 1 ? 'once' : `${resets} times`
  return [`a counter was reset ${times}: the target restarted, and its last counts before that are lost`]
}

export function missing({ window, instances }: Sources, selector: Selector): Invalidity {
  return {
    reason: 'metric-missing',
    finding: explainMissing(selector, instances, window.scope),
    fix: fixMissing(instances),
  }
}

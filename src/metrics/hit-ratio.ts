import type { HitRatioEvidence } from '../evidence/utilization-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatCount } from '../stats/units.ts'
import { totalGrowth, type Growth, type InstanceWindow } from './instance.ts'
import { explainUnmoved } from './missing.ts'
import { showSelector, type Selector } from './selector.ts'
import { missing, resetsLine, scopeLine, type Sources } from './sources.ts'

/**
 * Hits and misses over a window. A counter without a series counts as zero if its family is declared and the other
 * counter changed under the same labels: client libraries create a labelled series at its first increment, so a cache
 * that never hits has no series of hits.
 */
export function hitRatioEvidence(sources: Sources, hits: Selector, misses: Selector): HitRatioEvidence {
  const { instances, unavailable, queried, window, doubts } = sources
  const [hit, missed] = [growthOf(hits, instances), growthOf(misses, instances)]
  const unborn = [
    hit === undefined && isZero(hits, misses, missed, instances) ? hits : undefined,
    missed === undefined && isZero(misses, hits, hit, instances) ? misses : undefined,
  ].filter((selector) => selector !== undefined)
  const doubt = doubts.about(hits, 'counter') ?? doubts.about(misses, 'counter')
  const invalidities: Invalidity[] = doubt === undefined ? [] : [doubt]
  if (hit === undefined && !unborn.includes(hits)) invalidities.push(missing(sources, hits))
  if (missed === undefined && !unborn.includes(misses)) invalidities.push(missing(sources, misses))
  if (hit?.delta === 0 && missed?.delta === 0)
    invalidities.push({
      reason: 'metric-missing',
      finding: explainUnmoved(hits, instances, window.scope),
      fix: 'name the counters of the cache that this load uses',
    })
  else queried.hitRatio(`hits: ${showSelector(hits)}`, hits, misses)
  const grown = (growth: Growth | undefined) => `+${formatCount(growth?.delta ?? 0)}`
  return {
    hits: hit?.delta ?? 0,
    misses: missed?.delta ?? 0,
    invalidities,
    unavailable,
    evidenceLines: [
      scopeLine(sources),
      `${showSelector(hits)} ${grown(hit)}   ${showSelector(misses)} ${grown(missed)}`,
      ...unborn.map((selector) => `${showSelector(selector)} has no series yet and counts as 0`),
      ...resetsLine((hit?.resets ?? 0) + (missed?.resets ?? 0)),
    ],
  }
}

function growthOf(selector: Selector, instances: readonly InstanceWindow[]): Growth | undefined {
  return totalGrowth(instances.map((instance) => instance.growth(selector)))
}

/** Whether a counter without a series has counted nothing, judging by the other counter. */
function isZero(
  { name, matchers }: Selector,
  other: Selector,
  grown: Growth | undefined,
  instances: readonly InstanceWindow[],
): boolean {
  if (grown === undefined || grown.delta === 0 || name === other.name) return false
  const alike = JSON.stringify(matchers) === JSON.stringify(other.matchers)
  return alike && instances.some(({ history }) => isDeclared(name, history))
}

/** Whether the family is declared; OpenMetrics declares a counter without `_total`. */
function isDeclared(name: string, history: InstanceWindow['history']): boolean {
  const { types } = history
  return types.has(name) || types.has(name.replace(/_total$/, '')) || history.named(name).length > 0
}

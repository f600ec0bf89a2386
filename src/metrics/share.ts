import type { UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { meanOf } from '../stats/total.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import { missingScrapes, vanishedSeries } from './gauge-gaps.ts'
import type { InstanceWindow, Reading } from './instance.ts'
import { showSelector, type Selector } from './selector.ts'
import { missing, scopeLine, type Sources } from './sources.ts'

/** Utilization of one instance. */
interface Fullness {
  readonly mean: number
  readonly max: number
  readonly maxAtMs: number
  readonly size: number
  readonly count: number
}

/** Ratio of one gauge to another, over the scrapes in scope, of the instance with the highest ratio. */
export function shareEvidence(sources: Sources, what: string, used: Selector, size: Selector): UtilizationEvidence {
  const { instances, unavailable, queried, window, doubts } = sources
  const startMs = window.spans[0]?.startMs ?? window.runStartMs
  const found = instances.map((instance) => fullness(instance, used, size, startMs))
  const all = found.filter((one) => one !== undefined)
  const doubt =
    doubts.about(used, 'gauge') ??
    doubts.about(size, 'gauge') ??
    belowZero(instances, used) ??
    withoutOne(found, used, size) ??
    doubts.ofGaps(used) ??
    doubts.ofGaps(size) ??
    withGaps(sources, found, used, size)
  const base = { what, unavailable, evidenceLines: [scopeLine(sources)], hint: undefined }
  if (all.length === 0) {
    const absent = [used, size].filter((selector) => !hasReadings(selector, instances))
    const why = absent.length > 0 ? absent.map((selector) => missing(sources, selector)) : [withoutSize(size)]
    const invalidities = doubt === undefined ? why : [doubt, ...why]
    const figures = { mean: Number.NaN, max: Number.NaN, maxAtMs: 0, sampleCount: 0 }
    return { ...base, ...figures, of: `of ${showSelector(size)}`, invalidities }
  }
  for (const selector of [used, size]) queried.gauge(showSelector(selector), selector)
  const fullest = all.reduce((most, one) => (one.mean > most.mean ? one : most))
  const worst = all.reduce((most, one) => (one.max > most.max ? one : most))
  const means = all.length === 1 ? '' : `   by instance ${all.map(({ mean }) => formatRatio(mean)).join(', ')}`
  return {
    ...base,
    ...{ mean: fullest.mean, max: worst.max, maxAtMs: worst.maxAtMs, sampleCount: fullest.count },
    of: `of ${showSelector(size)} ${formatCount(fullest.size)}`,
    invalidities: doubt === undefined ? [] : [doubt],
    evidenceLines: [
      ...base.evidenceLines,
      `mean ${formatRatio(fullest.mean)}   max ${formatRatio(worst.max)} at ${(worst.maxAtMs / 1000).toFixed(0)} s${means}`,
      `${showSelector(used)} of ${showSelector(size)}, once per scrape: peaks in between are not visible`,
    ],
  }
}

function fullness(instance: InstanceWindow, used: Selector, size: Selector, startMs: number): Fullness | undefined {
  const sizes = new Map(instance.readings(size).map(({ atMs, value }) => [atMs, value]))
  const ratios = instance.readings(used).flatMap(({ atMs, value }): Reading[] => {
    const whole = sizes.get(atMs)
    return whole === undefined || whole <= 0 ? [] : [{ atMs, value: value / whole }]
  })
  if (ratios.length === 0) return undefined
  const worst = ratios.reduce((most, one) => (one.value > most.value ? one : most))
  return {
    mean: meanOf(ratios.map(({ value }) => value)),
    max: worst.value,
    maxAtMs: Math.max(0, worst.atMs - startMs),
    size: [...sizes.values()].at(-1)!,
    count: ratios.length,
  }
}

/** Invalidity of a negative gauge of used connections. */
function belowZero(instances: readonly InstanceWindow[], used: Selector): Invalidity | undefined {
  const least = Math.min(...instances.flatMap((instance) => instance.readings(used).map(({ value }) => value)))
  if (!(least < 0)) return undefined
  return {
    reason: 'metric-unreliable',
    finding: `${showSelector(used)} is ${least}, which is not a valid number of used connections`,
    fix: 'correct the value that the target exposes, or name the gauge of used connections',
  }
}

/** Invalidity if an instance lacks the gauges: it may be the fullest. */
function withoutOne(found: readonly (Fullness | undefined)[], used: Selector, size: Selector): Invalidity | undefined {
  const at = found.indexOf(undefined)
  if (at === -1 || found.every((one) => one === undefined)) return undefined
  return {
    reason: 'metric-missing',
    finding: `instance ${at + 1} of ${found.length} shows no ${showSelector(used)} of ${showSelector(size)}, and the others do`,
    fix: 'make every instance expose both gauges',
  }
}

/** Invalidity if the ratio is unknown in too many scrapes, or a series disappears, which lowers the sum. */
function withGaps(
  { instances, window }: Sources,
  found: readonly (Fullness | undefined)[],
  used: Selector,
  size: Selector,
): Invalidity | undefined {
  for (const [at, instance] of instances.entries()) {
    const count = found[at]?.count
    if (count === undefined) continue
    const shown = `${showSelector(used)} of ${showSelector(size)}`
    const gap =
      missingScrapes(shown, count, instance.scrapesInScope.length, window) ??
      vanishedSeries(instance, used, window) ??
      vanishedSeries(instance, size, window)
    if (gap !== undefined) return { reason: 'metric-unreliable', ...gap }
  }
  return undefined
}

function withoutSize(size: Selector): Invalidity {
  return {
    reason: 'metric-missing',
    finding: `${showSelector(size)} is 0, so there is no utilization`,
    fix: 'name the gauge of the maximum pool size',
  }
}

function hasReadings(selector: Selector, instances: readonly InstanceWindow[]): boolean {
  return instances.some((instance) => instance.readings(selector).length > 0)
}

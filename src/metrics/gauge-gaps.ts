import type { RunWindow } from '../evidence/run-window.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { hasRestarted } from './contradictions.ts'
import type { InstanceWindow } from './instance.ts'
import { showSelector, type Selector } from './selector.ts'

/** Maximum ratio of scrapes without a value: a gauge may be created after the first of them. */
const MAX_MISSING = 0.1

/** Missing values of a gauge, and the fix. */
export interface Gap {
  readonly finding: string
  readonly fix: string
}

/**
 * @returns `undefined` if a gauge has a value in nearly all scrapes of the scope; also if it has none at all, or is a
 * summary, whose values are NaN until something is observed
 */
export function gaugeGap(instance: InstanceWindow, selector: Selector, window: RunWindow): Gap | undefined {
  const { history } = instance
  if (history.types.get(selector.name) === 'summary' || instance.readings(selector).length === 0) return undefined
  const picked = history.select(selector)
  const scrapes = instance.scrapesInScope
  const present = scrapes.filter((scrape) => picked.some((series) => !Number.isNaN(series.at(scrape)))).length
  return missingScrapes(showSelector(selector), present, scrapes.length, window) ?? failedScrapes(instance, window)
}

/** @returns `undefined` if `present` values are nearly as many as scrapes */
export function missingScrapes(shown: string, present: number, scrapes: number, { scope }: RunWindow): Gap | undefined {
  if (scrapes - present <= MAX_MISSING * scrapes) return undefined
  return {
    finding: `${shown} has a value in only ${formatCount(present)} of ${formatCount(scrapes)} scrapes of the ${scope}`,
    fix: 'make the target expose it in every scrape while its process runs',
  }
}

/** Gap of several series of which one disappears, so that their sum falls. One whose last value is 0 adds nothing. */
export function vanishedSeries(instance: InstanceWindow, selector: Selector, window: RunWindow): Gap | undefined {
  const { history, covered } = instance
  if (covered.some(({ first, last }) => hasRestarted(history, first, last))) return undefined
  const [start = 0] = covered.map(({ first }) => first)
  for (const series of history.select(selector)) {
    let before = series.at(start)
    let gone = 0
    for (const scrape of instance.scrapesInScope) {
      const value = series.at(scrape)
      if (Number.isNaN(value) && before !== 0 && !Number.isNaN(before)) gone++
      else if (!Number.isNaN(value)) before = value
    }
    const scrapes = instance.scrapesInScope.length
    const gap = missingScrapes(`a series of ${showSelector(selector)}`, scrapes - gone, scrapes, window)
    if (gap !== undefined) return gap
  }
  return undefined
}

/** Gap of scrapes most of which failed: the gauge is unknown at these times. */
function failedScrapes(instance: InstanceWindow, { spans, scope }: RunWindow): Gap | undefined {
  const failures = instance.history.failures.filter(({ atMs }) =>
    spans.some(({ startMs, endMs }) => atMs >= startMs && atMs <= endMs),
  )
  const succeeded = instance.scrapesInScope.length
  if (failures.length <= succeeded) return undefined
  return {
    finding: `only ${succeeded} of ${succeeded + failures.length} scrapes of the ${scope} succeeded: ${failures[0]!.message}`,
    fix: 'find out why the metrics route did not respond under load',
  }
}

/**
 * Gap of a scope whose ends no scrape covers, so that growth is that of the rest: scrapes fail most likely while the target
 * is slow. One interval at either end is left out of any scope between other phases.
 */
export function uncoveredScope(instance: InstanceWindow, window: RunWindow, intervalMs: number): Gap | undefined {
  const { ms, scopeMs, ends } = instance.uncovered
  if (instance.covered.length === 0 || ms - ends * intervalMs <= MAX_MISSING * scopeMs) return undefined
  const failure = instance.history.failures.findLast(({ atMs }) => atMs >= window.runStartMs)
  return {
    finding:
      `the scrapes cover only ${formatMs(scopeMs - ms)} of the ${formatMs(scopeMs)} of the ${window.scope}` +
      (failure === undefined ? '' : `: ${failure.message}`),
    fix: 'find out why the metrics route did not respond under load',
  }
}

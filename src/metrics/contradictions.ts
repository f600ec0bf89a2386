import { formatCount } from '../stats/units.ts'
import type { InstanceWindow } from './instance.ts'
import { START_JITTER_SEC } from './processes.ts'
import type { ScrapeHistory } from './scrape-history.ts'
import type { Selector } from './selector.ts'
import type { Labels } from './series-name.ts'
import type { Series } from './series.ts'

/** Inconsistency in a target's metrics, and the fix. */
export interface Contradiction {
  readonly finding: string
  readonly fix: string
}

/** Minimum growth of a counter, in the smallest steps of its value, for three significant digits. */
const STEPS_NEEDED = 1_000

/** Observations in progress while a target writes its metrics may be in one sum but not yet in another. */
const IN_PROGRESS = { atLeast: 10, ratio: 0.01 }

const KEEP_RUNNING = `keep the target running during the scope, or scrape more often: metrics: { interval: '250ms' }`

/** @returns `undefined` if the values of these counters are consistent */
export function counterContradiction(instance: InstanceWindow, counters: readonly Series[]): Contradiction | undefined {
  for (const series of counters)
    for (const { first, last } of instance.covered) {
      const found =
        fallsOnly(series, first, last) ??
        missingCounter(instance.history, series, first, last) ??
        hiddenReset(instance.history, series, first, last) ??
        hiddenCreation(instance.history, series, first, last) ??
        tooCoarse(series, first, last)
      if (found !== undefined) return found
    }
  return undefined
}

function fallsOnly(series: Series, first: number, last: number): Contradiction | undefined {
  const values = valuesBetween(series, first, last)
  const falls = values.filter((value, at) => at > 0 && value < values[at - 1]!).length
  const rises = values.filter((value, at) => at > 0 && value > values[at - 1]!).length
  if (falls < 2 || rises > 0) return undefined
  return {
    finding: `${series.name} fell ${falls} times, from ${values[0]} to ${values.at(-1)}, and never grew: it is not a counter`,
    fix: 'read it with gauge(), or make the target expose a counter',
  }
}

/** Contradiction of a counter that is missing in the last scrape; a restarted process recreates it at its first event. */
function missingCounter(
  history: ScrapeHistory,
  series: Series,
  first: number,
  last: number,
): Contradiction | undefined {
  if (!Number.isNaN(series.at(last)) || valuesBetween(series, first, last).length === 0) return undefined
  if (hasRestarted(history, first, last) || othersRestarted(history, series, last)) return undefined
  return {
    finding: `${series.name} is missing in the last scrape, so its growth since the previous scrape is unknown`,
    fix: 'make the target keep the series of a counter while its process runs',
  }
}

/**
 * Contradiction of a counter that did not fall when its process restarted: it may have grown beyond its previous value from
 * 0, or be stored outside the process.
 */
function hiddenReset(history: ScrapeHistory, series: Series, first: number, last: number): Contradiction | undefined {
  const starts = history.named('process_start_time_seconds')
  const [start] = starts
  if (start === undefined || starts.length > 1) return undefined
  for (let scrape = first + 1; scrape <= last; scrape++) {
    const [before, after] = [series.at(scrape - 1), series.at(scrape)]
    if (!(start.at(scrape) - start.at(scrape - 1) > START_JITTER_SEC) || !(before > 0) || !(after >= before)) continue
    return {
      finding:
        `the process of ${series.name} restarted, and the counter did not fall: it was ${before} before and ${after} after, ` +
        `so its growth is unknown`,
      fix: KEEP_RUNNING,
    }
  }
  return undefined
}

/** Contradiction of a counter that did not fall although its process created it again, by its `_created`. */
function hiddenCreation(
  history: ScrapeHistory,
  series: Series,
  first: number,
  last: number,
): Contradiction | undefined {
  const labels = withoutBound(series.labels)
  const created = history
    .named(`${series.name.replace(/_(?:total|count|bucket)$/, '')}_created`)
    .find((one) => withoutBound(one.labels) === labels)
  if (created === undefined) return undefined
  for (let scrape = first + 1; scrape <= last; scrape++) {
    const [before, after] = [series.at(scrape - 1), series.at(scrape)]
    if (!(created.at(scrape) - created.at(scrape - 1) > START_JITTER_SEC) || !(before > 0) || !(after >= before))
      continue
    return {
      finding:
        `${series.name} was created again, as ${created.name} shows, and did not fall: it was ${before} before and ${after} ` +
        `after, so its growth is unknown`,
      fix: KEEP_RUNNING,
    }
  }
  return undefined
}

/** Whether the process restarted in these scrapes, by its start time. */
export function hasRestarted(history: ScrapeHistory, first: number, last: number): boolean {
  return history
    .named('process_start_time_seconds')
    .some((start) => new Set(valuesBetween(start, first, last)).size > 1)
}

/** Whether all other counters fell or disappeared in the scrape in which the series disappeared, and at least one fell. */
function othersRestarted(history: ScrapeHistory, series: Series, last: number): boolean {
  const missingAt = [...series.changes(last)].at(-1)!.scrape
  let falls = 0
  for (const other of history.counters()) {
    const [before, after] = [other.at(missingAt - 1), other.at(missingAt)]
    if (after >= before && before > 0) return false
    if (after < before) falls++
  }
  return falls > 0
}

function tooCoarse(series: Series, first: number, last: number): Contradiction | undefined {
  const value = Math.abs(series.at(last))
  if (!(value > Number.MAX_SAFE_INTEGER) || value === Number.POSITIVE_INFINITY) return undefined
  const step = 2 ** (Math.floor(Math.log2(value)) - 52)
  const { delta } = series.growth(first, last)
  if (delta >= step * STEPS_NEEDED) return undefined
  return {
    finding: `${series.name} is ${value}, where a float changes in steps of ${formatCount(step)}, and grew by ${formatCount(delta)}`,
    fix: 'count in a larger unit, or from 0 when the target starts',
  }
}

/**
 * Contradiction of a histogram: buckets are cumulative, each bound occurs once, and `_count` equals `+Inf`.
 *
 * @param selector without `_bucket`
 */
export function histogramContradiction(instance: InstanceWindow, selector: Selector): Contradiction | undefined {
  const { history, covered } = instance
  const buckets = history
    .select({ ...selector, name: `${selector.name}_bucket` })
    .filter(({ labels }) => 'le' in labels)
  const counts = history.select({ ...selector, name: `${selector.name}_count` })
  for (const [labels, series] of Map.groupBy(buckets, (bucket) => withoutBound(bucket.labels))) {
    const bounded = series
      .map((bucket) => ({ bucket, bound: boundOf(bucket) }))
      .filter(({ bound }) => !Number.isNaN(bound))
      .toSorted((a, b) => a.bound - b.bound)
    const count = counts.find((one) => withoutBound(one.labels) === labels)
    for (const { first, last } of covered) {
      for (let scrape = first; scrape <= last; scrape++) {
        const found = contradictionAt(selector.name, bounded, scrape)
        if (found !== undefined) return found
      }
      const all = bounded.at(-1)
      const found =
        count !== undefined && all?.bound === Number.POSITIVE_INFINITY
          ? otherCount(selector.name, count.growth(first, last).delta, all.bucket.growth(first, last).delta)
          : undefined
      if (found !== undefined) return found
    }
    const gone = counterContradiction(instance, series)
    if (gone !== undefined) return gone
  }
  return undefined
}

interface Bounded {
  readonly bucket: Series
  readonly bound: number
}

function contradictionAt(name: string, bounded: readonly Bounded[], scrape: number): Contradiction | undefined {
  let before: (Bounded & { readonly value: number }) | undefined
  for (const { bucket, bound } of bounded) {
    const value = bucket.at(scrape)
    if (Number.isNaN(value)) continue
    const [le, leBefore] = [bucket.labels['le'], before?.bucket.labels['le']]
    if (before?.bound === bound)
      return {
        finding: `${name} has two buckets with the same bound in one scrape: le="${leBefore}" and le="${le}"`,
        fix: 'make the target write each bound once per set of labels',
      }
    if (before !== undefined && before.value - value > allowedDifference(before.value))
      return {
        finding: `the buckets of ${name} are not cumulative: ${before.value} up to le="${leBefore}", and ${value} up to le="${le}"`,
        fix: 'make each bucket count all observations up to its bound',
      }
    before = { bucket, bound, value }
  }
  return undefined
}

function otherCount(name: string, counted: number, inBuckets: number): Contradiction | undefined {
  if (!(Math.abs(counted - inBuckets) > allowedDifference(Math.max(counted, inBuckets)))) return undefined
  return {
    finding: `${name}_count grew by ${formatCount(counted)}, and its bucket le="+Inf" by ${formatCount(inBuckets)}`,
    fix: `make the target count every observation in both`,
  }
}

function allowedDifference(count: number): number {
  return Math.max(IN_PROGRESS.atLeast, IN_PROGRESS.ratio * count)
}

function boundOf({ labels }: Series): number {
  const { le = '' } = labels
  if (le === '+Inf' || le === 'Inf') return Number.POSITIVE_INFINITY
  return le === '' ? Number.NaN : Number(le)
}

function withoutBound(labels: Labels): string {
  const others = Object.entries(labels).filter(([label]) => label !== 'le')
  return JSON.stringify(others.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function valuesBetween(series: Series, first: number, last: number): readonly number[] {
  const before = series.at(first)
  const later = [...series.changes(last)].filter(({ scrape }) => scrape > first).map(({ value }) => value)
  return [before, ...later].filter((value) => !Number.isNaN(value))
}

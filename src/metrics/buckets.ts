import type { Growth, InstanceWindow } from './instance.ts'
import { explainMissing, fixMissing, MetricMissingError } from './missing.ts'
import type { Bucket } from './quantile.ts'
import { showSelector, type Selector } from './selector.ts'
import type { Labels } from './series-name.ts'
import type { Series } from './series.ts'

/** A histogram under one set of labels, in one instance. */
interface OneHistogram {
  readonly instance: InstanceWindow
  readonly buckets: readonly Series[]
}

/**
 * Growth of the cumulative buckets of a histogram, summed over series and instances. Series with different bounds are
 * summed at their common bounds: between these the sum is unknown.
 *
 * @param selector without `_bucket`
 * @throws {MetricMissingError} if the histogram does not exist, or only has native buckets, which the text formats omit
 */
export function bucketsOf(selector: Selector, instances: readonly InstanceWindow[], scope: string): readonly Bucket[] {
  const { name } = selector
  const ofBuckets = { ...selector, name: `${name}_bucket` }
  const found = instances.flatMap((instance) => histogramsOf(instance, ofBuckets))
  const type = instances.map(({ history }) => history.types.get(name)).find((known) => known !== undefined)
  if (type === 'gaugehistogram')
    throw new MetricMissingError(
      `${name} is a gauge histogram: its buckets contain the current values, not the observations of the ${scope}`,
      'expose a histogram',
    )
  const isThere = instances.some(({ history }) => history.named(`${name}_count`).length > 0)
  const hasBuckets = instances.some(({ history }) => history.named(ofBuckets.name).length > 0)
  if (!hasBuckets && isThere && type !== 'summary') throw withoutBuckets(selector, 'it has no buckets')
  if (found.length === 0 || instances.every(({ scrapeCount }) => scrapeCount === 0))
    throw new MetricMissingError(explainMissing(ofBuckets, instances, scope), fixMissing(instances))
  const isRanged = found.some(({ buckets }) => buckets.some(({ labels }) => 'vmrange' in labels))
  const counted = isRanged ? fromRanges(found) : fromBounds(selector, found)
  if (counted.every(({ le }) => le === Number.POSITIVE_INFINITY))
    throw withoutBuckets(selector, found.length > 1 ? 'its series have no common bucket except +Inf' : NATIVE)
  if (counted.some(({ count }) => !Number.isFinite(count)))
    throw new MetricMissingError(
      `${showSelector(ofBuckets)} has a value that is not finite`,
      'correct the value that the target exposes',
    )
  return counted
}

const NATIVE =
  'its only bucket is +Inf, like that of a native histogram, whose buckets the text formats of Prometheus omit'

function withoutBuckets(selector: Selector, why: string): MetricMissingError {
  return new MetricMissingError(
    `${showSelector(selector)} has no quantile: ${why}`,
    'also give the histogram classic buckets, with the same bounds under all labels (in Go: Buckets in HistogramOpts)',
  )
}

function histogramsOf(instance: InstanceWindow, selector: Selector): readonly OneHistogram[] {
  const byLabels = Map.groupBy(instance.history.select(selector), ({ labels }) => withoutBounds(labels))
  return [...byLabels.values()].map((buckets) => ({ instance, buckets }))
}

function withoutBounds(labels: Labels): string {
  const others = Object.entries(labels).filter(([label]) => label !== 'le' && label !== 'vmrange')
  return JSON.stringify(others.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** Cumulative buckets, as Prometheus clients write them. */
function fromBounds(selector: Selector, all: readonly OneHistogram[]): readonly Bucket[] {
  const counted = all.map((histogram) => countsByBound(selector, histogram))
  // A histogram without observations adds nothing, so its bounds are ignored.
  const moved = counted.filter((counts) => [...counts.values()].some((count) => count !== 0))
  const [first = new Map<number, number>(), ...others] = moved.length > 0 ? moved : counted
  const common = [...first.keys()].filter((le) => others.every((counts) => counts.has(le)))
  return common.map((le) => ({
    le,
    count: others.reduce((sum, counts) => sum + counts.get(le)!, first.get(le)!),
  }))
}

function countsByBound({ name }: Selector, { instance, buckets }: OneHistogram): Map<number, number> {
  const counts = new Map<number, number>()
  for (const bucket of buckets) {
    const { le = '' } = bucket.labels
    const bound = le === '+Inf' || le === 'Inf' ? Number.POSITIVE_INFINITY : Number(le)
    if (le === '' || Number.isNaN(bound)) continue
    // `1` and `1.0` are the same bound, written by different processes or versions.
    counts.set(bound, (counts.get(bound) ?? 0) + deltaOf(instance.growthOf(bucket)))
  }
  if (!counts.has(Number.POSITIVE_INFINITY)) {
    const labels = withoutBounds(buckets[0]!.labels)
    const total = instance.history.named(`${name}_count`).find((series) => withoutBounds(series.labels) === labels)
    // Without a total, the count beyond the last bound is unknown.
    if (total === undefined) counts.clear()
    else counts.set(Number.POSITIVE_INFINITY, deltaOf(instance.growthOf(total)))
  }
  return counts
}

/** Buckets of VictoriaMetrics clients: not cumulative, `vmrange="1.000e-03...1.136e-03"`, and without empty ones. */
function fromRanges(all: readonly OneHistogram[]): readonly Bucket[] {
  const ranges = new Map<string, { readonly start: number; readonly end: number; count: number }>()
  for (const { instance, buckets } of all) {
    for (const bucket of buckets) {
      const { vmrange = '' } = bucket.labels
      const [start, end] = vmrange
        .split('...')
        .map((bound) => (bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)))
      if (start === undefined || end === undefined || !(start < end)) continue
      const range = ranges.get(vmrange) ?? { start, end, count: 0 }
      range.count += deltaOf(instance.growthOf(bucket))
      ranges.set(vmrange, range)
    }
  }
  const counted: Bucket[] = []
  let total = 0
  for (const { start, end, count } of [...ranges.values()].toSorted((a, b) => a.start - b.start)) {
    if (counted.at(-1)?.le !== start) counted.push({ le: start, count: total })
    total += count
    counted.push({ le: end, count: total })
  }
  return counted
}

function deltaOf(growth: Growth | undefined): number {
  return growth?.delta ?? 0
}

/** Whether a selector names a single bucket, which can be read as a counter. */
export function namesBound({ matchers }: Selector): boolean {
  return matchers.some(({ label, operator }) => operator === '=' && (label === 'le' || label === 'vmrange'))
}

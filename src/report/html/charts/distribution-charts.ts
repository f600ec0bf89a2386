import { Histogram, highestOf, lowestOf, type HistogramJson } from '../../../stats/histogram.ts'
import { toJsonMs } from '../../../stats/summary.ts'
import { formatMs } from '../../../stats/units.ts'
import { type Chart, timesOf } from './chart.ts'

const BINS = 60
/** Steps between p and (1 + p) / 2, as in HdrHistogram's percentile iterator. */
const STEPS_PER_HALVING = 8

/**
 * The distribution of a run's times in two charts: by percentile, and by frequency.
 *
 * @param missing number of samples without a time, which are not in the histogram
 */
export function distributionCharts(
  json: HistogramJson,
  quantity: string,
  limits: Chart['limits'],
  missing = 0,
): readonly Chart[] {
  const histogram = Histogram.fromJSON(json).withInfinite(missing)
  if (histogram.count === 0) return []
  const curve = percentileCurve(histogram, quantity, limits)
  return histogram.finiteCount === 0 ? [curve] : [curve, frequencies(histogram, quantity)]
}

function percentileCurve(histogram: Histogram, quantity: string, limits: Chart['limits']): Chart {
  const ratios = percentileLadder(histogram.count)
  return {
    title: `${quantity} by percentile`,
    note: `Each additional nine is one step to the right. ${histogram.count.toLocaleString('en-US')} samples, without warm-up.`,
    x: 'percentile',
    xs: ratios.map((p) => Number((1 / (1 - p)).toPrecision(6))),
    xLabels: ratios.map((p) => `p${trim((p * 100).toFixed(4))}`),
    unit: 'ms',
    draw: 'lines',
    series: [
      {
        label: quantity,
        colour: 'middle',
        ...timesOf(histogram.percentilesUs(ratios).map((us) => toJsonMs(us / 1000))),
      },
    ],
    limits,
  }
}

/** Ratios ever closer to 1, until only one sample is above. */
function percentileLadder(count: number): readonly number[] {
  const ratios: number[] = []
  for (let above = 1; above * count >= 1; above /= 2) {
    for (let step = 0; step < STEPS_PER_HALVING; step++) {
      const p = 1 - above + (above / 2 / STEPS_PER_HALVING) * step
      if ((1 - p) * count >= 1) ratios.push(p)
    }
  }
  return ratios
}

function frequencies(histogram: Histogram, quantity: string): Chart {
  const edges = binEdges(histogram)
  const counts = Array.from({ length: edges.length - 1 }, () => 0)
  let bin = 0
  for (const [bucket, count] of histogram.buckets()) {
    const us = Math.min(Math.max((lowestOf(bucket) + highestOf(bucket)) / 2, histogram.minUs), histogram.maxUs)
    while (bin < counts.length - 1 && us >= edges[bin + 1]!) bin++
    counts[bin]! += count
  }
  return {
    title: `${quantity} histogram`,
    note: 'Number of samples per range of times; each range is wider than the one before by the same factor.',
    x: 'bins',
    xs: counts.map((_, at) => at),
    xLabels: counts.map((_, at) => `${formatMs(edges[at]! / 1000)} – ${formatMs(edges[at + 1]! / 1000)}`),
    unit: 'count',
    draw: 'bars',
    series: [{ label: 'samples', colour: 'low', values: counts }],
    limits: [],
  }
}

/** Edges of bins of equal width on a logarithmic scale, from the smallest value to the largest. */
function binEdges({ minUs, maxUs }: Histogram): readonly number[] {
  const low = Math.max(1, minUs)
  const high = Math.max(low * 1.05, maxUs * 1.0001)
  const factor = (high / low) ** (1 / BINS)
  return Array.from({ length: BINS + 1 }, (_, at) => low * factor ** at)
}

function trim(text: string): string {
  return text.replace(/\.?0+$/, '')
}

/**
 * Are the intervals correct and narrow? Simulates runs of services with known percentiles and error rates, and counts the
 * runs whose 95% interval contains the true value. The ideal width is that of the range that contains the percentile itself
 * in 95% of the runs. Also measures the cost for ten minutes and a million requests.
 *
 *     npm run bench:intervals [-- <simulated runs per row, default 1000> <pattern for services>]
 */
import { Random } from '../src/load/random.ts'
import { bucketOf, highestOf, Histogram, lowestOf } from '../src/stats/histogram.ts'
import { percentileIntervalsMs, ratioInterval } from '../src/stats/intervals.ts'
import { bootstrapRatio } from './block-bootstrap.ts'
import * as models from './interval-models.ts'
import type { LatencyModel } from './latency-model.ts'
import * as narrow from './narrow-models.ts'

const RUNS = Number(process.argv[2] ?? 1_000)
const PATTERN = new RegExp(process.argv[3] ?? '')
const ERROR_RUN_SECONDS = 30
const COVERAGE = [0.92, 0.98] as const
const WIDEST = 2
/** An ideal width of fewer buckets is near the resolution of the histogram, at which whole buckets cover more. */
const FEW_BUCKETS = 8
const PERCENTILES = [0.5, 0.9, 0.95, 0.99] as const
/** Minimum number of independent observations beyond a percentile. */
const MIN_BEYOND = 10

interface Row {
  readonly of: string
  readonly model: string
  readonly seconds: number
  readonly perSec: number
  readonly coverage: number
  /** For a percentile: median width of the intervals, relative to the ideal width. */
  readonly width?: number
  /** For an error rate: coverage of a block bootstrap over the same runs. */
  readonly bootstrapCoverage?: number
  readonly goal: Goal
}

/**
 * Goal of a row. `both`: coverage and width. `atLeast`: coverage may be higher, because differences between seconds count
 * as chance although they are the same in every run, because the interval of a few hits is exact, or because of the
 * resolution of the histogram. `none`: the level changes so slowly that the run has too few independent seconds.
 */
type Goal = 'both' | 'atLeast' | 'none'

interface Tally {
  readonly p: number
  readonly trueMs: number
  covered: number
  readonly widths: number[]
  readonly values: number[]
}

/** @param goal of all percentiles, or of each */
function latencyRows(model: LatencyModel, seconds: number, perSec: number, goal: Goal | ((p: number) => Goal)): Row[] {
  if (!PATTERN.test(model.name)) return []
  const random = new Random(`${model.name} ${seconds} ${perSec}`)
  const percentiles = PERCENTILES.filter((p) => seconds * perSec * (1 - p) >= MIN_BEYOND - 1e-9)
  const tallies = percentiles.map((p): Tally => ({
    p,
    trueMs: model.trueMs(p, perSec),
    covered: 0,
    widths: [],
    values: [],
  }))
  for (let run = 0; run < RUNS; run++) {
    const windows = model.windows(random, seconds, perSec)
    const intervals = percentileIntervalsMs(windows, percentiles)!
    const others = Histogram.merged(model.drawn?.(random, seconds, perSec) ?? windows)
    for (const [at, tally] of tallies.entries()) {
      const { low, high } = intervals[at]!
      if (low <= tally.trueMs && tally.trueMs <= high) tally.covered++
      tally.widths.push(high - low)
      tally.values.push(others.percentileUs(tally.p))
    }
  }
  return tallies.map(({ p, covered, widths, values }) => {
    // From the lower bound of one bucket to the upper bound of another, like the interval itself.
    const [low, high] = [bucketOf(quantile(values, 0.025)), bucketOf(quantile(values, 0.975))]
    const width = (quantile(widths, 0.5) * 1000) / (highestOf(high) - lowestOf(low))
    const wanted = typeof goal === 'function' ? goal(p) : goal
    const kept = wanted === 'both' && high - low < FEW_BUCKETS ? 'atLeast' : wanted
    return { of: `p${p * 100}`, model: model.name, seconds, perSec, coverage: covered / RUNS, width, goal: kept }
  })
}

function errorRow(model: models.ErrorModel, perSec: number, ratio: number, goal: Goal): Row[] {
  if (!PATTERN.test(model.name)) return []
  const seconds = ERROR_RUN_SECONDS
  const random = new Random(`${model.name} ${perSec} ${ratio}`)
  const draws = random.fork('bootstrap')
  let [covered, bootstrapCovered] = [0, 0]
  for (let run = 0; run < RUNS; run++) {
    const windows = model.windows(random, seconds, perSec, ratio)
    const { low, high } = ratioInterval(windows)!
    const [bootstrapLow, bootstrapHigh] = bootstrapRatio(windows, draws)
    if (low <= ratio && ratio <= high) covered++
    if (bootstrapLow <= ratio && ratio <= bootstrapHigh) bootstrapCovered++
  }
  const [coverage, bootstrapCoverage] = [covered / RUNS, bootstrapCovered / RUNS]
  return [{ of: `errors ${ratio * 100}%`, model: model.name, seconds, perSec, coverage, bootstrapCoverage, goal }]
}

/**
 * Goal for a level of r = 0.5 that moves by more than requests differ: each second is one observation, and a run has a third
 * as many independent ones. The p99 is among the 3% of slow responses, which differ by more.
 */
function goalOfLevels(p: number, seconds: number): Goal {
  return p === 0.99 || (seconds / 3) * Math.min(p, 1 - p) >= MIN_BEYOND ? 'both' : 'none'
}

function quantile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(p * values.length)]!
}

/** CPU time in milliseconds for intervals of four percentiles and of four ratios: 600 windows, a million requests. */
function costMs(): { percentiles: number; ratios: number } {
  const windows = models.wandering('cost', 0.2, 0.5).windows(new Random('cost'), 600, 1_667)
  const counts = windows.map(({ count }, at) => ({ hits: at % 7, total: count }))
  const cpuMs = (action: () => void) => {
    action()
    const before = process.cpuUsage()
    for (let time = 0; time < 4; time++) action()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 4000
  }
  return {
    percentiles: cpuMs(() => percentileIntervalsMs(windows, PERCENTILES)),
    ratios: cpuMs(() => [1, 2, 3, 4].map(() => ratioInterval(counts))),
  }
}

function print(rows: readonly Row[]): void {
  console.log(`95% intervals, ${RUNS} runs per row\n`)
  console.log(line(['', 'service', 'seconds', 'req/s', 'covered', 'width / ideal']))
  for (const row of rows) {
    const { width, bootstrapCoverage } = row
    const last = width === undefined ? `bootstrap ${percent(bootstrapCoverage!)}` : width.toFixed(2)
    const { of, model, seconds, perSec, coverage } = row
    console.log(line([of, model, String(seconds), String(perSec), percent(coverage), last]) + noteOn(row))
  }
}

function line([of, model, ...figures]: readonly string[]): string {
  return of!.padEnd(14) + model!.padEnd(36) + figures.map((figure) => figure.padStart(18)).join('')
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`
}

function noteOn(row: Row): string {
  const outside = [...(isCovered(row) ? [] : ['COVERAGE']), ...(isNarrow(row) ? [] : ['WIDTH'])]
  if (outside.length === 0) return ''
  return `  ${outside.join(', ')} OUTSIDE${row.goal === 'none' ? ' (no goal)' : ''}`
}

function isCovered({ coverage, goal }: Row): boolean {
  return coverage >= COVERAGE[0] && (goal === 'atLeast' || coverage <= COVERAGE[1])
}

function isNarrow({ width }: Row): boolean {
  return width === undefined || width <= WIDEST
}

const independent = models.wandering('lognormal, independent', 0, 0)
const uneven = models.wandering('level differs by second', 0.2, 0)
const waves = models.wandering('level in waves, r = 0.5', 0.2, 0.5)
const longWaves = models.wandering('level in long waves, r = 0.8', 0.2, 0.8)
const steadyErrors = models.wanderingErrors('independent', 0, 0)
const waveErrors = models.wanderingErrors('in waves, r = 0.5', 0.7, 0.5)
const longWaveErrors = models.wanderingErrors('in long waves, r = 0.8', 0.7, 0.8)

const EVERYWHERE = [independent, models.slowTail, models.heavyTail, models.twoRoutes, uneven, narrow.narrowSteady]
const MOVING = [waves, models.bursts, narrow.narrowSeconds, narrow.narrowSteps]
const FIXED = [narrow.narrowHalves, narrow.narrowRamp]
/** Duration in seconds and requests per second of the runs. */
const SHAPES = [
  [5, 200],
  [10, 100],
  [30, 34],
  [30, 200],
  [60, 20],
  [60, 100],
  [300, 20],
] as const

const rows: readonly Row[] = [
  ...SHAPES.flatMap(([seconds, perSec]) => [
    ...EVERYWHERE.flatMap((model) => latencyRows(model, seconds, perSec, 'both')),
    ...MOVING.flatMap((model) => latencyRows(model, seconds, perSec, seconds < 30 ? 'none' : 'both')),
    ...latencyRows(narrow.narrowWaves, seconds, perSec, (p) => goalOfLevels(p, seconds)),
    ...FIXED.flatMap((model) => latencyRows(model, seconds, perSec, 'atLeast')),
  ]),
  ...latencyRows(models.queue(0.5), 30, 200, 'both'),
  ...latencyRows(models.stalls, 60, 100, 'none'),
  ...latencyRows(models.stalls, 300, 20, 'both'),
  ...latencyRows(longWaves, 30, 200, 'none'),
  ...latencyRows(longWaves, 300, 20, 'both'),
  ...latencyRows(models.queue(0.7), 30, 34, 'none'),
  ...[steadyErrors, waveErrors].flatMap((model) => [
    ...errorRow(model, 34, 0.02, 'both'),
    ...errorRow(model, 34, 0.05, 'both'),
    ...errorRow(model, 200, 0.01, 'both'),
    ...errorRow(model, 34, 0.003, 'atLeast'),
  ]),
  ...errorRow(longWaveErrors, 200, 0.01, 'none'),
]
print(rows)
if (PATTERN.source === '(?:)') {
  const cost = costMs()
  console.log(
    `\nCPU for 600 windows, 1,000,200 requests: 4 percentiles ${cost.percentiles.toFixed(0)} ms, ` +
      `4 ratios ${cost.ratios.toFixed(1)} ms`,
  )
  console.log(JSON.stringify({ runs: RUNS, rows, costMs: cost }))
}
const withGoal = rows.filter(({ goal }) => goal !== 'none')
console.log(`\n${withGoal.filter((row) => !isCovered(row) || !isNarrow(row)).length} of ${withGoal.length} outside`)

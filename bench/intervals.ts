/**
 * Are the intervals correct and narrow? Simulates runs of services with known percentiles and error rates, and counts the
 * runs whose 95% interval contains the true value. The ideal width is that of the range that contains the percentile itself
 * in 95% of the runs. Also measures the cost for ten minutes and a million requests.
 *
 * A simulation has an error of its own, so each row is simulated until it is decided (see `simulation.ts`).
 *
 *     npm run bench:intervals [-- --runs 1000 --most 16000 --rows 'p95.*waves.*30 s']
 */
import { parseArgs } from 'node:util'
import { Random } from '../src/load/random.ts'
import { Histogram } from '../src/stats/histogram.ts'
import { percentileIntervalsMs, ratioInterval } from '../src/stats/intervals.ts'
import { bootstrapRatio } from './block-bootstrap.ts'
import * as models from './interval-models.ts'
import type { LatencyModel } from './latency-model.ts'
import * as narrow from './narrow-models.ts'
import { COVERAGE, decided, STANDARD_ERRORS, Tally, verdictOf, WIDEST, type Goal, type Verdict } from './simulation.ts'

const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    most: { type: 'string', default: '16000' },
    rows: { type: 'string', default: '' },
  },
})
const RUNS = Number(given.runs)
const MOST = Math.max(RUNS, Number(given.most))
const PATTERN = new RegExp(given.rows)
const ERROR_RUN_SECONDS = 30
const PERCENTILES = [0.5, 0.9, 0.95, 0.99] as const
/** Minimum number of independent observations beyond a percentile. */
const MIN_BEYOND = 10

interface Row {
  /** `p95, level in waves, r = 0.5, 30 s at 200/s` */
  readonly title: string
  readonly runs: number
  readonly coverage: number
  readonly coverageError: number
  /** For a percentile: median width of the intervals, relative to the ideal width. */
  readonly width?: number
  /** For an error rate: coverage of a block bootstrap over the same runs. */
  readonly bootstrapCoverage?: number
  readonly goal: Goal
  readonly verdict: Verdict
}

const rows: Row[] = []

/** Prints a row as soon as it is decided. */
function add(row: Row): void {
  rows.push(row)
  const { title, runs, coverage, coverageError, width, bootstrapCoverage, goal, verdict } = row
  const covered = `${percent(coverage)} ± ${(coverageError * 100).toFixed(1)}`
  const last = width === undefined ? `bootstrap ${percent(bootstrapCoverage!)}` : width.toFixed(2)
  const note = verdict === '' ? '' : `  ${verdict}${goal === 'none' ? ' (no goal)' : ''}`
  console.log(line([title, String(runs), covered, last]) + note)
}

/** @param goal of all percentiles, or of each */
function addLatency(model: LatencyModel, seconds: number, perSec: number, goal: Goal | ((p: number) => Goal)): void {
  const random = new Random(`${model.name} ${seconds} ${perSec}`)
  let open = PERCENTILES.filter((p) => seconds * perSec * (1 - p) >= MIN_BEYOND - 1e-9)
    .map((p) => ({
      p,
      title: titleOf(`p${p * 100}`, model.name, seconds, perSec),
      tally: new Tally(model.trueMs(p, perSec), typeof goal === 'function' ? goal(p) : goal),
    }))
    .filter(({ title }) => PATTERN.test(title))
  for (let run = 1; open.length > 0; run++) {
    const windows = model.windows(random, seconds, perSec)
    const intervals = percentileIntervalsMs(
      windows,
      open.map(({ p }) => p),
    )!
    const others = Histogram.merged(model.drawn?.(random, seconds, perSec) ?? windows)
    for (const [at, { p, tally }] of open.entries()) tally.add(intervals[at]!, others.percentileUs(p))
    if (!isLook(run)) continue
    const finished = open.filter(({ tally }) => run >= MOST || decided(tally))
    for (const { title, tally } of finished) add({ title, ...tally.figures(), verdict: verdictOf(tally) })
    open = open.filter((row) => !finished.includes(row))
  }
}

function addErrors(model: models.ErrorModel, perSec: number, ratio: number, goal: Goal): void {
  const seconds = ERROR_RUN_SECONDS
  const title = titleOf(`errors ${ratio * 100}%`, model.name, seconds, perSec)
  if (!PATTERN.test(title)) return
  const random = new Random(`${model.name} ${perSec} ${ratio}`)
  const draws = random.fork('bootstrap')
  const tally = new Tally(ratio, goal)
  let bootstrapCovered = 0
  for (let run = 1; ; run++) {
    const windows = model.windows(random, seconds, perSec, ratio)
    tally.add(ratioInterval(windows)!)
    const [bootstrapLow, bootstrapHigh] = bootstrapRatio(windows, draws)
    if (bootstrapLow <= ratio && ratio <= bootstrapHigh) bootstrapCovered++
    if (!isLook(run) || (run < MOST && !decided(tally))) continue
    add({ title, ...tally.figures(), bootstrapCoverage: bootstrapCovered / run, verdict: verdictOf(tally) })
    return
  }
}

/** Whether rows are judged after so many runs: each time that their number has doubled. */
function isLook(runs: number): boolean {
  return runs >= MOST || (runs % RUNS === 0 && Number.isInteger(Math.log2(runs / RUNS)))
}

function titleOf(of: string, service: string, seconds: number, perSec: number): string {
  return `${of}, ${service}, ${seconds} s at ${perSec}/s`
}

/**
 * Goal for a level of r = 0.5 that moves by more than requests differ: each second is one observation, and a run has a third
 * as many independent ones. The p99 is among the 3% of slow responses, which differ by more.
 */
function goalOfLevels(p: number, seconds: number): Goal {
  return p === 0.99 || (seconds / 3) * Math.min(p, 1 - p) >= MIN_BEYOND ? 'both' : 'none'
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

function line([title, ...figures]: readonly string[]): string {
  return title!.padEnd(60) + figures.map((figure) => figure.padStart(18)).join('')
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`
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

console.log(`95% intervals. Goal: ${percent(COVERAGE[0])} to ${percent(COVERAGE[1])} covered, at ${WIDEST} times the ideal width or less.

After ${RUNS} simulated runs, a row is inside or outside the goal if the limit is more than ${STANDARD_ERRORS} standard errors away.
Otherwise the number of runs is doubled, up to ${MOST}; a row that is still not decided then is at the limit.
`)
console.log(line(['', 'simulated runs', `covered ± ${STANDARD_ERRORS} s.e.`, 'width / ideal']))
for (const [seconds, perSec] of SHAPES) {
  for (const model of EVERYWHERE) addLatency(model, seconds, perSec, 'both')
  for (const model of MOVING) addLatency(model, seconds, perSec, seconds < 30 ? 'none' : 'both')
  addLatency(narrow.narrowWaves, seconds, perSec, (p) => goalOfLevels(p, seconds))
  for (const model of FIXED) addLatency(model, seconds, perSec, 'atLeast')
}
addLatency(models.queue(0.5), 30, 200, 'both')
addLatency(models.stalls, 60, 100, 'none')
addLatency(models.stalls, 300, 20, 'both')
addLatency(longWaves, 30, 200, 'none')
addLatency(longWaves, 300, 20, 'both')
addLatency(models.queue(0.7), 30, 34, 'none')
for (const model of [steadyErrors, waveErrors]) {
  addErrors(model, 34, 0.02, 'both')
  addErrors(model, 34, 0.05, 'both')
  addErrors(model, 200, 0.01, 'both')
  addErrors(model, 34, 0.003, 'atLeast')
}
addErrors(longWaveErrors, 200, 0.01, 'none')

const withGoal = rows.filter(({ goal }) => goal !== 'none')
const outside = withGoal.filter(({ verdict }) => verdict.includes('OUTSIDE'))
const atLimit = withGoal.filter(({ verdict }) => verdict.endsWith('at the limit'))
console.log(`\n${withGoal.length} rows with a goal: ${outside.length} outside, ${atLimit.length} at the limit`)
if (PATTERN.source === '(?:)') {
  const cost = costMs()
  console.log(
    `\nCPU for 600 windows, 1,000,200 requests: 4 percentiles ${cost.percentiles.toFixed(0)} ms, ` +
      `4 ratios ${cost.ratios.toFixed(1)} ms`,
  )
  console.log(JSON.stringify({ runs: RUNS, most: MOST, rows, costMs: cost }))
}

/**
 * Do intervals cover what they promise? Runs as short as those of `pr` scale are simulated from services whose true
 * percentiles and error ratios are known, and the runs whose 95% interval holds the truth are counted, for our intervals
 * and for a block bootstrap. Then the cost for a ten-minute run of a million requests.
 *
 *     npm run bench:intervals [-- <simulated runs per row, default 2000>]
 */
import { Random } from '../src/load/random.ts'
import { percentileIntervalMs, ratioInterval } from '../src/stats/intervals.ts'
import { bootstrapPercentileMs, bootstrapRatio } from './block-bootstrap.ts'
import { queue, slowTail, wandering, wanderingErrors, type ErrorModel, type LatencyModel } from './interval-models.ts'

const RUNS = Number(process.argv[2] ?? 2_000)
const SECONDS = 30
const BAND = [0.92, 0.98] as const
const NOTES = { promised: '', few: '  (exact)', beyond: '  (shown only)' } as const
const PERCENTILES = [0.5, 0.95, 0.99] as const

interface Row {
  readonly of: string
  readonly model: string
  readonly perSec: number
  readonly coverage: number
  readonly bootstrapCoverage: number
  /** Mean width of the interval over the true value. */
  readonly width: number
  /** `promised`: must lie in the band. `few`: exact, may cover more. `beyond`: waves nearly as long as the run, shown only. */
  readonly kind: 'promised' | 'few' | 'beyond'
}

class Tally {
  #covered = 0
  #width = 0

  add(truth: number, [low, high]: readonly [number, number]): void {
    if (low <= truth && truth <= high) this.#covered++
    this.#width += (high - low) / truth
  }

  get coverage(): number {
    return this.#covered / RUNS
  }

  get width(): number {
    return this.#width / RUNS
  }
}

function latencyRows(model: LatencyModel, perSec: number, kind: Row['kind']): Row[] {
  const random = new Random(`${model.name} ${perSec}`)
  const draws = random.fork('bootstrap')
  const tallies = PERCENTILES.map((p) => ({ p, ours: new Tally(), bootstrap: new Tally() }))
  for (let run = 0; run < RUNS; run++) {
    const windows = model.windows(random, SECONDS, perSec)
    for (const { p, ours, bootstrap } of tallies) {
      const truth = model.trueMs(p, perSec)
      const { low, high } = percentileIntervalMs(windows, p)!
      ours.add(truth, [low, high])
      bootstrap.add(truth, bootstrapPercentileMs(windows, p, draws))
    }
  }
  return tallies.map(({ p, ours, bootstrap }) => ({
    of: `p${p * 100}`,
    model: model.name,
    perSec,
    coverage: ours.coverage,
    bootstrapCoverage: bootstrap.coverage,
    width: ours.width,
    kind,
  }))
}

function errorRow(model: ErrorModel, perSec: number, ratio: number, kind: Row['kind']): Row {
  const random = new Random(`${model.name} ${perSec} ${ratio}`)
  const draws = random.fork('bootstrap')
  const [ours, bootstrap] = [new Tally(), new Tally()]
  for (let run = 0; run < RUNS; run++) {
    const windows = model.windows(random, SECONDS, perSec, ratio)
    const { low, high } = ratioInterval(windows)!
    ours.add(ratio, [low, high])
    bootstrap.add(ratio, bootstrapRatio(windows, draws))
  }
  const of = `errors ${ratio * 100}%`
  const { coverage, width } = ours
  return { of, model: model.name, perSec, coverage, bootstrapCoverage: bootstrap.coverage, width, kind }
}

/** Milliseconds of CPU for four percentiles and four ratios of 600 windows with a million requests. */
function costMs(): number {
  const windows = wandering('cost', 0.2, 0.5).windows(new Random('cost'), 600, 1_667)
  const counts = windows.map(({ count }, at) => ({ hits: at % 7, total: count }))
  const before = process.cpuUsage()
  for (const p of [0.5, 0.9, 0.95, 0.99]) percentileIntervalMs(windows, p)
  for (let ratio = 0; ratio < 4; ratio++) ratioInterval(counts)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function print(rows: readonly Row[]): void {
  console.log(`95% intervals of ${SECONDS} s runs, ${RUNS} runs a row\n`)
  console.log(line(['', 'service', 'req/s', 'covered', 'bootstrap', 'width']))
  for (const row of rows) {
    const note = keepsPromise(row) ? NOTES[row.kind] : '  OUTSIDE 92–98%'
    const figures = [percent(row.coverage), percent(row.bootstrapCoverage), percent(row.width)]
    console.log(line([row.of, row.model, String(row.perSec), ...figures]) + note)
  }
}

function line([of, model, ...figures]: readonly string[]): string {
  return of!.padEnd(14) + model!.padEnd(30) + figures.map((figure) => figure.padStart(11)).join('')
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`
}

function keepsPromise({ coverage, kind }: Row): boolean {
  if (kind === 'beyond') return true
  return coverage >= BAND[0] && (kind === 'few' || coverage <= BAND[1])
}

const independent = wandering('lognormal, independent', 0, 0)
const uneven = wandering('level differs by second', 0.2, 0)
const waves = wandering('level in waves, r = 0.5', 0.2, 0.5)
const longWaves = wandering('level in long waves, r = 0.8', 0.2, 0.8)
const steadyErrors = wanderingErrors('independent', 0, 0)
const waveErrors = wanderingErrors('in waves, r = 0.5', 0.7, 0.5)
const longWaveErrors = wanderingErrors('in long waves, r = 0.8', 0.7, 0.8)

const rows: readonly Row[] = [
  ...[independent, slowTail, uneven, waves].flatMap((model) => latencyRows(model, 34, 'promised')),
  ...[independent, slowTail, uneven, waves].flatMap((model) => latencyRows(model, 200, 'promised')),
  ...latencyRows(queue(0.5), 200, 'promised'),
  ...latencyRows(longWaves, 200, 'beyond'),
  ...latencyRows(queue(0.7), 34, 'beyond'),
  ...[steadyErrors, waveErrors].flatMap((model) => [
    errorRow(model, 34, 0.02, 'promised'),
    errorRow(model, 34, 0.05, 'promised'),
    errorRow(model, 200, 0.01, 'promised'),
    errorRow(model, 34, 0.003, 'few'),
  ]),
  errorRow(longWaveErrors, 200, 0.01, 'beyond'),
]
const cost = costMs()

print(rows)
console.log(`\n4 percentiles and 4 ratios of 600 windows, 1,000,200 requests: ${cost.toFixed(0)} ms of CPU`)
console.log(JSON.stringify({ seconds: SECONDS, runs: RUNS, rows, costMs: cost }))
if (!rows.every(keepsPromise)) process.exitCode = 1

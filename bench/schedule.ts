/**
 * Are requests sent when they are due? Schedule delay measured by the generator, and arrivals measured by the server.
 * Prints a table and writes `perf-report/bench/schedule.json`.
 *
 *     npm run bench:schedule [-- <rates, default 50,1000,5000> <seconds each, default 10>]
 *
 * On an idle machine the 99th percentile at 1,000/s should be at most 2 ms.
 */
import { constantArrivalRate } from '../src/load/builders.ts'
import { formatCount, formatRatio, significant } from '../src/stats/units.ts'
import type { OursFigures } from './generate-ours.ts'
import { generate, keep, printTable, truthServer } from './pinned.ts'

const rates = (process.argv[2] ?? '50,1000,5000').split(',').map(Number)
const seconds = Number(process.argv[3] ?? 10)

const rows: string[][] = [
  [
    'rate',
    'due',
    'sent',
    'delay p50',
    'delay p99',
    'delay max',
    'arrival p50',
    'arrival p99',
    'gap p1',
    'gap p50',
    'gap p99',
    'CPU',
  ],
]
const results: object[] = []
for (const rate of rates) {
  await using server = await truthServer('instant')
  const load = constantArrivalRate({ rate, vus: Math.min(500, rate), duration: `${seconds}s` })
  const figures = await generate<OursFigures>('generate-ours.ts', { url: server.url, load })
  const { arrivedMs } = await server.seen()
  const seen = arrivalFigures(arrivedMs, rate)
  results.push({ rate, ...figures, seen })
  const delay = figures.scheduleDelay!
  rows.push([
    `${formatCount(rate)}/s`,
    formatCount(figures.offered),
    formatCount(figures.sent),
    ...[
      delay.p50Ms,
      delay.p99Ms,
      delay.maxMs,
      seen.lateP50Ms,
      seen.lateP99Ms,
      seen.gapP1Ms,
      seen.gapP50Ms,
      seen.gapP99Ms,
    ].map(ms),
    formatRatio(figures.cpuRatio),
  ])
  for (const finding of figures.invalidities) console.log(`${rate}/s is invalid: ${finding}`)
}
printTable(rows)
console.log(
  '\narrival: delay of requests at the server, relative to the earliest ones; gap: time between successive arrivals',
)
keep('schedule', { seconds, results })

function arrivalFigures(arrivals: readonly number[], rate: number) {
  const offsets = arrivals.map((ms, at) => ms - (at * 1000) / rate)
  const earliest = offsets.reduce((least, offset) => Math.min(least, offset), Number.POSITIVE_INFINITY)
  const late = offsets.map((offset) => offset - earliest).toSorted((a, b) => a - b)
  const gaps = arrivals
    .slice(1)
    .map((ms, at) => ms - arrivals[at]!)
    .toSorted((a, b) => a - b)
  const pick = (sorted: readonly number[], p: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!
  return {
    count: arrivals.length,
    lateP50Ms: pick(late, 0.5),
    lateP99Ms: pick(late, 0.99),
    gapP1Ms: pick(gaps, 0.01),
    gapP50Ms: pick(gaps, 0.5),
    gapP99Ms: pick(gaps, 0.99),
  }
}

function ms(value: number): string {
  return `${significant(value, 3)} ms`
}

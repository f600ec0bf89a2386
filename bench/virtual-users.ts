/**
 * What do 10,000 virtual users with one connection each cost at 50 requests a second, compared with 100? Prints a table
 * and writes `perf-report/bench/virtual-users.json`.
 *
 *     npm run bench:virtual-users [-- <VUs, default 100,10000> <seconds each, default 30>]
 *
 * 10,000 VUs should take at most 350 MB, keep all their connections, and have a p95 within 1 ms of that of 100.
 */
import { constantArrivalRate } from '../src/load/builders.ts'
import { formatBytes, formatCount, formatRatio, significant } from '../src/stats/units.ts'
import type { OursFigures } from './generate-ours.ts'
import { generate, keep, printTable, truthServer } from './pinned.ts'

const sizes = (process.argv[2] ?? '100,10000').split(',').map(Number)
const seconds = Number(process.argv[3] ?? 30)

const rows: string[][] = [['VUs', 'opened', 'open at end', 'requests', 'p50', 'p95', 'p99', 'RSS', 'CPU']]
const results: object[] = []
for (const vus of sizes) {
  await using server = await truthServer('fixed')
  const load = constantArrivalRate({ rate: 50, vus, duration: `${seconds}s` })
  const figures = await generate<OursFigures>('generate-ours.ts', { url: server.url, load })
  results.push({ vus, ...figures })
  rows.push([
    formatCount(vus),
    formatCount(figures.opened),
    formatCount(figures.openAtEnd),
    formatCount(figures.completed),
    ...figures.latencyMs.map((ms) => `${significant(ms, 4)} ms`),
    formatBytes(figures.maxRssBytes),
    formatRatio(figures.cpuRatio),
  ])
  for (const finding of figures.invalidities) console.log(`${vus} VUs is invalid: ${finding}`)
}
printTable(rows)
keep('virtual-users', { seconds, results })

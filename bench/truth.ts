/**
 * Are the latencies correct? An open load on servers with known response times, and the latency that each tool reports.
 * Prints a table and writes `perf-report/bench/truth.json`.
 *
 *     npm run bench:truth [-- <servers, e.g. fixed,queue>]
 *
 * On the first three servers, the error of p50, p95 and p99 should be at most 3% or 1 ms, compared with the actual response
 * times: on a shared machine, the server itself is some tenths of a millisecond late at the 99th percentile. On the queues,
 * each percentile should be in the interval that contains 95% of such measurements. Response times measured by the server
 * are shown over all its requests, including warm-up. A bare Node client shows the time that the machine itself adds.
 */

import {
  fixedTruth,
  freezeTruth,
  mixtureTruth,
  poissonQueueTruth,
  queueInterval,
  uniformQueueTruth,
  type Truth,
} from '../fixtures/truth/theory.ts'
import { constantArrivalRate } from '../src/load/builders.ts'
import type { ConstantArrivalRate } from '../src/load/load.ts'
import { significant } from '../src/stats/units.ts'
import type { AutocannonFigures } from './generate-autocannon.ts'
import type { BareFigures } from './generate-bare.ts'
import type { OursFigures } from './generate-ours.ts'
import { generate, isOnPath, keep, onGeneratorCore, printTable, truthServer, type TruthServer } from './pinned.ts'

const PERCENTILES = [0.5, 0.95, 0.99] as const
const QUEUE_RATE = 70

interface Case {
  readonly name: string
  readonly behaviour: string
  readonly load: ConstantArrivalRate
  readonly warmup?: '5s'
  readonly truth: Truth
  /** Range of correct measurements. @param seenMs the server's own measurement of that percentile */
  accepts(p: number, seenMs: number): readonly [number, number]
}

/** 3% or 1 ms, whichever is more. */
function near(_p: number, seenMs: number): readonly [number, number] {
  const margin = Math.max(1, seenMs * 0.03)
  return [seenMs - margin, seenMs + margin]
}

function queueCase(arrivals: 'uniform' | 'poisson', truth: Truth): Case {
  const load = constantArrivalRate({ rate: QUEUE_RATE, vus: 400, duration: '60s', arrivals })
  const run = { ratePerSec: QUEUE_RATE, count: QUEUE_RATE * 60, arrivals }
  return {
    name: `queue, ${arrivals}`,
    behaviour: 'queue',
    load,
    warmup: '5s',
    truth,
    accepts: (p) => queueInterval(p, run),
  }
}

const CASES: readonly Case[] = [
  {
    name: 'fixed 20 ms',
    behaviour: 'fixed',
    load: constantArrivalRate({ rate: 100, vus: 20, duration: '15s' }),
    truth: fixedTruth,
    accepts: near,
  },
  {
    name: '94% 10 ms, 6% 160 ms',
    behaviour: 'mixture',
    load: constantArrivalRate({ rate: 100, vus: 50, duration: '15s' }),
    truth: mixtureTruth,
    accepts: near,
  },
  {
    name: 'freezes 1 s in 10',
    behaviour: 'freeze',
    load: constantArrivalRate({ rate: 100, vus: 200, duration: '20s' }),
    truth: freezeTruth,
    accepts: near,
  },
  queueCase('uniform', uniformQueueTruth(QUEUE_RATE)),
  queueCase('poisson', poissonQueueTruth(QUEUE_RATE)),
]

type Percentiles = readonly (number | undefined)[]

/** Returns the p50, p95 and p99 that a tool reports, in milliseconds; `undefined` if it does not report a percentile. */
type Tool = (url: string, plan: Case) => Promise<Percentiles>

const TOOLS: Readonly<Record<string, Tool>> = {
  async ours(url, { load, warmup }) {
    const figures = await generate<OursFigures>('generate-ours.ts', { url, load, warmup })
    for (const finding of figures.invalidities) console.log(`  ours is invalid: ${finding}`)
    return figures.latencyMs
  },
  // Shows the time that the machine itself adds. It has no warm-up and no Poisson arrivals.
  async 'a bare client of Node'(url, { load, warmup }) {
    if (warmup !== undefined) return PERCENTILES.map(() => undefined)
    const { latenciesMs } = await generate<BareFigures>('generate-bare.ts', {
      url,
      ratePerSec: load.ratePerSec,
      durationSec: load.durationMs / 1000,
    })
    return percentilesOf(latenciesMs)
  },
  async 'autocannon, its rate mode'(url, { load }) {
    const options = {
      url,
      connections: Math.min(load.vus, load.ratePerSec),
      durationSec: load.durationMs / 1000,
      overallRate: load.ratePerSec,
    }
    const [p50, , p99] = (await generate<AutocannonFigures>('generate-autocannon.ts', options)).latencyMs
    return [p50, undefined, p99]
  },
  async hey(url, { load }) {
    // The limit is per worker, in whole requests per second.
    const workers = String(Math.min(load.vus, load.ratePerSec))
    const seconds = `${load.durationMs / 1000}s`
    const text = await onGeneratorCore(['hey', '-c', workers, '-q', '1', '-z', seconds, '-cpus', '1', url])
    return [50, 95, 99].map((p) => Number(new RegExp(`${p}%+ in ([\\d.]+) secs`).exec(text)?.[1]) * 1000)
  },
  async 'wrk, closed model'(url, { load }) {
    const text = await onGeneratorCore(['wrk', '-t1', '-c8', `-d${load.durationMs / 1000}s`, '--latency', url])
    const at = (p: number) => inMs(new RegExp(`${p}%\\s+([\\d.]+)(us|ms|s)`).exec(text))
    return [at(50), undefined, at(99)]
  },
  async vegeta(url, { load }) {
    const attack = `vegeta attack -rate=${load.ratePerSec}/s -duration=${load.durationMs}ms -max-workers=${load.vus}`
    const text = await onGeneratorCore(['sh', '-c', `echo 'GET ${url}' | ${attack} | vegeta report -type=json`])
    const { latencies } = JSON.parse(text) as { latencies: Readonly<Record<string, number>> }
    return ['50th', '95th', '99th'].map((p) => latencies[p]! / 1e6)
  },
  async k6(url, { load }) {
    const scenario = `{ executor: 'constant-arrival-rate', rate: ${load.ratePerSec}, timeUnit: '1s', duration: '${load.durationMs}ms', preAllocatedVUs: ${load.vus} }`
    const options = `{ scenarios: { s: ${scenario} }, summaryTrendStats: ['p(50)', 'p(95)', 'p(99)'] }`
    const script = `import http from 'k6/http'; export const options = ${options}; export default () => http.get('${url}')`
    const text = await onGeneratorCore(['sh', '-c', `echo "${script}" | k6 run --quiet -`])
    return [50, 95, 99].map((p) => inMs(new RegExp(`http_req_duration.*p\\(${p}\\)=([\\d.]+)(µs|ms|s)`).exec(text)))
  },
}

function inMs(match: RegExpExecArray | null): number | undefined {
  if (match === null) return undefined
  const perUnit = { us: 0.001, µs: 0.001, ms: 1, s: 1000 } as const
  return Number(match[1]) * perUnit[match[2] as keyof typeof perUnit]
}

const tools = Object.entries(TOOLS).filter(
  ([name]) => /^(ours|a bare|autocannon)/.test(name) || isOnPath(name.split(',')[0]!),
)
const selected = process.argv[2]?.split(',')
const results: {
  readonly case: string
  readonly tool: string
  readonly percentiles: Percentiles
  readonly seen: Percentiles
  readonly within: readonly (boolean | undefined)[]
}[] = []

for (const plan of CASES.filter(({ behaviour }) => selected === undefined || selected.includes(behaviour))) {
  const rows: string[][] = [
    [plan.name, ...PERCENTILES.map((p) => `p${p * 100}`), 'within'],
    ['truth', ...PERCENTILES.map((p) => show(plan.truth(p))), ''],
  ]
  for (const [tool, measure] of tools) {
    await using server = await truthServer(plan.behaviour)
    const percentiles = await measure(server.url, plan)
    const seen = await percentilesSeen(server)
    const accepted = PERCENTILES.map((p, at) => plan.accepts(p, seen[at]!))
    const within = percentiles.map((value, at) => (value === undefined ? undefined : isWithin(value, accepted[at]!)))
    results.push({ case: plan.name, tool, percentiles, seen, within })
    if (tool === 'ours') rows.push(['at the server', ...seen.map(show), ''])
    if (tool === 'ours') rows.push(['accepted', ...accepted.map((interval) => interval.map(show).join('–')), ''])
    if (verdict(within) === '') continue
    rows.push([tool, ...percentiles.map((value) => (value === undefined ? '–' : show(value))), verdict(within)])
  }
  printTable(rows)
  console.log('')
}
keep('truth', { results })

async function percentilesSeen(server: TruthServer): Promise<number[]> {
  return percentilesOf((await server.seen()).tookMs)
}

function percentilesOf(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return PERCENTILES.map((p) => sorted[Math.ceil(p * sorted.length) - 1]!)
}

function isWithin(value: number, [low, high]: readonly [number, number]): boolean {
  return value >= low && value <= high
}

function verdict(within: readonly unknown[]): string {
  if (within.every((value) => value === undefined)) return ''
  return within.every((value) => value !== false) ? 'yes' : 'NO'
}

function show(ms: number): string {
  return significant(ms, 4)
}

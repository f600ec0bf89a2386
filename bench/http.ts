/**
 * How much load can the generator apply in a closed model, and what does a request cost? 100 connections, keep-alive, a
 * small response, generator and server on one core each. This engine, with everything enabled, alternates with autocannon;
 * hey, wrk and k6 run if they are on the path. Prints a table and writes `perf-report/bench/http.json`.
 *
 *     npm run bench:http [-- <pairs, default 5> <seconds each, default 4>] [--against <checkout>]
 *
 * With `--against`, this engine alternates with that of another checkout of the project instead of autocannon, to show the
 * cost of a change.
 */
import { parseArgs } from 'node:util'
import { constantVus } from '../src/load/builders.ts'
import { formatBytes, formatCount, significant } from '../src/stats/units.ts'
import type { AutocannonFigures } from './generate-autocannon.ts'
import type { OursFigures } from './generate-ours.ts'
import { generate, isOnPath, keep, median, onGeneratorCore, printTable, truthServer } from './pinned.ts'

const CONNECTIONS = 100
const {
  positionals,
  values: { against },
} = parseArgs({ allowPositionals: true, options: { against: { type: 'string' } } })
const pairs = Number(positionals[0] ?? 5)
const seconds = Number(positionals[1] ?? 4)

interface Figures {
  readonly requestsPerSec: number
  readonly cpuMsPer1000?: number
  readonly maxRssBytes?: number
}

await using server = await truthServer('instant')
const { url } = server

async function ours(checkout?: string): Promise<Figures> {
  const options = { url, load: constantVus({ vus: CONNECTIONS, duration: `${seconds}s` }) }
  const { completed, durationMs, cpuRatio, maxRssBytes } = await generate<OursFigures>(
    'generate-ours.ts',
    options,
    checkout,
  )
  const requestsPerSec = completed / (durationMs / 1000)
  return { requestsPerSec, cpuMsPer1000: (cpuRatio * 1_000_000) / requestsPerSec, maxRssBytes }
}

async function autocannon(): Promise<Figures> {
  const options = { url, connections: CONNECTIONS, durationSec: seconds }
  const { requestsPerSec, cpuRatio, maxRssBytes } = await generate<AutocannonFigures>('generate-autocannon.ts', options)
  return { requestsPerSec, cpuMsPer1000: (cpuRatio * 1_000_000) / requestsPerSec, maxRssBytes }
}

const OTHERS: Readonly<Record<string, () => Promise<Figures>>> = {
  async wrk() {
    const text = await onGeneratorCore(['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url])
    return { requestsPerSec: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]) }
  },
  async hey() {
    const text = await onGeneratorCore(['hey', '-c', String(CONNECTIONS), '-z', `${seconds}s`, '-cpus', '1', url])
    return { requestsPerSec: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)![1]) }
  },
  async k6() {
    const script = `import http from 'k6/http'; export const options = { vus: ${CONNECTIONS}, duration: '${seconds}s' }; export default () => http.get('${url}')`
    const text = await onGeneratorCore(['sh', '-c', `echo "${script}" | k6 run --quiet -`])
    return { requestsPerSec: Number(/http_reqs\D+\d+\s+([\d.]+)\/s/.exec(text)![1]) }
  },
}

const other = against === undefined ? autocannon : () => ours(against)
const otherName = against ?? 'autocannon'
const rounds: { ours: Figures; other: Figures }[] = []
for (let pair = 0; pair < pairs; pair++) {
  // Alternates the order, so that a machine that slows down affects both alike.
  const first = pair % 2 === 0 ? await ours() : undefined
  const second = await other()
  const round = { ours: first ?? (await ours()), other: second }
  rounds.push(round)
  const [a, b] = [round.ours, second]
  console.log(
    `pair ${pair + 1}: ours ${formatCount(a.requestsPerSec)}/s, ${otherName} ${formatCount(b.requestsPerSec)}/s, ratio ${significant(a.requestsPerSec / b.requestsPerSec, 3)}, CPU per request ${significant(a.cpuMsPer1000! / b.cpuMsPer1000!, 3)}`,
  )
}

const others = new Map<string, Figures>()
if (against === undefined)
  for (const [name, run] of Object.entries(OTHERS)) if (isOnPath(name)) others.set(name, await run())

const ratio = median(rounds.map((round) => round.ours.requestsPerSec / round.other.requestsPerSec))
const middle = (of: (round: (typeof rounds)[number]) => Figures): Figures => ({
  requestsPerSec: median(rounds.map((round) => of(round).requestsPerSec)),
  cpuMsPer1000: median(rounds.map((round) => of(round).cpuMsPer1000!)),
  maxRssBytes: median(rounds.map((round) => of(round).maxRssBytes!)),
})
const table = new Map([['ours', middle((round) => round.ours)], [otherName, middle((round) => round.other)], ...others])

console.log('')
printTable([
  ['closed model, 100 connections', 'requests/s', 'CPU ms per 1,000', 'RSS'],
  ...[...table].map(([name, { requestsPerSec, cpuMsPer1000, maxRssBytes }]) => [
    name,
    formatCount(requestsPerSec),
    cpuMsPer1000 === undefined ? '–' : significant(cpuMsPer1000, 3),
    maxRssBytes === undefined ? '–' : formatBytes(maxRssBytes),
  ]),
])
const cpuRatio = median(rounds.map((round) => round.ours.cpuMsPer1000! / round.other.cpuMsPer1000!))
console.log(
  `\nours / ${otherName}: ${significant(ratio, 3)} by requests per second, ${significant(cpuRatio, 3)} by CPU per request (medians of ${pairs} pairs)`,
)
keep('http', {
  connections: CONNECTIONS,
  seconds,
  against: otherName,
  ratio,
  cpuRatio,
  rounds,
  others: Object.fromEntries(others),
})

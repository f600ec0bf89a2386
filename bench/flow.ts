/**
 * What does a request of a flow cost, compared with one of `steps`? Both send the same three requests in each iteration, in a
 * closed model with 100 connections, generator and server on one core each, and alternate. Prints the ratio of the CPU time
 * per request, and of requests per second, and writes `perf-report/bench/flow.json`.
 *
 *     npm run bench:flow [-- <pairs, default 5> <seconds each, default 4>]
 */
import { constantVus } from '../src/load/builders.ts'
import { formatCount, significant } from '../src/stats/units.ts'
import type { OursFigures, OursOptions } from './generate-ours.ts'
import { generate, keep, median, truthServer } from './pinned.ts'

const pairs = Number(process.argv[2] ?? 5)
const seconds = Number(process.argv[3] ?? 4)

await using server = await truthServer('instant')
const { url } = server

async function figuresOf(iteration: OursOptions['iteration']) {
  const load = constantVus({ vus: 100, duration: `${seconds}s` })
  const { completed, errors, durationMs, cpuRatio } = await generate<OursFigures>('generate-ours.ts', {
    url,
    load,
    iteration,
  })
  if (errors > 0) throw new Error(`${errors} errors`)
  const requestsPerSec = completed / (durationMs / 1000)
  return { requestsPerSec, cpuUsPerRequest: (cpuRatio * 1e6) / requestsPerSec }
}

const rounds: { steps: Awaited<ReturnType<typeof figuresOf>>; flow: Awaited<ReturnType<typeof figuresOf>> }[] = []
for (let pair = 0; pair < pairs; pair++) {
  // Alternates the order, so that a machine that slows down affects both alike.
  const first = pair % 2 === 0 ? await figuresOf('steps') : undefined
  const flow = await figuresOf('flow')
  const steps = first ?? (await figuresOf('steps'))
  rounds.push({ steps, flow })
  const [cpu, perSec] = [flow.cpuUsPerRequest / steps.cpuUsPerRequest, flow.requestsPerSec / steps.requestsPerSec]
  console.log(
    `pair ${pair + 1}: steps ${formatCount(steps.requestsPerSec)}/s, flow ${formatCount(flow.requestsPerSec)}/s; CPU per request ` +
      `${significant(steps.cpuUsPerRequest, 3)} and ${significant(flow.cpuUsPerRequest, 3)} µs, ratio ${significant(cpu, 3)}; requests per second ratio ${significant(perSec, 3)}`,
  )
}

const cpuRatio = median(rounds.map(({ steps, flow }) => flow.cpuUsPerRequest / steps.cpuUsPerRequest))
const ratio = median(rounds.map(({ steps, flow }) => flow.requestsPerSec / steps.requestsPerSec))
console.log(
  `\nflow / steps: ${significant(cpuRatio, 3)} by CPU per request, ${significant(ratio, 3)} by requests per second (medians of ${pairs} pairs)`,
)
keep('flow', { connections: 100, seconds, cpuRatio, ratio, rounds })

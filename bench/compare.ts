/**
 * Are comparisons in one run correct? A build is compared with itself, which must not be judged slower, and with a build
 * whose handler does 15% more work, which must; each with and without a busy neighbour on this machine. Each comparison
 * takes less than a minute, all of them more than an hour. Results are saved in `perf-report/bench/compare.json`, and a
 * later call continues there.
 *
 *     npm run bench:compare [-- --pairs <comparisons of each kind, default 40> --anew]
 */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createCompare } from '../src/comparison/compare.ts'
import type { Comparison } from '../src/comparison/comparison.ts'
import { constantArrivalRate } from '../src/load/builders.ts'
import { parseScale } from '../src/load/scale.ts'
import { standingAgainst, type Change } from '../src/results/compared-figures.ts'
import { printTable } from './pinned.ts'

const { values } = parseArgs({
  options: { pairs: { type: 'string', default: '40' }, anew: { type: 'boolean', default: false } },
})
const COUNT = Number(values.pairs)
const TOLERANCE = 0.05
const WORK_US = 2_000
const SLOWER = 1.15
/** Figures that are judged: the median latency, and CPU time per request. */
const FIGURES = { latency: 'p50', cpu: 'CPU per request' } as const

/** Load at full scale; `pr` applies a fifth of the rate. */
const LOAD = constantArrivalRate({ rate: 500, vus: 100, duration: '16s' })
const FOLDER = new URL('../perf-report/bench/', import.meta.url)
const FILE = new URL('compare.json', FOLDER)

interface Kind {
  readonly isSlower: boolean
  readonly isBusy: boolean
}

type Verdict = 'slower' | 'no slower' | 'undecided' | 'invalid'

interface Judged {
  readonly verdict: Verdict
  readonly change?: Change
}

interface Done extends Kind {
  readonly latency: Judged
  readonly cpu: Judged
  readonly seconds: number
  readonly loadAverage: number
}

const KINDS: readonly Kind[] = [false, true].flatMap((isBusy) =>
  [false, true].map((isSlower) => ({ isSlower, isBusy })),
)

/** Iterations of the server's loop per microsecond, the median of several measurements. */
function turnsPerUs(): number {
  const rates = Array.from({ length: 9 }, () => {
    const beganMs = performance.now()
    let sum = 0
    for (let turn = 0; turn < 2_000_000; turn++) sum = (sum + turn * 31) % 1_000_003
    return sum < 0 ? 0 : 2_000_000 / ((performance.now() - beganMs) * 1000)
  })
  return rates.toSorted((a, b) => a - b)[4]!
}

async function compareOnce({ isSlower, isBusy }: Kind, turns: number, seed: number): Promise<Done> {
  const neighbour = isBusy
    ? spawn(process.execPath, [fileURLToPath(new URL('compare-busy.ts', import.meta.url))])
    : undefined
  const build = (workUs: number) => ({
    command: [process.execPath, fileURLToPath(new URL('compare-server.ts', import.meta.url))],
    env: { WORK_US: String(workUs), TURNS_PER_US: String(turns) },
  })
  const compare = createCompare({
    signal: new AbortController().signal,
    scale: parseScale('pr'),
    seed,
    startable: undefined,
    env: process.env,
    log: () => {},
    onRun: () => {},
    onComparison: () => {},
  })
  const beganMs = performance.now()
  try {
    const builds = { base: build(WORK_US), head: build(isSlower ? WORK_US * SLOWER : WORK_US) }
    const { figures, invalidities } = await compare(builds, { load: LOAD, request: { path: '/' } })
    return {
      isSlower,
      isBusy,
      latency: judged(FIGURES.latency, figures, invalidities),
      cpu: judged(FIGURES.cpu, figures, invalidities),
      seconds: (performance.now() - beganMs) / 1000,
      loadAverage: loadavg()[0]!,
    }
  } finally {
    neighbour?.kill()
  }
}

/** Verdict of `toBeNoSlowerThan('base')`. */
function judged(figure: string, figures: Comparison['figures'], invalidities: Comparison['invalidities']): Judged {
  const change = figures.find(({ name }) => name === figure)?.change
  if (change === undefined) return { verdict: 'invalid' }
  const isSlower = change.low > TOLERANCE
  if (standingAgainst(invalidities, isSlower).length > 0) return { verdict: 'invalid', change }
  return { verdict: isSlower ? 'slower' : change.high > TOLERANCE ? 'undecided' : 'no slower', change }
}

function readEarlier(): Done[] {
  if (values.anew) return []
  try {
    return (JSON.parse(readFileSync(FILE, 'utf8')) as { done: Done[] }).done
  } catch {
    return []
  }
}

function save(done: readonly Done[]): void {
  mkdirSync(FOLDER, { recursive: true })
  const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
  writeFileSync(FILE, `${JSON.stringify({ machine, tolerance: TOLERANCE, slower: SLOWER, done }, undefined, 2)}\n`)
}

const isOf = (kind: Kind) => (each: Kind) => each.isSlower === kind.isSlower && each.isBusy === kind.isBusy

function rowOf(kind: Kind, by: keyof typeof FIGURES, done: readonly Done[]): string[] {
  const own = done.filter(isOf(kind))
  const count = (verdict: Verdict) => String(own.filter((each) => each[by].verdict === verdict).length)
  const changes = own.flatMap((each) => each[by].change?.value ?? []).toSorted((a, b) => a - b)
  const middle = changes[changes.length >> 1]
  const longest = Math.max(0, ...own.map(({ seconds }) => seconds))
  const loads = own.map(({ loadAverage }) => loadAverage)
  return [
    `${nameOf(kind)}, by ${FIGURES[by]}`,
    String(own.length),
    ...(['slower', 'no slower', 'undecided', 'invalid'] as const).map(count),
    middle === undefined ? '' : `${(middle * 100).toFixed(1)}%`,
    longest.toFixed(1),
    own.length === 0 ? '' : `${Math.min(...loads).toFixed(1)}–${Math.max(...loads).toFixed(1)}`,
  ]
}

function nameOf({ isSlower, isBusy }: Kind): string {
  return `${isSlower ? 'handler +15%' : 'itself'}${isBusy ? ', busy neighbour' : ''}`
}

const done = readEarlier()
const turns = turnsPerUs()
// Kinds alternate, so that an interrupted call has some of each.
for (let round = 0; round < COUNT; round++) {
  for (const kind of KINDS) {
    if (done.filter(isOf(kind)).length > round) continue
    const found = await compareOnce(kind, turns, round)
    done.push(found)
    save(done)
    console.error(
      `${nameOf(kind)}: ${found.latency.verdict} by latency, ${found.cpu.verdict} by CPU, ${found.seconds.toFixed(0)} s, load average ${found.loadAverage.toFixed(1)}`,
    )
  }
}

printTable([
  ['compared with', 'runs', 'slower', 'no slower', 'undecided', 'invalid', 'change', 'longest s', 'load average'],
  ...KINDS.flatMap((kind) => [rowOf(kind, 'latency', done), rowOf(kind, 'cpu', done)]),
])

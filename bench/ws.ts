/**
 * How much fan-out can the generator measure, and what does it cost? 1,000 to 20,000 sockets at two publications a second
 * against a bare `ws` server, the same with permessage-deflate, and the reference target; then one publication to 50,000
 * sockets. Server and generator share this machine. The row `floor` is the same with a pool of plain `ws` sockets, which
 * only count messages. If k6 is on the path, it measures the same. Prints a table and writes `perf-report/bench/ws.json`.
 *
 *     npm run bench:ws [-- <targets, e.g. bare> <sockets, e.g. 1000,10000> <seconds of publishing, default 10>]
 *
 * With `--against <path of another checkout>`, each case is measured three times in each checkout, alternately, and the
 * ratios of medians are printed. The modules of the other checkout must be installed.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { GENERATOR_FLAGS } from '../src/execution/generator-flags.ts'
import { descriptorLimit } from '../src/machine/descriptors.ts'
import { formatCount, formatMs, formatRatio, significant } from '../src/stats/units.ts'
import type { WsCase, WsFigures } from './ws-case.ts'
import { measureK6, type K6Figures } from './ws-k6.ts'

const { values, positionals } = parseArgs({ options: { against: { type: 'string' } }, allowPositionals: true })
const [targets = 'bare,deflate,reference', sizes = '1000,5000,10000,20000,50000', seconds = '10'] = positionals
const HERE = fileURLToPath(new URL('..', import.meta.url))
/** Measurements of each side of a comparison. */
const ROUNDS = 3
/** Descriptors of a server that are not sockets of the load. */
const SERVER_RESERVE = 500
/** Number of sockets from which there is only one publication. */
const ONE_PUBLICATION_FROM = 50_000

/** Maximum number of sockets for which one server process can deflate twice a second. */
const DEFLATE_UP_TO = 10_000

const perServer = descriptorLimit() - SERVER_RESERVE

function casesOf(): WsCase[] {
  return targets.split(',').flatMap((target) => {
    return sizes.split(',').flatMap((size) => caseOf(target as WsCase['target'], Number(size)))
  })
}

/** The same case with a pool of plain `ws` sockets in one process. */
function floorOf(plan: WsCase): WsCase | undefined {
  return plan.target === 'bare' && plan.serverProcesses === 1 ? { ...plan, isFloor: true } : undefined
}

function caseOf(target: WsCase['target'], sockets: number): WsCase | [] {
  const isSingle = sockets >= ONE_PUBLICATION_FROM
  if (isSingle && target === 'reference') return []
  // With more sockets, the benchmark would measure the compression of the server.
  if (target === 'deflate' && sockets > DEFLATE_UP_TO) return []
  const serverProcesses = target !== 'reference' ? Math.ceil(sockets / (perServer * 0.97)) : 1
  if (target === 'reference' && sockets > perServer)
    console.log(
      `reference target: ${formatCount(sockets)} sockets requested, but its process may open only ${formatCount(descriptorLimit())} descriptors (ulimit -n); using ${formatCount(perServer)}`,
    )
  return {
    target,
    sockets: target === 'reference' ? Math.min(sockets, perServer) : sockets,
    serverProcesses,
    ratePerSec: isSingle ? 1 : 2,
    durationMs: isSingle ? 1000 : Number(seconds) * 1000,
  }
}

async function run(plan: WsCase, checkout = HERE): Promise<WsFigures> {
  const child = fork(resolve(checkout, 'bench/ws-case.ts'), {
    cwd: checkout,
    execArgv: [...(checkout === HERE ? GENERATOR_FLAGS : []), '--expose-gc'],
    // JSON has no NaN, which is a figure that was not measured.
    serialization: 'advanced',
  })
  child.send(plan)
  const figures = once(child, 'message')
  const exited = once(child, 'exit')
  const failed = exited.then(([code]) => Promise.reject(new Error(`the case exited with ${String(code)}`)))
  const [found] = (await Promise.race([figures, failed])) as [WsFigures]
  await exited
  return found
}

const COLUMNS: readonly (readonly [string, (figures: WsFigures) => string])[] = [
  [
    'target',
    ({ target, serverProcesses, isFloor }) =>
      isFloor === true ? '  floor' : `${target}${serverProcesses > 1 ? ` ×${serverProcesses}` : ''}`,
  ],
  [
    'sockets',
    ({ subscribed, generatorProcesses }) =>
      `${formatCount(subscribed)}${generatorProcesses > 1 ? ` ×${generatorProcesses}` : ''}`,
  ],
  ['connect', ({ connectSec }) => `${significant(connectSec, 3)} s`],
  ['handshake p99', ({ connectP99Ms }) => orEmpty(connectP99Ms, formatMs)],
  ['deliveries', ({ expected }) => formatCount(expected)],
  ['missing', ({ missing }) => formatCount(missing)],
  ['lag p50', ({ lagP50Ms }) => formatMs(lagP50Ms)],
  ['lag p99', ({ lagP99Ms }) => formatMs(lagP99Ms)],
  ['lag max', ({ lagMaxMs }) => formatMs(lagMaxMs)],
  ['gen. CPU', ({ generatorCpuRatio }) => formatRatio(generatorCpuRatio)],
  ['server CPU', ({ serverCpuRatio }) => orEmpty(serverCpuRatio, formatRatio)],
  ['KB/socket', ({ bytesPerSocket }) => significant(bytesPerSocket / 1000, 3)],
]

/** A figure, or nothing if it was not measured. */
function orEmpty(value: number, show: (value: number) => string): string {
  return Number.isNaN(value) ? '' : show(value)
}

function printRow(cells: readonly string[]): void {
  console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(12) : cell.padStart(14))).join(''))
}

/** Prints the cost of permessage-deflate per socket, compared with the same case without it. */
function printDeflateCost(deflating: WsFigures, results: readonly WsFigures[]): void {
  const plain = results.find(({ target, sockets }) => target === 'bare' && sockets === deflating.sockets)
  if (plain === undefined) return
  const kilobytes = (deflating.bytesPerSocket - plain.bytesPerSocket) / 1000
  const cpuUs = ({ generatorCpuRatio, ratePerSec, sockets }: WsFigures) =>
    (generatorCpuRatio * 1_000_000) / (ratePerSec * sockets)
  console.log(
    `            permessage-deflate: ${significant(kilobytes, 3)} KB per socket and ` +
      `${significant(cpuUs(deflating) - cpuUs(plain), 3)} µs of CPU per delivery more than without`,
  )
}

/** Compared figures; smaller is better. */
const COMPARED = ['lagP50Ms', 'lagP99Ms', 'generatorCpuRatio', 'bytesPerSocket', 'connectSec'] as const

/** Measures each case alternately in both checkouts and prints ratios of medians. */
async function compare(checkout: string): Promise<void> {
  for (const plan of casesOf()) {
    const [here, there]: [WsFigures[], WsFigures[]] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      there.push(await measured('there', plan, resolve(checkout)))
      here.push(await measured('here', plan, HERE))
    }
    const ratios = COMPARED.map((figure) => {
      const [ours, theirs] = [here, there].map((all) => median(all.map((one) => one[figure])))
      return `${figure} ${significant(ours! / theirs!, 3)}`
    })
    console.log(`here / there, medians of ${ROUNDS}: ${ratios.join(', ')}\n`)
  }
}

async function measured(side: string, plan: WsCase, checkout: string): Promise<WsFigures> {
  const figures = await run(plan, checkout)
  printRow(COLUMNS.map(([, show], at) => (at === 0 ? `${side} ${show(figures)}` : show(figures))))
  return figures
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

const machine = {
  cores: availableParallelism(),
  cpu: cpus()[0]?.model.trim(),
  node: process.version,
  descriptorLimit: descriptorLimit(),
  loadBefore: loadavg()[0],
}
console.log(
  `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${formatCount(machine.descriptorLimit)} descriptors per process, load ${machine.loadBefore?.toFixed(2)}\n`,
)
printRow(COLUMNS.map(([name]) => name))
if (values.against !== undefined) {
  await compare(values.against)
  process.exit()
}
const results: WsFigures[] = []
const floors: WsFigures[] = []
for (const plan of casesOf()) {
  const figures = await run(plan)
  results.push(figures)
  printRow(COLUMNS.map(([, show]) => show(figures)))
  const floorPlan = floorOf(plan)
  if (floorPlan !== undefined) {
    const floor = await run(floorPlan)
    floors.push(floor)
    printRow(COLUMNS.map(([, show]) => show(floor)))
  }
  if (plan.target === 'deflate') printDeflateCost(figures, results)
  for (const reason of figures.invalid) console.log(`            invalid: ${reason}`)
  const failed = Object.entries(figures.failures).map(([kind, count]) => `${formatCount(count)} × ${kind}`)
  if (failed.length > 0) console.log(`            failed: ${failed.join(', ')}`)
}

const k6: K6Figures[] = []
for (const plan of casesOf().filter(({ target, sockets }) => target === 'bare' && sockets < ONE_PUBLICATION_FROM)) {
  const figures = await measureK6(plan)
  if (figures === undefined) {
    console.log('k6           is not on the path')
    break
  }
  k6.push(figures)
  const { sockets, expected, received, lagP50Ms, lagP99Ms, lagMaxMs, cpuRatio, maxRssBytes } = figures
  const [count, missing] = [formatCount(expected), formatCount(expected - received)]
  const lags = [lagP50Ms, lagP99Ms, lagMaxMs].map(formatMs)
  const perSocket = significant(maxRssBytes / sockets / 1000, 3)
  printRow(['k6', formatCount(sockets), '', '', count, missing, ...lags, formatRatio(cpuRatio), '', perSocket])
}

mkdirSync('perf-report/bench', { recursive: true })
writeFileSync('perf-report/bench/ws.json', `${JSON.stringify({ machine, results, floors, k6 }, undefined, 2)}\n`)

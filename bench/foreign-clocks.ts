/**
 * Do clocks that are off or drift change what is measured? Two generators over Redis send the same load to a server that takes
 * 20 ms: one with this machine's clocks, one whose monotonic clock is an hour ahead (a time namespace, which requires root) or
 * whose clocks run 200 ppm fast with a wall clock that is an hour off. Prints a table.
 *
 *     npm run bench:foreign-clocks [-- <seconds of each row, default 10>]
 *
 * The latencies of both should be equal but for noise, the drift should be found, and the reported skew should be small.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openRendezvous } from '../src/generators/index.ts'
import type { GeneratorPlace } from '../src/generators/place.ts'
import { createHttp } from '../src/http/http.ts'
import { constantArrivalRate } from '../src/load/builders.ts'
import { now, sleep } from '../src/machine/clock.ts'
import { significant } from '../src/stats/units.ts'
import { printTable, truthServer } from './pinned.ts'

/** Node options that replace the clocks before any module reads them. */
const FAST_CLOCKS = `data:text/javascript,${encodeURIComponent(`
  import { performance } from 'node:perf_hooks'
  const [now, hrtime, wall] = [performance.now.bind(performance), process.hrtime.bigint, Date.now]
  performance.now = () => now() * 1.0002
  process.hrtime.bigint = () => (hrtime() * 10002n) / 10000n
  Date.now = () => wall() + 3600000
`)}`

const CASES: readonly { readonly name: string; readonly command: readonly string[] }[] = [
  { name: 'the same clocks', command: [process.execPath] },
  { name: 'monotonic clock 1 h ahead', command: ['unshare', '--time', '--monotonic', '3600', process.execPath] },
  { name: 'clocks 200 ppm fast, wall clock 1 h ahead', command: [process.execPath, '--import', FAST_CLOCKS] },
]

interface Figures {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly skewMs: number
  readonly errorMs: number
  readonly driftPpm: number
}

interface Options {
  readonly place: GeneratorPlace
  readonly url: string
  readonly seconds: number
}

const [role, options] = process.argv.slice(2)
if (role === 'generator') await beGenerator(JSON.parse(options!) as Options)
else await main(Number(role ?? 10))

async function main(seconds: number): Promise<void> {
  const port = await freePort()
  const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'pipe' })
  await untilPrinted(redis, /eady to accept connections/)
  await using server = await truthServer('fixed')
  const rows = [['clocks of the second', 'generator', 'p50', 'p95', 'p99', 'drift', 'skew', 'error']]
  try {
    for (const [number, { name, command }] of CASES.entries()) {
      const figures = await Promise.all(
        [[process.execPath], command].map(async (words, index) => {
          const place: GeneratorPlace = {
            index,
            count: 2,
            source: 'bench',
            runId: `clocks-${number}`,
            node: `node-${index + 1}`,
            timeoutMs: 60_000,
            address: { kind: 'redis', url: `redis://127.0.0.1:${port}` },
          }
          return run(words, { place, url: server.url, seconds })
        }),
      )
      for (const [index, one] of figures.entries())
        rows.push([
          index === 0 ? name : '',
          String(index + 1),
          ...[one.p50Ms, one.p95Ms, one.p99Ms].map((value) => `${significant(value, 4)} ms`),
          `${one.driftPpm.toFixed(1)} ppm`,
          `${significant(one.skewMs, 3)} ms`,
          `${significant(one.errorMs, 3)} ms`,
        ])
    }
  } finally {
    redis.kill()
  }
  printTable(rows)
}

async function beGenerator({ place, url, seconds }: Options): Promise<void> {
  await using rendezvous = await openRendezvous(place, 'bench')
  const { atMs } = await rendezvous.startAt('run')
  await sleep(Math.max(0, atMs - now()))
  const startedMs = now()
  const http = createHttp({
    baseUrl: url,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: () => {},
  })
  const result = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 50, duration: `${seconds}s` }),
    request: { path: '/' },
  })
  const { skewMs, errorMs, driftPpm } = await rendezvous.startSkew('run', startedMs)
  if (result.state === 'empty') throw new Error('nothing was measured')
  const { p50Ms, p95Ms, p99Ms } = result.latency
  console.log(JSON.stringify({ p50Ms, p95Ms, p99Ms, skewMs, errorMs, driftPpm } satisfies Figures))
}

async function run([file, ...words]: readonly string[], details: Options): Promise<Figures> {
  const path = fileURLToPath(import.meta.url)
  const args = [...words, path, 'generator', JSON.stringify(details)]
  const child = spawn(file!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [, json] = await untilPrinted(child, /^(\{.*\})$/)
  return JSON.parse(json!) as Figures
}

async function untilPrinted(process: ChildProcess, wanted: RegExp): Promise<RegExpExecArray> {
  for await (const line of createInterface(process.stdout!)) {
    const found = wanted.exec(line)
    if (found !== null) return found
  }
  throw new Error('the process ended too early')
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/**
 * How far apart do generators start a run, and is that what they report? Four generators over Redis, behind proxies that
 * delay each way of a connection. `actual` is measured on the clock that all processes of this machine share; `reported at
 * most` is the reported skew plus its uncertainty. Prints a table.
 *
 *     npm run bench:start-skew [-- <starts of each row, default 200>]
 *
 * With a round trip of 1 ms, the 99th percentile of the actual skew should be at most 10 ms. With delays of 50 ± 20 ms in
 * one direction, which no measurement over the connection can see, the report should be within 20% of the actual skew.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { openRendezvous } from '../src/generators/index.ts'
import type { GeneratorPlace } from '../src/generators/place.ts'
import { monotonicNs, now, sleep } from '../src/machine/clock.ts'
import { significant } from '../src/stats/units.ts'
import { printTable } from './pinned.ts'

const GENERATORS = 4
/** Rendezvous at the same time, as every start takes seconds. */
const PARALLEL = 4

/** Delay of each chunk on one way, in milliseconds: uniform between the two. */
type Way = readonly [minMs: number, maxMs: number]

interface Case {
  readonly name: string
  /** Ways to Redis and back, of each generator. */
  readonly ways: readonly { readonly to: Way; readonly from: Way }[]
}

interface Start {
  readonly key: string
  readonly startedMs: number
  readonly skewMs: number
  readonly errorMs: number
}

const NO_DELAY: Way = [0, 0]
const MILLISECOND: Way = [1, 1]
const SLOW: Way = [30, 70]
const NEAR = { to: MILLISECOND, from: NO_DELAY }

const CASES: readonly Case[] = [
  { name: 'loopback', ways: repeated({ to: NO_DELAY, from: NO_DELAY }) },
  { name: '1 ms round trip', ways: repeated(NEAR) },
  { name: 'one with 50 ± 20 ms to Redis', ways: [{ to: SLOW, from: NO_DELAY }, NEAR, NEAR, NEAR] },
  { name: 'one with 50 ± 20 ms from Redis', ways: [{ to: NO_DELAY, from: SLOW }, NEAR, NEAR, NEAR] },
  { name: 'one each way', ways: [{ to: SLOW, from: NO_DELAY }, { to: NO_DELAY, from: SLOW }, NEAR, NEAR] },
  { name: 'all 50 ± 20 ms both ways', ways: repeated({ to: SLOW, from: SLOW }) },
]

const [role, options = '{}'] = process.argv.slice(2)
if (role === 'generator') await beGenerator(JSON.parse(options) as { place: GeneratorPlace; starts: number })
else if (role === 'proxy') beProxy(JSON.parse(options) as { port: number; to: Way; from: Way })
else await main(Number(role ?? 200))

async function main(starts: number): Promise<void> {
  const port = await freePort()
  const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], { stdio: 'pipe' })
  await untilPrinted(redis, /eady to accept connections/)
  const rows = [
    ['delays', 'starts', 'actual p50', 'p99', 'reported at most p50', 'p99', 'reported / actual p50', 'late'],
  ]
  try {
    for (const [number, { name, ways }] of CASES.entries()) rows.push(await measure(number, name, ways, port, starts))
  } finally {
    redis.kill()
  }
  printTable(rows)
}

async function measure(number: number, name: string, ways: Case['ways'], port: number, starts: number) {
  const children: ChildProcess[] = []
  try {
    const generators = await Promise.all(
      ways.map(async ({ to, from }, index) => {
        const proxy = child('proxy', { port, to, from })
        children.push(proxy)
        const [, proxyPort] = await untilPrinted(proxy, /listening (\d+)/)
        const address = { kind: 'redis', url: `redis://127.0.0.1:${proxyPort}` } as const
        const place: GeneratorPlace = {
          index,
          count: GENERATORS,
          source: 'bench',
          runId: `bench-${number}`,
          node: `node-${index + 1}`,
          timeoutMs: 60_000,
          address,
        }
        const generator = child('generator', { place, starts: Math.ceil(starts / PARALLEL) })
        children.push(generator)
        return linesOf(generator)
      }),
    )
    const byKey = new Map<string, Start[]>()
    for (const start of generators.flat()) byKey.set(start.key, [...(byKey.get(start.key) ?? []), start])
    const all = [...byKey.values()]
    const actual = all.map((one) => {
      const times = one.map(({ startedMs }) => startedMs)
      return Math.max(...times) - Math.min(...times)
    })
    const reported = all.map(([one]) => one!.skewMs + one!.errorMs)
    const beyond = actual.filter((ms, at) => ms > reported[at]!).length
    const ratio = all.map((_, at) => reported[at]! / actual[at]!)
    return [
      name,
      String(all.length),
      ...[actual, reported].flatMap((values) => [`${ms(values, 0.5)} ms`, `${ms(values, 0.99)} ms`]),
      significant(quantile(ratio, 0.5), 3),
      `${beyond} beyond`,
    ]
  } finally {
    for (const one of children) one.kill()
  }
}

async function beGenerator({ place, starts }: { place: GeneratorPlace; starts: number }): Promise<void> {
  const one = async (stream: number) => {
    await using rendezvous = await openRendezvous(place, `stream-${stream}`)
    for (let at = 0; at < starts; at++) {
      const key = `${stream}-${at}`
      const { atMs } = await rendezvous.startAt(key)
      await sleep(Math.max(0, atMs - now()))
      const [startedMs, localMs] = [Number(monotonicNs()) / 1e6, now()]
      const { skewMs, errorMs } = await rendezvous.startSkew(key, localMs)
      console.log(JSON.stringify({ key, startedMs, skewMs, errorMs } satisfies Start))
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, (_, stream) => one(stream)))
  process.exit()
}

/** Delays every chunk of a connection; chunks keep their order. */
function beProxy({ port, to, from }: { port: number; to: Way; from: Way }): void {
  const server = net.createServer({ noDelay: true }, (near) => {
    const far = net.connect({ port, host: '127.0.0.1', noDelay: true })
    delayed(near, far, to)
    delayed(far, near, from)
  })
  server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
}

function delayed(source: net.Socket, sink: net.Socket, [minMs, maxMs]: Way): void {
  // Timers of equal times may fire in any order, so each one sends whatever is due.
  const waiting: { readonly chunk: Buffer; readonly dueMs: number }[] = []
  const send = () => {
    while (waiting[0] !== undefined && waiting[0].dueMs <= now() + 0.5) sink.write(waiting.shift()!.chunk)
    if (waiting[0] !== undefined) setTimeout(send, Math.max(1, waiting[0].dueMs - now()))
  }
  source.on('data', (chunk: Buffer) => {
    const dueMs = Math.max(waiting.at(-1)?.dueMs ?? 0, now() + minMs + Math.random() * (maxMs - minMs))
    waiting.push({ chunk, dueMs })
    if (waiting.length === 1) send()
  })
  source.on('close', () => sink.destroy()).on('error', () => {})
}

function child(kind: string, details: object): ChildProcess {
  const path = fileURLToPath(import.meta.url)
  return spawn(process.execPath, [path, kind, JSON.stringify(details)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function linesOf(process: ChildProcess): Promise<readonly Start[]> {
  const starts: Start[] = []
  for await (const line of createInterface(process.stdout!)) starts.push(JSON.parse(line) as Start)
  return starts
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

function repeated<T>(one: T): readonly T[] {
  return Array.from({ length: GENERATORS }, () => one)
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN
}

function ms(values: readonly number[], part: number): string {
  return significant(quantile(values, part), 3)
}

import { WebSocket } from 'ws'
import { GeneratorMonitor } from '../src/execution/generator-monitor.ts'
import { Histogram } from '../src/stats/histogram.ts'
import type { WsCase, WsFigures } from './ws-case.ts'
import type { BenchTarget } from './ws-targets.ts'

/** Figures of the floor, with the meaning of those of the same names. */
export type FloorFigures = Pick<
  WsFigures,
  | 'connectSec'
  | 'expected'
  | 'missing'
  | 'lagP50Ms'
  | 'lagP99Ms'
  | 'lagMaxMs'
  | 'generatorCpuRatio'
  | 'eventLoopDelayP99Ms'
  | 'bytesPerSocket'
>

/** Handshakes in flight, as in `ws.fanOut()`. */
const HANDSHAKES = 200
const WARMUP_MS = 2000
const DRAIN_MS = 2000

/**
 * The floor of the benchmark: sockets of `ws` that count messages and do nothing else, with the same target, schedule and
 * measurement. It has no account of deliveries: what it lacks compared with `ws.fanOut()` is the cost of the framework.
 */
export async function measureFloor(
  { sockets, ratePerSec, durationMs }: WsCase,
  target: BenchTarget,
  rssBeforeBytes: number,
): Promise<FloorFigures> {
  const lags = new Histogram()
  const keep: WebSocket[] = []
  let [received, dueMs, isCounting] = [0, 0, false]
  const count = () => {
    if (!isCounting) return
    received++
    lags.record((performance.now() - dueMs) * 1000)
  }
  const open = () =>
    new Promise<void>((resolve, reject) => {
      const socket = new WebSocket(target.url.replace(/^http/, 'ws'), { perMessageDeflate: false })
      // The greeting of the target, as `ws.fanOut()` waits for it.
      socket.once('message', () => resolve(void socket.on('message', count)))
      socket.on('error', reject)
      keep.push(socket)
    })
  const begunMs = performance.now()
  await Promise.all(
    Array.from({ length: HANDSHAKES }, async () => {
      while (keep.length < sockets) await open()
    }),
  )
  const connectSec = (performance.now() - begunMs) / 1000
  globalThis.gc?.()
  const monitor = new GeneratorMonitor(() => keep.length)
  monitor.start()
  const startMs = performance.now()
  const publications = Math.floor(((WARMUP_MS + durationMs) * ratePerSec) / 1000)
  for (let index = 0; index < publications; index++) {
    const atMs = startMs + (index * 1000) / ratePerSec
    await sleepUntil(atMs)
    isCounting = atMs >= startMs + WARMUP_MS
    dueMs = atMs
    // Not awaited by the schedule, as in `ws.fanOut()`.
    void target.send({ id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`, sequence: index + 1 })
  }
  await sleepUntil(startMs + WARMUP_MS + durationMs)
  monitor.stop()
  await sleepUntil(performance.now() + DRAIN_MS)
  const { cpuRatio, eventLoopDelay, maxRssBytes } = monitor.health()
  for (const socket of keep) socket.terminate()
  const expected = Math.floor((durationMs * ratePerSec) / 1000) * sockets
  const at = (p: number) => lags.percentileUs(p) / 1000
  return {
    connectSec,
    expected,
    missing: expected - received,
    lagP50Ms: at(0.5),
    lagP99Ms: at(0.99),
    lagMaxMs: lags.maxUs / 1000,
    generatorCpuRatio: cpuRatio,
    eventLoopDelayP99Ms: eventLoopDelay.p99Ms,
    bytesPerSocket: (maxRssBytes - rssBeforeBytes) / sockets,
  }
}

function sleepUntil(atMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - performance.now())))
}

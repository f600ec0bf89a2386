import type { RunSnapshot } from '../src/results/snapshot.ts'
import { createWebSocket } from '../src/websocket/websocket.ts'
import { measureFloor } from './ws-floor.ts'
import { bareTarget, cpuSecondsOf, referenceTarget } from './ws-targets.ts'

/** One case of `ws.ts`, in a separate process, so that its memory is measured separately. */
export interface WsCase {
  /** `deflate`: the bare server, with permessage-deflate. */
  readonly target: 'bare' | 'deflate' | 'reference'
  readonly sockets: number
  readonly serverProcesses: number
  readonly ratePerSec: number
  readonly durationMs: number
  /** Whether a pool of plain `ws` sockets is measured instead of `ws.fanOut()`. */
  readonly isFloor?: boolean
}

export interface WsFigures extends WsCase {
  readonly generatorProcesses: number
  readonly subscribed: number
  readonly failures: Readonly<Record<string, number>>
  readonly connectSec: number
  readonly connectP99Ms: number
  readonly publications: number
  readonly expected: number
  readonly missing: number
  readonly late: number
  readonly duplicate: number
  readonly outOfOrder: number
  readonly lagP50Ms: number
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  readonly generatorCpuRatio: number
  readonly eventLoopDelayP99Ms: number
  readonly bytesPerSocket: number
  readonly serverCpuRatio: number
  readonly invalid: readonly string[]
}

/** Figures that the floor does not have. */
const NOT_MEASURED = {
  ...{ generatorProcesses: 1, failures: {}, connectP99Ms: Number.NaN, publications: 0, late: 0, duplicate: 0 },
  ...{ outOfOrder: 0, serverCpuRatio: Number.NaN, invalid: [] },
}

async function measure(plan: WsCase): Promise<WsFigures> {
  await using target =
    plan.target === 'reference'
      ? await referenceTarget()
      : await bareTarget(plan.serverProcesses, plan.target === 'deflate')
  const begunMs = performance.now()
  let published: { atMs: number; serverCpu: number } | undefined
  const serverCpu = () => target.pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)
  const rssBefore = settledRss()
  if (plan.isFloor === true) {
    const floor = await measureFloor(plan, target, rssBefore)
    return { ...NOT_MEASURED, ...plan, ...floor, subscribed: plan.sockets }
  }
  const ws = createWebSocket({
    baseUrl: target.url,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: () => {},
    onSnapshot: ({ elapsedMs, phase }: RunSnapshot) => {
      // Garbage from opening the sockets is not memory that they use.
      if (phase === 'warmup') globalThis.gc?.()
      if (elapsedMs > 0) published ??= { atMs: performance.now() - elapsedMs, serverCpu: serverCpu() }
    },
  })
  const run = await ws.fanOut({
    ...target.options,
    connections: plan.sockets,
    ...(plan.target === 'deflate' && { perMessageDeflate: true }),
    publish: { rate: plan.ratePerSec, send: (publication) => target.send(publication) },
    warmup: '2s',
    duration: plan.durationMs,
    handshakeTimeout: '30s',
  })
  const wallSec = (performance.now() - (published?.atMs ?? begunMs)) / 1000
  const { generator, deliveries, sockets, processes } = run
  return {
    ...plan,
    generatorProcesses: processes,
    subscribed: sockets.subscribed,
    failures: sockets.failures,
    connectSec: run.openingMs / 1000,
    connectP99Ms: run.connectTime?.p99Ms ?? Number.NaN,
    publications: run.publications.count,
    ...deliveries,
    lagP50Ms: run.state === 'measured' ? run.lag.p50Ms : Number.NaN,
    lagP99Ms: run.state === 'measured' ? run.lag.p99Ms : Number.NaN,
    lagMaxMs: run.state === 'measured' ? run.lag.maxMs : Number.NaN,
    generatorCpuRatio: generator.cpuRatio,
    eventLoopDelayP99Ms: generator.eventLoopDelay.p99Ms,
    // Includes the memory of other generator processes without sockets, about 50 MB each.
    bytesPerSocket: (generator.maxRssBytes - rssBefore) / plan.sockets,
    serverCpuRatio: (serverCpu() - (published?.serverCpu ?? 0)) / wallSec,
    invalid: run.invalidities.map(({ reason, finding }) => `${reason}: ${finding}`),
  }
}

/** Memory of the process before it opens sockets, without garbage from the start-up. */
function settledRss(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

process.once('message', (plan: WsCase) => {
  measure(plan).then(
    (figures) => process.send!(figures, () => process.disconnect()),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { WsCase } from './ws-case.ts'
import { bareTarget, cpuSecondsOf } from './ws-targets.ts'

/** Sockets per k6 VU: with one VU per socket, k6 needs a gigabyte for every few thousand sockets. */
const SOCKETS_PER_VU = 100
/** Time for k6 to open its sockets before publishing begins. */
const OPENING_MS = 15_000

export interface K6Figures {
  readonly sockets: number
  readonly expected: number
  readonly received: number
  readonly lagP50Ms: number
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  readonly maxRssBytes: number
  readonly cpuRatio: number
}

/** The same fan-out with k6's sockets; `undefined` if k6 is not on the path. Lag is in whole milliseconds of one clock. */
export async function measureK6({
  sockets,
  serverProcesses,
  ratePerSec,
  durationMs,
}: WsCase): Promise<K6Figures | undefined> {
  if (spawnSync('k6', ['version']).status !== 0) return undefined
  await using target = await bareTarget(serverProcesses)
  const directory = mkdtempSync(join(tmpdir(), 'ws-k6-'))
  const summaryPath = join(directory, 'summary.json')
  try {
    const script = scriptFor(target.url, sockets, OPENING_MS + durationMs + 2000)
    const k6 = spawn('k6', ['run', '--quiet', '--summary-export', summaryPath, '-'], {
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    k6.stdin.end(script)
    const exited = once(k6, 'exit')
    await delay(OPENING_MS)
    const cpuBefore = cpuSecondsOf(k6.pid!)
    const count = Math.round((durationMs / 1000) * ratePerSec)
    const startMs = performance.now()
    for (let sequence = 1; sequence <= count; sequence++) {
      await delay(Math.max(0, startMs + ((sequence - 0.5) * 1000) / ratePerSec - performance.now()))
      await target.send({ id: String(sequence), sequence, sentAtMs: Date.now() })
    }
    const cpuRatio = (cpuSecondsOf(k6.pid!) - cpuBefore) / ((performance.now() - startMs) / 1000)
    const maxRssBytes = peakRssOf(k6.pid!)
    await exited
    const { lag_ms: lag, received } = readSummary(summaryPath)
    return {
      sockets,
      expected: sockets * count,
      received: received?.['count'] ?? 0,
      lagP50Ms: lag?.['med'] ?? Number.NaN,
      lagP99Ms: lag?.['p(99)'] ?? Number.NaN,
      lagMaxMs: lag?.['max'] ?? Number.NaN,
      maxRssBytes,
      cpuRatio,
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function scriptFor(url: string, sockets: number, openMs: number): string {
  const vus = Math.ceil(sockets / SOCKETS_PER_VU)
  return `
    import { WebSocket } from 'k6/websockets'
    import { Counter, Trend } from 'k6/metrics'
    const lag = new Trend('lag_ms', true)
    const received = new Counter('received')
    export const options = { vus: ${vus}, iterations: ${vus}, summaryTrendStats: ['med', 'p(99)', 'max'] }
    export default function () {
      for (let n = 0; n < ${Math.ceil(sockets / vus)}; n++) {
        const socket = new WebSocket('${url.replace('http', 'ws')}/')
        socket.onmessage = ({ data }) => {
          if (data === 'welcome') return
          lag.add(Date.now() - JSON.parse(data).sentAtMs)
          received.add(1)
        }
        setTimeout(() => socket.close(), ${openMs})
      }
    }`
}

type Summary = Readonly<Record<string, Readonly<Record<string, number>> | undefined>>

function readSummary(path: string): Summary {
  return (JSON.parse(readFileSync(path, 'utf8')) as { metrics: Summary }).metrics
}

/** Peak memory of a process (Linux only; NaN on other systems). */
function peakRssOf(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
  } catch {
    return Number.NaN
  }
}

import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { performance } from 'node:perf_hooks'

/*
 * A replacement of `machine/clock.ts` for tests whose sockets are all in this process. Time only passes when everything that
 * one side has sent was received by the other one, so that a process without CPU is never late:
 *
 *   vi.mock(import('../machine/clock.ts'), async () => (await import('../testing/virtual-clock.ts')) as never)
 *   vi.mock(import('../load/wakeup-timer.ts'), async () => (await import('../testing/virtual-clock.ts')) as never)
 */

/** Duration of a turn of the event loop. */
const TURN_MS = 0.1

/** Duration of a reading of the clock. */
const READING_MS = 0.0001

/** Turns without traffic after which the next timer fires: code may wait for two turns to notice a close. */
const QUIET_TURNS = 4

const realImmediate = globalThis.setImmediate
let nowMs = performance.now()
let quietTurns = 0
let isRunning = false
let timers: VirtualTimer[] = []
const clients = new Set<Socket>()
const servers = new Set<Socket>()

subscribe('net.client.socket', (message) => void clients.add((message as { socket: Socket }).socket))
subscribe('net.server.socket', (message) => void servers.add((message as { socket: Socket }).socket))

class VirtualTimer {
  dueMs: number
  readonly everyMs: number | undefined
  readonly fire: () => void

  constructor(fire: () => void, dueMs: number, everyMs?: number) {
    this.fire = fire
    this.dueMs = dueMs
    this.everyMs = everyMs
    this.#start()
  }

  #start(): void {
    const at = timers.findIndex(({ dueMs }) => dueMs > this.dueMs)
    timers.splice(at === -1 ? timers.length : at, 0, this)
    if (isRunning) return
    isRunning = true
    realImmediate(turn)
  }

  repeat(): void {
    if (this.everyMs === undefined) return
    this.dueMs += this.everyMs
    this.#start()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/** Runs while there are timers. */
function turn(): void {
  nowMs += TURN_MS
  quietTurns = isQuiet() ? quietTurns + 1 : 0
  const isIdle = quietTurns >= QUIET_TURNS
  if (isIdle && timers[0] !== undefined) nowMs = Math.max(nowMs, timers[0].dueMs)
  while (quietTurns > 0 && timers[0] !== undefined && timers[0].dueMs <= nowMs) {
    const timer = timers.shift()!
    timer.repeat()
    timer.fire()
    // What it has sent must arrive first.
    if (!isQuiet()) quietTurns = 0
  }
  if (isIdle) quietTurns = 0
  isRunning = timers.length > 0
  if (isRunning) realImmediate(turn)
}

/** Whether nothing is on its way between two sockets, and no file is read. */
function isQuiet(): boolean {
  if (process.getActiveResourcesInfo().some((type) => /^FSReq|^GetAddrInfo/.test(type))) return false
  const byPort = new Map(servers.values().map((server) => [server.remotePort, server]))
  for (const client of clients) {
    const server = byPort.get(client.localPort)
    if (client.destroyed && (server === undefined || server.destroyed)) clients.delete(client)
    else if (client.connecting || server === undefined || !hasReceived(client, server) || !hasReceived(server, client))
      return false
  }
  for (const server of servers) if (server.destroyed) servers.delete(server)
  return true
}

/** Whether a socket has received everything that its peer sent, including the end. */
function hasReceived(socket: Socket, peer: Socket): boolean {
  if (socket.destroyed) return true
  if (peer.destroyed || peer.writableEnded) return socket.readableEnded
  return peer.bytesWritten === socket.bytesRead
}

/** Each reading takes a moment: code may read the clock until a time has passed. */
export function now(): number {
  nowMs += READING_MS
  return nowMs
}
export const monotonicNs = (): bigint => BigInt(Math.round(nowMs * 1e6))
export const wallMs = (): number => Math.round(performance.timeOrigin + nowMs)
export const loopIdleMs = (): number => performance.nodeTiming.idleTime
export const cpuUsage = process.cpuUsage.bind(process)
export const setImmediate = realImmediate
export const nextTurn = async (): Promise<void> => new Promise((resolve) => void realImmediate(resolve))

export function setTimeout<Args extends unknown[]>(run: (...args: Args) => void, ms = 0, ...args: Args): VirtualTimer {
  return new VirtualTimer(() => run(...args), nowMs + atLeast1(ms))
}

export function setInterval<Args extends unknown[]>(run: (...args: Args) => void, ms = 0, ...args: Args): VirtualTimer {
  return new VirtualTimer(() => run(...args), nowMs + atLeast1(ms), atLeast1(ms))
}

/** As in Node.js. */
function atLeast1(ms: number): number {
  return Math.max(1, ms || 1)
}

export function clearTimeout(timer: VirtualTimer | undefined): void {
  timers = timers.filter((one) => one !== timer)
}

export function clearInterval(timer: VirtualTimer | undefined): void {
  clearTimeout(timer)
}

export async function sleep<T>(ms: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(value as T), ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason as Error)
    })
  })
}

/** Replaces that of `load/wakeup-timer.ts`, whose thread waits in real time. */
export class WakeupTimer {
  readonly #onWake: () => void
  #timer: VirtualTimer | undefined

  constructor(onWake: () => void) {
    this.#onWake = onWake
  }

  async start(): Promise<void> {}

  wakeAt(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = new VirtualTimer(this.#onWake, ms)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
  }
}

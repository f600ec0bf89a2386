import { setTimeout as delay } from 'node:timers/promises'
import { nowUs } from './clock.ts'
import { Histogram } from '../stats/histogram.ts'
import type { PlacedFanOut } from './fan-out-options.ts'
import { Handshakes } from './handshakes.ts'
import { encode, Message, type Outgoing } from './message.ts'
import type { PoolEvents, SocketPool } from './socket-pool.ts'

/** Without an acknowledgement, how long after the last subscription was sent the target is given to take it in. */
const UNACKNOWLEDGED_PAUSE_MS = 500
const DEADLINE_SWEEP_MS = 100

const CONNECTING = 1
const SUBSCRIBING = 2
const SUBSCRIBED = 3
const LOST = 4
const FAILED = 5

export interface SubscriberEvents {
  /** Owed publications from now on. `isAgain`: it had been before, on another connection. */
  subscribed(client: number, isAgain: boolean): void
  /** A message to a client that is subscribed. */
  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void
  /** A function of the scenario threw. */
  broken(error: unknown): void
}

/** Brings every client from nothing to subscribed, and back there where reconnecting was asked for. */
export class Subscribers implements PoolEvents {
  readonly #plan: PlacedFanOut
  readonly #events: SubscriberEvents
  readonly #pool: SocketPool
  readonly #handshakes: Handshakes
  readonly #state: Uint8Array
  readonly #wasSubscribed: Uint8Array
  readonly #dueUs: Float64Array
  readonly #deadlineUs: Float64Array
  readonly #failures = new Map<string, number>()
  readonly #closings = new Map<number, string>()
  /** From the instant a first handshake was due to its answer. */
  readonly connectTime = new Histogram()
  #unsettled: number
  #subscribed = 0
  #everSubscribed = 0
  #closed = 0
  #reconnected = 0
  #settled: (() => void) | undefined
  #sweep: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(plan: PlacedFanOut, events: SubscriberEvents, createPool: (events: PoolEvents) => SocketPool) {
    this.#plan = plan
    this.#events = events
    this.#unsettled = plan.clients
    this.#state = new Uint8Array(plan.clients)
    this.#wasSubscribed = new Uint8Array(plan.clients)
    this.#dueUs = new Float64Array(plan.clients)
    this.#deadlineUs = new Float64Array(plan.clients)
    this.#pool = createPool(this)
    this.#handshakes = new Handshakes({
      ratePerSec: plan.connectRatePerSec,
      maxInFlight: plan.maxHandshakes,
      start: (client, dueUs) => this.#connect(client, dueUs),
    })
  }

  /** Clients subscribed at least once. */
  get everSubscribedCount(): number {
    return this.#everSubscribed
  }

  /** Clients subscribed now. */
  get subscribedCount(): number {
    return this.#subscribed
  }

  get closedCount(): number {
    return this.#closed
  }

  get reconnectedCount(): number {
    return this.#reconnected
  }

  /** Clients that never came to be subscribed, by kind. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures
  }

  /** What became of the sockets that the other side closed, by client. */
  get closings(): ReadonlyMap<number, string> {
    return this.#closings
  }

  /** Opens and subscribes all clients. Resolves when each is subscribed or has failed, or the signal fires. */
  async open(signal: AbortSignal): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#settled = resolve
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#sweep = setInterval(() => this.#giveUpOverdue(), DEADLINE_SWEEP_MS)
    this.#handshakes.openAll(this.#plan.clients)
    await settled
    if (this.#plan.acknowledged === undefined && this.#plan.subscribe !== undefined && this.#subscribed > 0)
      await delay(UNACKNOWLEDGED_PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }

  /** No more handshakes and nothing reported from here on. */
  stop(): void {
    this.#isStopped = true
    this.#handshakes.stop()
    clearInterval(this.#sweep)
  }

  #connect(client: number, dueUs: number): void {
    this.#state[client] = CONNECTING
    this.#dueUs[client] = dueUs
    this.#guard(() => {
      const { subprotocols, layout } = this.#plan
      const localAddress = layout.sources[client % layout.sources.length]
      this.#pool.connect(client, { headers: this.#plan.headers(client), subprotocols, localAddress })
    })
  }

  opened(client: number, atUs: number): void {
    if (this.#isStopped) return
    // The others of this client come after a loss, one by one, and say nothing about how the load came up.
    if (this.#wasSubscribed[client] === 0) this.connectTime.record(atUs - this.#dueUs[client]!)
    this.#state[client] = SUBSCRIBING
    this.#deadlineUs[client] = atUs + this.#plan.acknowledgeTimeoutMs * 1000
    this.#guard(() => {
      const messages = this.#plan.subscribe?.(client)
      if (messages !== undefined) this.#pool.send(client, listOf(messages).map(encode))
      if (this.#plan.acknowledged === undefined) this.#nowSubscribed(client)
    })
    this.#handshakes.finished()
  }

  failed(client: number, kind: string): void {
    if (this.#isStopped) return
    this.#giveUp(client, kind)
    this.#handshakes.finished()
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    if (this.#isStopped) return
    if (this.#state[client] !== SUBSCRIBING) return this.#events.message(client, data, isBinary, atUs)
    this.#guard(() => {
      if (this.#plan.acknowledged?.(new Message(data, isBinary), client)) this.#nowSubscribed(client)
    })
  }

  closed(client: number, why: string): void {
    if (this.#isStopped) return
    if (this.#state[client] === SUBSCRIBING) return this.#giveUp(client, `${why}, before it was subscribed`)
    this.#subscribed--
    this.#closed++
    this.#closings.set(client, why)
    this.#state[client] = LOST
    this.#comeBack(client)
  }

  #nowSubscribed(client: number): void {
    const isAgain = this.#wasSubscribed[client] === 1
    this.#state[client] = SUBSCRIBED
    this.#wasSubscribed[client] = 1
    this.#subscribed++
    if (isAgain) this.#reconnected++
    else this.#everSubscribed++
    this.#events.subscribed(client, isAgain)
    if (!isAgain) this.#settle()
  }

  #giveUp(client: number, kind: string): void {
    if (this.#wasSubscribed[client] === 1) {
      this.#state[client] = LOST
      this.#comeBack(client)
      return
    }
    this.#state[client] = FAILED
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1)
    this.#settle()
  }

  #comeBack(client: number): void {
    if (this.#plan.reconnectAfterMs !== undefined) this.#handshakes.reopen(client, this.#plan.reconnectAfterMs)
  }

  #giveUpOverdue(): void {
    const now = nowUs()
    for (let client = 0; client < this.#state.length; client++) {
      if (this.#state[client] !== SUBSCRIBING || this.#deadlineUs[client]! > now) continue
      this.#pool.drop(client)
      this.#giveUp(client, 'subscription not acknowledged')
    }
  }

  #settle(): void {
    if (--this.#unsettled === 0) this.#settled?.()
  }

  #guard(callScenario: () => void): void {
    try {
      callScenario()
    } catch (error) {
      this.#events.broken(error)
    }
  }
}

function listOf(messages: Outgoing | readonly Outgoing[]): readonly Outgoing[] {
  return isList(messages) ? messages : [messages]
}

function isList(messages: Outgoing | readonly Outgoing[]): messages is readonly Outgoing[] {
  return Array.isArray(messages)
}

import { setTimeout as delay } from 'node:timers/promises'
import { nowUs } from './clock.ts'
import { Histogram } from '../stats/histogram.ts'
import type { FramedConnection, FramedSocket, Framing } from './framing.ts'
import { Handshakes } from './handshakes.ts'
import { encode, Message, type Outgoing } from './message.ts'
import type { SocketLayout } from './socket-limits.ts'
import type { PoolEvents, SocketPool } from './socket-pool.ts'

/** Without an acknowledgement, how long after the last subscription was sent the target is given to take it in. */
const UNACKNOWLEDGED_PAUSE_MS = 500
const DEADLINE_SWEEP_MS = 100

const CONNECTING = 1
/** Open, but the protocol on top of it is not set up yet. */
const FRAMING = 2
const SUBSCRIBING = 3
const SUBSCRIBED = 4
const LOST = 5
const FAILED = 6

/** How clients connect and subscribe; see the options of the same names. */
export interface ClientsPlan {
  readonly clients: number
  readonly connectRatePerSec: number | undefined
  readonly maxHandshakes: number
  readonly headers: (client: number) => Readonly<Record<string, string>>
  readonly subprotocols: readonly string[]
  readonly framing: Framing | undefined
  readonly subscribe: ((client: number) => Outgoing | readonly Outgoing[]) | undefined
  readonly acknowledged: ((message: Message, client: number) => boolean) | undefined
  readonly acknowledgeTimeoutMs: number
  /** `undefined`: who lost a connection comes back only when told to. */
  readonly reconnectAfterMs: number | undefined
  readonly layout: SocketLayout
  /** Of each instance of the target. */
  readonly urls: readonly string[]
}

export interface ClientEvents {
  /** The client is connected and subscribed. `isAgain`: it had been before, on another connection. */
  subscribed(client: number, isAgain: boolean): void
  /** A client that was subscribed has lost its connection. */
  lost?(client: number, why: string): void
  /** A connection came to nothing, or was gone before the client was subscribed. */
  failed?(client: number, kind: string): void
  /** A message to a client that is subscribed. */
  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void
  /** A function of the scenario threw. */
  broken(error: unknown): void
}

/** Brings every client from nothing to subscribed, and back there where reconnecting was asked for. */
export class Clients implements PoolEvents {
  readonly #plan: ClientsPlan
  readonly #events: ClientEvents
  readonly #pool: SocketPool
  readonly #handshakes: Handshakes
  readonly #state: Uint8Array
  readonly #wasSubscribed: Uint8Array
  readonly #dueUs: Float64Array
  readonly #deadlineUs: Float64Array
  readonly #framed = new Map<number, FramedConnection>()
  readonly #failures = new Map<string, number>()
  readonly #closings = new Map<number, string>()
  /** From the instant a first handshake was due to its answer. */
  readonly connectTime = new Histogram()
  /** Whose first attempt has come to an end, one way or the other. */
  readonly #isSettled: Uint8Array
  #unsettled: number
  #subscribed = 0
  #everSubscribed = 0
  #closed = 0
  #reconnected = 0
  #settled: (() => void) | undefined
  #sweep: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(plan: ClientsPlan, events: ClientEvents, createPool: (events: PoolEvents) => SocketPool) {
    this.#plan = plan
    this.#events = events
    this.#unsettled = plan.clients
    this.#isSettled = new Uint8Array(plan.clients)
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

  /** Connects a client anew that has lost its connection or never got one. */
  reopen(client: number): void {
    this.#handshakes.reopen(client, 0)
  }

  /** Cuts a client's connection; nothing is reported. */
  drop(client: number): void {
    if (this.#state[client] === SUBSCRIBED) this.#subscribed--
    this.#state[client] = LOST
    this.#framed.delete(client)
    this.#pool.drop(client)
  }

  /** Sends a message; does nothing where the client is not connected. */
  send(client: number, message: Outgoing): void {
    this.#pool.send(client, this.#framesOf(client, message))
  }

  #framesOf(client: number, message: Outgoing): readonly (string | Uint8Array)[] {
    return this.#framed.get(client)?.send(message) ?? [encode(message)]
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
      const { layout, framing, urls } = this.#plan
      const subprotocols = [...this.#plan.subprotocols, ...(framing?.subprotocols ?? [])]
      // Each instance gets connections from every source: neither may run out of ports to the other.
      const localAddress = layout.sources[Math.floor(client / urls.length) % layout.sources.length]
      this.#pool.connect(client, { headers: this.#plan.headers(client), subprotocols, localAddress })
    })
  }

  opened(client: number, atUs: number): void {
    if (this.#isStopped) return
    // The others of this client come after a loss, one by one, and say nothing about how the load came up.
    if (this.#wasSubscribed[client] === 0) this.connectTime.record(atUs - this.#dueUs[client]!)
    this.#deadlineUs[client] = atUs + this.#plan.acknowledgeTimeoutMs * 1000
    const { framing } = this.#plan
    this.#guard(() => {
      if (framing === undefined) return this.#subscribe(client)
      this.#state[client] = FRAMING
      this.#framed.set(client, framing.open(this.#framedSocket(client)))
    })
    this.#handshakes.finished()
  }

  #subscribe(client: number): void {
    this.#state[client] = SUBSCRIBING
    const messages = this.#plan.subscribe?.(client)
    if (messages !== undefined)
      this.#pool.send(
        client,
        listOf(messages).flatMap((message) => this.#framesOf(client, message)),
      )
    if (this.#plan.acknowledged === undefined) this.#nowSubscribed(client)
  }

  #framedSocket(client: number): FramedSocket {
    return {
      client,
      send: (frame) => this.#pool.send(client, [frame]),
      ready: () => {
        if (this.#state[client] === FRAMING) this.#subscribe(client)
      },
      fail: (why) => {
        this.#pool.drop(client)
        this.closed(client, why)
      },
    }
  }

  failed(client: number, kind: string): void {
    if (this.#isStopped) return
    this.#giveUp(client, kind)
    this.#handshakes.finished()
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    if (this.#isStopped) return
    const framed = this.#framed.get(client)
    if (framed === undefined) return this.#take(client, data, isBinary, atUs)
    this.#guard(() => {
      const message = framed.receive(new Message(data, isBinary))
      if (message !== undefined) this.#take(client, message.data, message.isBinary, atUs)
    })
  }

  #take(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    if (this.#state[client] !== SUBSCRIBING) return this.#events.message(client, data, isBinary, atUs)
    this.#guard(() => {
      if (this.#plan.acknowledged?.(new Message(data, isBinary), client)) this.#nowSubscribed(client)
    })
  }

  closed(client: number, why: string): void {
    if (this.#isStopped) return
    this.#framed.delete(client)
    const state = this.#state[client]
    if (state === FRAMING || state === SUBSCRIBING) return this.#giveUp(client, `${why}, before it was ready`)
    if (state !== SUBSCRIBED) return
    this.#subscribed--
    this.#closed++
    this.#closings.set(client, why)
    this.#state[client] = LOST
    this.#events.lost?.(client, why)
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
    this.#settle(client)
  }

  #giveUp(client: number, kind: string): void {
    const wasSubscribed = this.#wasSubscribed[client] === 1
    this.#state[client] = wasSubscribed ? LOST : FAILED
    if (!wasSubscribed && this.#isSettled[client] === 0) this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1)
    this.#settle(client)
    this.#events.failed?.(client, kind)
    if (wasSubscribed) this.#comeBack(client)
  }

  #comeBack(client: number): void {
    if (this.#plan.reconnectAfterMs !== undefined) this.#handshakes.reopen(client, this.#plan.reconnectAfterMs)
  }

  #giveUpOverdue(): void {
    const now = nowUs()
    for (let client = 0; client < this.#state.length; client++) {
      const state = this.#state[client]
      if ((state !== FRAMING && state !== SUBSCRIBING) || this.#deadlineUs[client]! > now) continue
      this.#pool.drop(client)
      this.#framed.delete(client)
      const { framing } = this.#plan
      this.#giveUp(client, state === FRAMING ? `${framing!.name} not set up` : 'not acknowledged')
    }
  }

  #settle(client: number): void {
    if (this.#isSettled[client] === 1) return
    this.#isSettled[client] = 1
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

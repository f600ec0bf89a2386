import { clearInterval, setInterval, sleep } from '../machine/clock.ts'
import { nowUs } from './clock.ts'
import { ClientStates } from './client-states.ts'
import type { FramedConnection, FramedSocket, Framing } from './framing.ts'
import { Handshakes } from './handshakes.ts'
import { encode, Message, type Outgoing } from './message.ts'
import type { SocketLayout } from './socket-limits.ts'
import type { PoolEvents, SocketPool } from './socket-pool.ts'

/** Without an acknowledgement, how long after the last subscription was sent the target is given to take it in. */
const UNACKNOWLEDGED_PAUSE_MS = 500
const DEADLINE_SWEEP_MS = 100

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
  readonly #framed = new Map<number, FramedConnection>()
  readonly states: ClientStates
  #sweep: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(plan: ClientsPlan, events: ClientEvents, createPool: (events: PoolEvents) => SocketPool) {
    this.#plan = plan
    this.#events = events
    this.states = new ClientStates(plan.clients)
    this.#pool = createPool(this)
    this.#handshakes = new Handshakes({
      ratePerSec: plan.connectRatePerSec,
      maxInFlight: plan.maxHandshakes,
      start: (client, dueUs) => this.#connect(client, dueUs),
    })
  }

  /** Opens and subscribes all clients. Resolves when each is subscribed or has failed, or the signal fires. */
  async open(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#sweep = setInterval(() => this.#giveUpOverdue(), DEADLINE_SWEEP_MS)
    this.#handshakes.openAll(this.#plan.clients)
    await Promise.race([this.states.allSettled, aborted])
    if (this.#plan.acknowledged === undefined && this.#plan.subscribe !== undefined && this.states.subscribedCount > 0)
      await sleep(UNACKNOWLEDGED_PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }

  /** Connects a client anew that has lost its connection or never got one. */
  reopen(client: number): void {
    this.#handshakes.reopen(client, 0)
  }

  /** Cuts a client's connection; nothing is reported. */
  drop(client: number): void {
    this.states.dropped(client)
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
    this.states.connecting(client, dueUs)
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
    this.states.opened(client, atUs, atUs + this.#plan.acknowledgeTimeoutMs * 1000)
    const { framing } = this.#plan
    this.#guard(() => {
      if (framing === undefined) return this.#subscribe(client)
      this.states.framing(client)
      this.#framed.set(client, framing.open(this.#framedSocket(client)))
    })
    this.#handshakes.finished()
  }

  #subscribe(client: number): void {
    this.states.subscribing(client)
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
        if (this.states.isFraming(client)) this.#subscribe(client)
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
    if (!this.states.isSubscribing(client)) return this.#events.message(client, data, isBinary, atUs)
    this.#guard(() => {
      if (this.#plan.acknowledged?.(new Message(data, isBinary), client)) this.#nowSubscribed(client)
    })
  }

  closed(client: number, why: string): void {
    if (this.#isStopped) return
    this.#framed.delete(client)
    if (this.states.isPreparing(client)) return this.#giveUp(client, `${why}, before it was ready`)
    if (!this.states.isSubscribed(client)) return
    this.states.closed(client, why)
    this.#events.lost?.(client, why)
    this.#comeBack(client)
  }

  #nowSubscribed(client: number): void {
    this.#events.subscribed(client, this.states.subscribed(client))
  }

  #giveUp(client: number, kind: string): void {
    const wasSubscribed = this.states.failed(client, kind)
    this.#events.failed?.(client, kind)
    if (wasSubscribed) this.#comeBack(client)
  }

  #comeBack(client: number): void {
    if (this.#plan.reconnectAfterMs !== undefined) this.#handshakes.reopen(client, this.#plan.reconnectAfterMs)
  }

  #giveUpOverdue(): void {
    for (const client of this.states.overdue(nowUs())) {
      const isFraming = this.states.isFraming(client)
      this.#pool.drop(client)
      this.#framed.delete(client)
      this.#giveUp(client, isFraming ? `${this.#plan.framing!.name} not set up` : 'not acknowledged')
    }
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

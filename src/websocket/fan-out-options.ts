import type { Arrivals } from '../load/load.ts'
import type { Duration } from '../options/checks.ts'
import type { Framing } from './framing.ts'
import type { IdentifyResult } from './identifier.ts'
import type { TlsOptions } from './tls-options.ts'
import type { Message, Outgoing } from './message.ts'
import type { SocketLayout } from './socket-limits.ts'

/** One publication as `publish.send` gets it. */
export interface PublicationToSend {
  /** Unique in the world (a UUID). The target must carry it to every subscriber, for `identify` to find. */
  readonly id: string
  /** 1, 2, 3, … over the run. */
  readonly sequence: number
  /** 0, 1, 2, … over the run. */
  readonly index: number
  /** Whose turn it is, where `group` is used. */
  readonly group: string | undefined
}

export interface FanOutOptions {
  /** Default: `fan-out 1`, counted up within the scenario. */
  readonly name?: string
  /** Path and query below the target's base URL. */
  readonly path: string
  /** Sockets to open; reduced by the scale. */
  readonly connections: number
  /** Handshakes started per second. Default: as fast as `maxHandshakes` allows. */
  readonly connectRate?: number
  /** Handshakes in flight at one time. Default: 200. */
  readonly maxHandshakes?: number
  /** A handshake not answered by then has failed. Default: `'10s'`. */
  readonly handshakeTimeout?: Duration
  /** Request headers of the handshake, such as authorization. `client` counts from 0. */
  readonly headers?: Readonly<Record<string, string>> | ((client: number) => Readonly<Record<string, string>>)
  readonly subprotocols?: readonly string[]
  /** A protocol on top of WebSocket, e.g. `socketIo()`. Default: none, a message is a frame. */
  readonly framing?: Framing
  /** What a client sends once connected. Default: nothing. */
  readonly subscribe?: (client: number) => Outgoing | readonly Outgoing[]
  /**
   * Whether a message tells a client that it is subscribed. Left out, a client counts as subscribed when it has sent its
   * subscription, and publishing begins half a second after the last one did: a guess that a slow target proves wrong.
   */
  readonly acknowledged?: (message: Message, client: number) => boolean
  /** A subscription not acknowledged by then has failed. Default: `'10s'`. */
  readonly acknowledgeTimeout?: Duration
  readonly publish: {
    /** Publications due per second. Never reduced by the scale. */
    readonly rate: number
    /** Default: `'uniform'`. */
    readonly arrivals?: Arrivals
    /** Makes the target publish. Not awaited by the schedule; a rejection is counted, its deliveries stay expected. */
    readonly send: (publication: PublicationToSend) => unknown
  }
  /** Which publication a message is. Must depend on the message alone: equal messages are identified once. */
  readonly identify: (message: Message) => IdentifyResult
  /** Which group a client subscribes to. Publications take turns over the groups, and only the group's clients expect them. */
  readonly group?: (client: number) => string
  /** How long is published and counted; cut by the scale. */
  readonly duration: Duration
  /** Publishing before that which is not counted. Default: 0. */
  readonly warmup?: Duration
  /** A delivery is late past this lag. Default: `'1s'`. */
  readonly lateAfter?: Duration
  /**
   * How long stragglers are waited for after the last publication; what has not come by then is missing. Ends early
   * when everything expected has come and half a second passed without a message. Default: `'5s'`.
   */
  readonly settle?: Duration
  /** Whether a lost socket is opened anew, after so long (`true`: 1 s). Default: false. */
  readonly reconnect?: boolean | Duration
  /**
   * The client's own pings, at this interval: a socket that has not answered one when the next is due is cut, and counts
   * as closed. The target's pings are always answered. Default: none.
   */
  readonly pingEvery?: Duration
  /**
   * Processes that hold the sockets. Default: as many as descriptors need, this one alone where it can hold them all.
   * Raise it where one core is too slow; functions of the scenario are called in this process all the same.
   */
  readonly processes?: number
  /**
   * Addresses of this machine to connect from, taken in turns. Default: the system's choice, and as many of 127.0.0.0/8
   * as needed for a target there and more sockets than one address has ports.
   */
  readonly sourceAddresses?: readonly string[]
  /** TLS of `wss://`. */
  readonly tls?: TlsOptions
}

/** Options read, scaled and with defaults filled in. */
export interface FanOutPlan {
  readonly name: string
  readonly url: string
  readonly clients: number
  readonly connectRatePerSec: number | undefined
  readonly maxHandshakes: number
  readonly handshakeTimeoutMs: number
  readonly headers: (client: number) => Readonly<Record<string, string>>
  readonly subprotocols: readonly string[]
  readonly framing: Framing | undefined
  readonly subscribe: ((client: number) => Outgoing | readonly Outgoing[]) | undefined
  readonly acknowledged: ((message: Message, client: number) => boolean) | undefined
  readonly acknowledgeTimeoutMs: number
  readonly publishRatePerSec: number
  readonly arrivals: Arrivals
  readonly send: (publication: PublicationToSend) => unknown
  readonly identify: (message: Message) => IdentifyResult
  readonly group: ((client: number) => string) | undefined
  readonly durationMs: number
  readonly warmupMs: number
  readonly lateAfterMs: number
  readonly settleMs: number
  readonly reconnectAfterMs: number | undefined
  readonly pingEveryMs: number | undefined
  readonly processes: number | undefined
  readonly sourceAddresses: readonly string[] | undefined
  readonly tls: TlsOptions
}

/** A plan and how its sockets are to be held. */
export interface PlacedFanOut extends FanOutPlan {
  readonly layout: SocketLayout
  /** Where the target's host was found. */
  readonly address: string | undefined
}

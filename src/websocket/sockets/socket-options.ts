import type { Share } from '../../load/share.ts'
import type { Vu } from '../../load/vu.ts'
import type { TlsOptions } from '../../machine/tls.ts'
import type { Duration } from '../../options/checks.ts'
import type { Framing } from '../framing.ts'
import type { Message, Outgoing } from '../message.ts'
import type { SocketLayout } from './socket-limits.ts'

/** A value for all VUs, or a function that gives each VU its own, for every connection anew. */
export type PerVu<T, D> = T | ((vu: Vu<D>) => T | Promise<T>)

/** How sockets are opened and held. */
export interface SocketOptions<D> {
  /** Path, and query if wanted, below the base URL: `/ws`, `(vu) => `/ws/${vu.id}``. */
  readonly path: PerVu<string, D>
  /**
   * Time after which the run opens its sockets and begins: after the start of the runs that `parallel()` begins together, or
   * else after the call. @default 0
   */
  readonly startAfter?: Duration
  /**
   * `false` to connect directly although `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` names a proxy for a host that is neither
   * this machine nor in `NO_PROXY`. Load is never sent through a proxy. @default such a host is refused
   */
  readonly proxy?: false
  /**
   * Another place than the target: `http://…`, `https://…`, `ws://…`, `wss://…`, or `unix:/run/app.sock`. Credentials in
   * it are sent; if it is the target's own origin, the target's credentials and `tls` are used. @default the target's
   */
  readonly baseUrl?: string
  /** Parameters added to the path's query, such as a token that a browser cannot send as a header. @default none */
  readonly query?: PerVu<Readonly<Record<string, string>>, D>
  /** Handshakes started per second. @default as fast as `maxHandshakes` allows */
  readonly connectRate?: number
  /** Handshakes in flight at one time. @default 200 */
  readonly maxHandshakes?: number
  /**
   * A handshake without a response by then has failed, and one whose functions (`path`, `query`, `headers`, `cookies`,
   * `subprotocols`) returned promises that have not settled by then.
   *
   * @default `'10s'`
   */
  readonly handshakeTimeout?: Duration
  /** Request headers of the handshake, such as authorization. */
  readonly headers?: PerVu<Readonly<Record<string, string>>, D>
  /** Cookies of the handshake, by name. @default none */
  readonly cookies?: PerVu<Readonly<Record<string, string>>, D>
  /** Offered in the handshake, in order of preference. @default none */
  readonly subprotocols?: PerVu<readonly string[], D>
  /** A protocol on top of WebSocket, e.g. `socketIo()`. @default none, a message is a frame */
  readonly framing?: Framing
  /**
   * The client's own pings, at this interval: a socket that has not responded to one when the next is due is closed, and counts
   * as closed. The target's pings always get a response.
   *
   * @default none
   */
  readonly pingInterval?: Duration
  /**
   * A message of the application that every client sends at an interval, from the moment it is ready, to keep its
   * connection. @default none, or the one of `framing`
   */
  readonly heartbeat?: HeartbeatOption<D>
  /**
   * Whether compression is offered in the handshake, as browsers do: `permessage-deflate; client_max_window_bits`. The
   * target decides; a run notes if it declined. Costs memory for every socket and CPU for every message, see `docs/limits.md`.
   *
   * @default false
   */
  readonly perMessageDeflate?: boolean
  /**
   * Processes that hold the sockets. Raise it if one core is too slow; functions of the scenario are called in this process
   * all the same.
   *
   * @default as many as descriptors need: only this one if it can hold them all
   */
  readonly processes?: number
  /**
   * Addresses of this machine to connect from, taken in turns.
   *
   * @default the system's choice, and as many of 127.0.0.0/8 as make opening quick for a target there
   */
  readonly sourceAddresses?: readonly string[]
  /** TLS of `wss://`. @default the target's, for the target */
  readonly tls?: TlsOptions
}

/** A message that every client sends at an interval. */
export interface HeartbeatOption<D> {
  /** Time from one heartbeat of a client to its next. */
  readonly every: Duration
  /** What is sent. */
  readonly message: Outgoing | ((vu: Vu<D>) => Outgoing)
  /**
   * Whether a message is the response. It then reaches no other function of the scenario; a heartbeat without a response
   * by the time of the next, or for 10 s, is counted in `heartbeats.withoutResponse`. @default no response is expected
   */
  readonly response?: (message: Message) => boolean
}

/** A heartbeat option read. */
export interface HeartbeatPlan<D> {
  readonly everyMs: number
  readonly message: (vu: Vu<D>) => Outgoing
  readonly response: ((message: Message) => boolean) | undefined
}

/** Socket options read, with defaults filled in. */
export interface SocketPlan<D> {
  /** Base URLs of the target's instances; client n goes to number n modulo their count. */
  readonly urls: readonly string[]
  /** What the next handshake of a VU says to an instance. */
  readonly handshake: (vu: Vu<D>, instance: number) => HandshakeRequest | PendingHandshake
  readonly startAfterMs: number
  readonly connectRatePerSec: number | undefined
  readonly maxHandshakes: number
  readonly handshakeTimeoutMs: number
  readonly framing: Framing | undefined
  readonly pingIntervalMs: number | undefined
  readonly heartbeat: HeartbeatPlan<D> | undefined
  readonly perMessageDeflate: boolean
  readonly processes: number | undefined
  readonly sourceAddresses: readonly string[] | undefined
  readonly tls: TlsOptions
}

/** What one handshake says. */
export interface HandshakeRequest {
  /** `ws://host:port/path?query` or `wss://…` */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly subprotocols: readonly string[]
}

/** A handshake whose functions returned promises. */
export interface PendingHandshake {
  readonly request: Promise<HandshakeRequest>
  /** Names of the functions whose promises have not settled. */
  readonly awaited: ReadonlySet<string>
}

/** Where sockets go, and how this machine holds them. */
export interface Placement {
  readonly layout: SocketLayout
  /** Where the host of each URL was found; looked up for each socket where undefined. */
  readonly addresses: readonly (string | undefined)[]
  /** Sockets that this generator has. */
  readonly share: Share
}

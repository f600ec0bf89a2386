import type { Share } from '../../load/share.ts'
import type { Vu } from '../../load/vu.ts'
import type { Framing } from '../framing.ts'
import type { Message, Outgoing } from '../message.ts'
import type { SocketLayout } from '../sockets/socket-limits.ts'
import type { HandshakeRequest, HeartbeatPlan, PendingHandshake } from '../sockets/socket-options.ts'

/** Plan of how clients connect and subscribe; see the options of the same names. */
export interface ClientsPlan<D> {
  /** Clients of all generators: their numbers go from 0 to `clients - 1`. */
  readonly clients: number
  /** Clients that this generator has. */
  readonly share: Share
  /** Returns the VU of a client of the share, as functions of the scenario receive it. */
  readonly vuOf: (client: number) => Vu<D>
  readonly connectRatePerSec: number | undefined
  readonly maxHandshakes: number
  readonly handshake: (vu: Vu<D>, instance: number) => HandshakeRequest | PendingHandshake
  /** Limit of the functions of a handshake, and of the handshake itself. */
  readonly handshakeTimeoutMs: number
  readonly framing: Framing | undefined
  readonly perMessageDeflate: boolean
  readonly heartbeat: HeartbeatPlan<D> | undefined
  /** Returns the messages of a new connection. */
  readonly subscribe: ((vu: Vu<D>) => readonly Outgoing[]) | undefined
  /** Returns `undefined` if the function of the scenario returned nothing. */
  readonly isSubscribed: ((message: Message, vu: Vu<D>) => boolean | undefined) | undefined
  /** The option that `isSubscribed` calls. */
  readonly acknowledgedBy: 'isSubscribed' | 'isReady'
  readonly subscribeTimeoutMs: number
  /** Without an acknowledgement, the time for the target to process the last subscription. */
  readonly joinDelayMs: number
  /** Pause before a client that lost its connection connects again; `undefined` if it does so only on `reopen`. */
  readonly reconnectAfterMs: number | undefined
  readonly layout: SocketLayout
  /** URL of each instance of the target. */
  readonly urls: readonly string[]
}

export interface ClientEvents {
  /** Called when a client is connected and subscribed. @param isAgain whether it was before, on another connection */
  subscribed(client: number, isAgain: boolean): void
  /** Called when a subscribed client has lost its connection. */
  lost?(client: number, why: string): void
  /** Called when a connection could not be opened, or closed before the client was subscribed. */
  failed?(client: number, kind: string): void
  /** Called when a client that was subscribed before has a new connection. */
  reopened?(client: number): void
  /** Called with each message to a client that is not subscribed yet, including the acknowledgement. */
  early?(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void
  /**
   * Called with each message to a subscribed client.
   *
   * @param data the bytes by which messages are compared
   * @param framed the message, if a framing returned it
   */
  message(client: number, data: Buffer, isBinary: boolean, atUs: number, framed?: Message): void
  /** Called when a function of the scenario threw. */
  broken(error: unknown): void
}

import type { Vu } from '../load/vu.ts'
import type { Duration } from '../options/checks.ts'
import type { Message, Outgoing } from './message.ts'

/**
 * A protocol on top of WebSocket: how frames carry its messages, and what a connection sends before and between them.
 * With a framing, `subscribe`, `isSubscribed` and `identify` receive messages of the protocol instead of frames.
 * Built in are `socketIo()`, `graphqlTransportWs()`, `stomp()`, `phoenixChannels()`, `mqtt()`, `signalR()`, `delimited()`
 * and `lengthPrefixed()`. Implement this interface for any other protocol.
 *
 * @example
 * ```ts
 * const lines: Framing = {
 *   name: 'lines',
 *   open: (socket) => {
 *     socket.ready()
 *     return {
 *       receive: (frame) => frame.toString().split('\n').map((line) => new Message(Buffer.from(line), false)),
 *       send: (message) => [`${JSON.stringify(message)}\n`],
 *     }
 *   },
 * }
 * ```
 */
export interface Framing {
  /** Name of the protocol in failures, such as `Socket.IO`. */
  readonly name: string
  /** Parameters added to the query of the path. @default none */
  readonly query?: Readonly<Record<string, string>>
  /** Subprotocols offered after those of the option `subprotocols`. @default none */
  readonly subprotocols?: readonly string[]
  /** Heartbeat of every connection, sent once it is ready. @default none */
  readonly heartbeat?: FramingHeartbeat
  /** Called for each WebSocket that has opened, also after a reconnection. The returned object holds the state of the connection. */
  open(socket: FramedSocket): FramedConnection
}

/** Frames that the protocol sends at an interval. */
export interface FramingHeartbeat {
  /** Time from one heartbeat to the next. */
  readonly every: Duration
  /** A frame, or a function that returns the next one. */
  readonly message: string | Uint8Array | (() => string | Uint8Array)
  /**
   * Whether the target has to respond. The framing reports a response with `heartbeatResponded()`. A heartbeat is counted
   * in `heartbeats.withoutResponse` if none has arrived when the next one is sent, or after 10 s.
   *
   * @default false
   */
  readonly hasResponse?: boolean
}

/** One connection, implemented by the framing. */
export interface FramedConnection {
  /** Heartbeat agreed on in the handshake, instead of the framing's. Read once, when the connection is ready. @default the framing's */
  readonly heartbeat?: FramingHeartbeat | undefined
  /**
   * Called for every received frame, thousands of times a second: take bytes with `subarray`, and parse only what is needed.
   *
   * @returns the message of the frame, or a list or an iterator of several; `undefined` if the frame belongs to the protocol
   * itself, or holds only a part of a message, which the connection then keeps for the next frame
   */
  receive(frame: Message): Message | Iterable<Message> | undefined
  /** Encodes a message. @returns the frames that carry it */
  send(message: Outgoing): readonly (string | Uint8Array)[]
  /**
   * Called once when the connection closes, whichever side closed it: stop timers here. Frames sent here are sent before
   * the closing handshake if the run is over and the WebSocket is still open (DISCONNECT of MQTT and STOMP).
   */
  close?(): void
}

/** One connection, as the framing receives it. Its methods have no effect once the connection has closed. */
export interface FramedSocket {
  /** Number of the client, from 0. */
  readonly client: number
  /** The VU of the connection. */
  readonly vu: Vu<unknown>
  /** Sends a frame that belongs to the protocol itself. */
  send(frame: string | Uint8Array): void
  /** Reports that the protocol is set up: messages can be sent, and heartbeats begin. */
  ready(): void
  /** Reports the response to the latest heartbeat. */
  heartbeatResponded(): void
  /**
   * Reports that the protocol cannot be set up, or has ended the connection, which is then closed.
   *
   * @param why a short reason, the same for all clients
   */
  fail(why: string): void
}

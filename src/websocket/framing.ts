import type { Vu } from '../load/vu.ts'
import type { Duration } from '../options/checks.ts'
import type { Message, Outgoing } from './message.ts'

/**
 * A protocol on top of WebSocket: how its messages lie in frames, and what a connection sends before and between them.
 * With one, `subscribe`, `isSubscribed` and `identify` deal in the protocol's messages and never see a frame. These
 * ship: `socketIo()`, `graphqlTransportWs()`, `stomp()`, `phoenixChannels()`, `mqtt()`, `signalR()`, `delimited()` and
 * `lengthPrefixed()`; an object of this shape is one of your own.
 *
 * @example
 * ```ts
 * const lines: Framing = {
 *   name: 'lines',
 *   open: (socket) => {
 *     socket.ready()
 *     return {
 *       receive: (frame) => frame.toString().split('\n').map((line) => new Message(Buffer.from(line), false)),
 *       send: (message) => [`${encodeLine(message)}\n`],
 *     }
 *   },
 * }
 * ```
 */
export interface Framing {
  /** Stands in failures: `Socket.IO`. */
  readonly name: string
  /** Added to the query of the path. @default none */
  readonly query?: Readonly<Record<string, string>>
  /** Subprotocols to offer, after those of the options. @default none */
  readonly subprotocols?: readonly string[]
  /** The heartbeat of every connection, from the moment it is ready. @default none */
  readonly heartbeat?: FramingHeartbeat
  /** Called once for each WebSocket that has opened, also after a reconnection: the state of a connection lives in what it returns. */
  open(socket: FramedSocket): FramedConnection
}

/** Frames of the protocol's own that a connection sends at an interval. */
export interface FramingHeartbeat {
  /** Time from one heartbeat to the next. */
  readonly every: Duration
  /** A frame, or a function that returns the next one. */
  readonly message: string | Uint8Array | (() => string | Uint8Array)
  /**
   * Whether the target has to respond. The framing reports a response with `heartbeatResponded()`; a heartbeat without one
   * by the time of the next, or for 10 s, is counted as unanswered.
   *
   * @default false
   */
  readonly hasResponse?: boolean
}

/** The protocol's side of one connection. */
export interface FramedConnection {
  /** A heartbeat agreed on in the handshake, in place of the framing's. Read once, when the connection is ready. */
  readonly heartbeat?: FramingHeartbeat | undefined
  /**
   * Called for every received frame, thousands of times a second: take bytes with `subarray`, parse no more than needed.
   *
   * @returns the message in it, or a list or an iterator of several; nothing if the frame was the protocol's own or holds
   * only a part of a message, which the connection then keeps for the next frame
   */
  receive(frame: Message): Message | Iterable<Message> | undefined
  /** The frames that carry a message. */
  send(message: Outgoing): readonly (string | Uint8Array)[]
  /**
   * Called once when the connection ends, whichever side ended it: stop timers here. Frames sent from here go out if the
   * run is over and the WebSocket is still open, before its closing handshake (the farewell of MQTT and STOMP).
   */
  close?(): void
}

/** The WebSocket's side of one connection. Without effect once the connection has ended. */
export interface FramedSocket {
  readonly client: number
  /** The VU of the connection. */
  readonly vu: Vu<unknown>
  /** Sends a frame of the protocol's own. */
  send(frame: string | Uint8Array): void
  /** Reports that the protocol is set up: messages may be sent, and heartbeats begin. */
  ready(): void
  /** Reports the response to the latest heartbeat. */
  heartbeatResponded(): void
  /**
   * Reports that the protocol cannot be set up, or has ended: the connection is closed.
   *
   * @param why in few words, the same for all clients
   */
  fail(why: string): void
}

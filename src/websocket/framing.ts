import type { Message, Outgoing } from './message.ts'

/**
 * A protocol on top of WebSocket: how its messages lie in frames, and what a connection says before and between them.
 * With one, `subscribe`, `acknowledged` and `identify` deal in the protocol's messages and never see a frame.
 * `socketIo()` is one.
 */
export interface Framing {
  /** Named in failures: `Socket.IO`. */
  readonly name: string
  /** Added to the path's query. */
  readonly query?: Readonly<Record<string, string>>
  /** Asked for beside those of the options. */
  readonly subprotocols?: readonly string[]
  /** A WebSocket has opened: one call for each connection, also when reconnecting. */
  open(socket: FramedSocket): FramedConnection
}

/** The protocol's side of one connection. */
export interface FramedConnection {
  /**
   * A frame arrived. Called for every frame, thousands of times a second: take bytes with `subarray`, do not parse.
   *
   * @returns the message in it, or nothing where the frame was the protocol's own
   */
  receive(frame: Message): Message | undefined
  /** The frames that carry a message. */
  send(message: Outgoing): readonly (string | Uint8Array)[]
}

/** The WebSocket's side of one connection. */
export interface FramedSocket {
  readonly client: number
  /** Sends a frame of the protocol's own. */
  send(frame: string | Uint8Array): void
  /** The protocol is set up: messages may be sent. */
  ready(): void
  /** The protocol cannot be set up, or has ended; in few words, the same for all clients. */
  fail(why: string): void
}

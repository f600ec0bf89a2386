import { wrongReturn } from '../../execution/checked-function.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { Vu } from '../../load/vu.ts'
import { formatCount } from '../../stats/units.ts'
import type { FramedConnection, FramedSocket, Framing, FramingHeartbeat } from '../framing.ts'
import { encode, Message, type Outgoing } from '../message.ts'

/** Events of the connections of a framing. */
export interface FramedEvents {
  /** Called with frames that the protocol itself sends. */
  send(client: number, frames: readonly (string | Uint8Array)[]): void
  /** Called when the protocol is set up. @param heartbeat agreed on in the handshake */
  ready(client: number, heartbeat: FramingHeartbeat | undefined): void
  heartbeatResponded(client: number): void
  /** Called when the protocol cannot be set up, or has ended the connection. */
  failed(client: number, why: string): void
}

/** Number of messages that a frame of any length may hold. */
const ALWAYS_ALLOWED = 1_000

/** Connections of a framing by client; empty without a framing, when each message is one frame. */
export class FramedConnections {
  readonly #framing: Framing | undefined
  readonly #vuOf: (client: number) => Vu<unknown>
  readonly #events: FramedEvents
  readonly #connections = new Map<number, FramedConnection>()
  /** Sockets by client. They identify the latest connection, as a framing without state may return one object for all. */
  readonly #sockets = new Map<number, FramedSocket>()
  /** Messages that a connection can still hold, by client. */
  readonly #mostMessages = new Map<number, number>()

  constructor(framing: Framing | undefined, vuOf: (client: number) => Vu<unknown>, events: FramedEvents) {
    this.#framing = framing
    this.#vuOf = vuOf
    this.#events = events
  }

  of(client: number): FramedConnection | undefined {
    return this.#connections.get(client)
  }

  framesOf(client: number, message: Outgoing): readonly (string | Uint8Array)[] {
    const connection = this.#connections.get(client)
    if (connection === undefined) return [encode(message)]
    const frames = connection.send(message)
    if (Array.isArray(frames) && frames.every(isFrame)) return frames
    throw this.#wrong('send', frames, 'a list of frames, each a string or bytes')
  }

  /** Returns a frame of the framing. @throws {ScenarioError} if it cannot be sent */
  checkedFrame(method: string, frame: unknown): string | Uint8Array {
    if (isFrame(frame)) return frame
    throw this.#wrong(method, frame, 'a frame, a string or bytes')
  }

  /** Called when a WebSocket has opened. @throws errors of `open` */
  open(client: number): void {
    let connection: FramedConnection | undefined
    /** Reports that `open` made before it returned the connection. */
    const early: (() => void)[] = []
    // Frames of a closed connection must not reach the client's next one.
    const whileOpen = (act: () => void) => {
      if (connection === undefined) early.push(act)
      else if (this.#sockets.get(client) === socket) act()
    }
    const socket: FramedSocket = {
      client,
      vu: this.#vuOf(client),
      send: (frame) => {
        if (this.#sockets.get(client) === socket) this.#events.send(client, [frame])
      },
      ready: () => whileOpen(() => this.#events.ready(client, connection!.heartbeat)),
      heartbeatResponded: () => whileOpen(() => this.#events.heartbeatResponded(client)),
      fail: (why) => whileOpen(() => this.#events.failed(client, why)),
    }
    this.#sockets.set(client, socket)
    const opened = this.#framing!.open(socket)
    if (!isConnection(opened)) throw this.#wrongConnection(opened)
    connection = opened
    this.#connections.set(client, connection)
    for (const act of early) act()
  }

  /**
   * Reads the messages of a frame.
   *
   * @param take called with each message
   * @throws errors of `receive`
   */
  receive(client: number, connection: FramedConnection, frame: Message, take: (message: Message) => void): void {
    const socket = this.#sockets.get(client)
    const received: unknown = connection.receive(frame)
    if (isMessage(received)) return take(received)
    if (received !== undefined && !isIterable(received)) throw this.#wrongMessage(received)
    // A message has at least one byte, of this frame or of earlier ones that the connection kept.
    const most = (this.#mostMessages.get(client) ?? 0) + frame.packet.length
    const limit = Math.max(most, ALWAYS_ALLOWED)
    let count = 0
    for (const message of received ?? []) {
      if (++count > limit) throw this.#endless(limit)
      // An earlier message of the frame may have ended the connection.
      if (this.#sockets.get(client) !== socket) return
      if (!isMessage(message)) throw this.#wrongMessage(message)
      take(message)
    }
    if (this.#sockets.get(client) === socket) this.#mostMessages.set(client, Math.max(0, most - count))
  }

  /** Called when the connection of a client has closed. @throws errors of `close` */
  close(client: number): void {
    const connection = this.#connections.get(client)
    if (connection === undefined) return
    this.#connections.delete(client)
    this.#sockets.delete(client)
    this.#mostMessages.delete(client)
    connection.close?.()
  }

  /** Called at the end of the run: each connection may send its last frames. @throws the first error of `close` */
  closeAll(): void {
    let failure: { readonly error: unknown } | undefined
    for (const connection of this.#connections.values())
      try {
        connection.close?.()
      } catch (error) {
        failure ??= { error }
      }
    this.#connections.clear()
    this.#sockets.clear()
    this.#mostMessages.clear()
    if (failure !== undefined) throw failure.error
  }

  #wrongConnection(opened: unknown): Error {
    const missing = missingMethods(opened)
    if (missing.length === 2) return this.#wrong('open', opened, 'an object with receive() and send()', 'connection')
    const [name] = missing
    return this.#wrong('open', opened, `an object with receive() and send(), and ${name}() is missing`, 'connection')
  }

  /** A generator without an end would never return. */
  #endless(limit: number): ScenarioError {
    return new ScenarioError(
      `receive of the framing ${this.#framing?.name}: the function returned more than ${formatCount(limit)} messages for one frame, and the connection has received fewer bytes\n` +
        'Fix: let the iterator that it returns end with the last message of the frame',
    )
  }

  #wrongMessage(received: unknown): Error {
    return this.#wrong('receive', received, 'a Message, several in a list or an iterator, or undefined')
  }

  #wrong(method: string, returned: unknown, valid: string, what = 'frame'): Error {
    return wrongReturn(`${method} of the framing ${this.#framing?.name}`, returned, valid, what)
  }
}

function isFrame(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}

function isConnection(value: unknown): value is FramedConnection {
  return missingMethods(value).length === 0
}

function missingMethods(value: unknown): readonly string[] {
  const methods = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  return ['receive', 'send'].filter((name) => typeof methods[name] !== 'function')
}

function isMessage(value: unknown): value is Message {
  return value instanceof Message
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value
}

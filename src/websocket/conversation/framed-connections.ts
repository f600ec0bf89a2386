import type { Vu } from '../../load/vu.ts'
import type { FramedConnection, FramedSocket, Framing, FramingHeartbeat } from '../framing.ts'
import { encode, type Message, type Outgoing } from '../message.ts'

/** What happens to the connections of a framing. */
export interface FramedEvents {
  /** Frames of the protocol's own. */
  send(client: number, frames: readonly (string | Uint8Array)[]): void
  /** The protocol is set up. @param heartbeat agreed on in the handshake */
  ready(client: number, heartbeat: FramingHeartbeat | undefined): void
  heartbeatResponded(client: number): void
  /** The protocol cannot be set up, or has ended. */
  failed(client: number, why: string): void
}

/** The connections of a framing, by client. Without a framing there are none, and a message is a frame. */
export class FramedConnections {
  readonly #framing: Framing | undefined
  readonly #vuOf: (client: number) => Vu<unknown>
  readonly #events: FramedEvents
  readonly #connections = new Map<number, FramedConnection>()
  /** Which connection is a client's latest: a framing without state may return one object for all. */
  readonly #sockets = new Map<number, FramedSocket>()

  constructor(framing: Framing | undefined, vuOf: (client: number) => Vu<unknown>, events: FramedEvents) {
    this.#framing = framing
    this.#vuOf = vuOf
    this.#events = events
  }

  of(client: number): FramedConnection | undefined {
    return this.#connections.get(client)
  }

  framesOf(client: number, message: Outgoing): readonly (string | Uint8Array)[] {
    return this.#connections.get(client)?.send(message) ?? [encode(message)]
  }

  /** A WebSocket has opened. @throws whatever `open` throws */
  open(client: number): void {
    let connection: FramedConnection | undefined
    /** What `open` reported before it returned a connection to send and receive through. */
    const early: (() => void)[] = []
    // What a connection that is gone still wants to send must not reach the client's next one.
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
    connection = this.#framing!.open(socket)
    this.#connections.set(client, connection)
    for (const act of early) act()
  }

  /**
   * A frame arrived.
   *
   * @param take called with each message in it
   * @throws whatever `receive` throws
   */
  receive(client: number, connection: FramedConnection, frame: Message, take: (message: Message) => void): void {
    const socket = this.#sockets.get(client)
    const received = connection.receive(frame)
    if (received === undefined) return
    if (!(Symbol.iterator in received)) return take(received)
    for (const message of received) {
      // One of the messages before may have ended the connection.
      if (this.#sockets.get(client) !== socket) return
      take(message)
    }
  }

  /** The connection of a client is gone. @throws whatever `close` throws */
  close(client: number): void {
    const connection = this.#connections.get(client)
    if (connection === undefined) return
    this.#connections.delete(client)
    this.#sockets.delete(client)
    connection.close?.()
  }

  /** The run is over: each may send its farewell. @throws whatever `close` throws */
  closeAll(): void {
    for (const connection of this.#connections.values()) connection.close?.()
    this.#connections.clear()
    this.#sockets.clear()
  }
}

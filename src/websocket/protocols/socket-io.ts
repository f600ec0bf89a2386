import type { Vu } from '../../load/vu.ts'
import type { FramedConnection, FramedSocket, Framing } from '../framing.ts'
import { encode, Message, type Outgoing } from '../message.ts'

export interface SocketIoOptions<D = unknown> {
  /** Default: `/`, the main namespace. */
  readonly namespace?: string
  /** What the server's `socket.handshake.auth` is to hold, the same for all or by VU. */
  readonly auth?: Readonly<Record<string, unknown>> | ((vu: Vu<D>) => Readonly<Record<string, unknown>>)
}

/**
 * Socket.IO over a WebSocket from the start (no long polling): Engine.IO protocol 4, Socket.IO protocol 5, as servers of
 * versions 3 and 4 speak them. The path is the server's, `/socket.io/` unless it was changed. A message is an event as
 * the JSON array that Socket.IO sends, `["name", argument, …]`; {@link socketIoEvent} makes one. Pings are answered.
 * Binary attachments do not reach the scenario: their places in the event hold `{"_placeholder":true}`.
 */
export function socketIo<D = unknown>({ namespace = '/', auth }: SocketIoOptions<D> = {}): Framing {
  const prefix = namespace === '/' ? '' : `${namespace},`
  const authOf = typeof auth === 'function' ? auth : () => auth
  return {
    name: 'Socket.IO',
    query: { EIO: '4', transport: 'websocket' },
    open: (socket) => new SocketIoConnection(socket, prefix, authOf(socket.vu as Vu<D>)),
  }
}

/** A Socket.IO event to send: `socketIoEvent('subscribe', { room: 7 })`. */
export function socketIoEvent(name: string, ...args: readonly unknown[]): string {
  return JSON.stringify([name, ...args])
}

/** First characters of frames: Engine.IO's packet type, and behind `4` (message) Socket.IO's. */
const ENGINE = { open: '0', close: '1', ping: '2', message: '4' }
const SOCKET = { connect: '0', disconnect: '1', event: '2', connectError: '4', binaryEvent: '5' }
const BRACKET = '['.charCodeAt(0)

class SocketIoConnection implements FramedConnection {
  readonly #socket: FramedSocket
  readonly #prefix: string
  readonly #auth: Readonly<Record<string, unknown>> | undefined

  constructor(socket: FramedSocket, prefix: string, auth: Readonly<Record<string, unknown>> | undefined) {
    this.#socket = socket
    this.#prefix = prefix
    this.#auth = auth
  }

  receive({ data, isBinary }: Message): Message | undefined {
    if (isBinary) return undefined
    switch (String.fromCharCode(data[0] ?? 0)) {
      case ENGINE.open:
        this.#socket.send(`40${this.#prefix}${this.#auth === undefined ? '' : JSON.stringify(this.#auth)}`)
        return undefined
      case ENGINE.ping:
        this.#socket.send('3')
        return undefined
      case ENGINE.close:
        this.#socket.fail('Socket.IO: closed by the server')
        return undefined
      case ENGINE.message:
        return this.#receivePacket(data)
      default:
        return undefined
    }
  }

  send(message: Outgoing): readonly (string | Uint8Array)[] {
    const event = encode(message)
    return [`42${this.#prefix}${typeof event === 'string' ? event : Buffer.from(event).toString('utf8')}`]
  }

  #receivePacket(data: Buffer): Message | undefined {
    switch (String.fromCharCode(data[1] ?? 0)) {
      case SOCKET.event:
      case SOCKET.binaryEvent:
        // Between type and event stand the namespace, the number of attachments and an acknowledgement's number.
        return new Message(data.subarray(Math.max(0, data.indexOf(BRACKET))), false)
      case SOCKET.connect:
        this.#socket.ready()
        return undefined
      case SOCKET.connectError:
        this.#socket.fail(`Socket.IO: ${reasonIn(data)}`)
        return undefined
      case SOCKET.disconnect:
        this.#socket.fail('Socket.IO: disconnected by the server')
        return undefined
      default:
        return undefined
    }
  }
}

function reasonIn(data: Buffer): string {
  const text = data.toString('utf8')
  try {
    const { message } = JSON.parse(text.slice(text.indexOf('{'))) as { message?: unknown }
    return typeof message === 'string' ? message : 'connection refused'
  } catch {
    return 'connection refused'
  }
}

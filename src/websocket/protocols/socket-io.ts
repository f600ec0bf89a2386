import { wrongReturn } from '../../execution/checked-function.ts'
import type { Vu } from '../../load/vu.ts'
import { isRecord, object, optional, readOptions } from '../../options/schema.ts'
import { text } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing } from '../framing.ts'
import { request, type Message, type Outgoing } from '../message.ts'
import { pathOfPromise, synchronous } from '../returned-values.ts'
import { Pending } from './pending.ts'
import { objectPerVu } from './per-vu.ts'
import {
  ENGINE,
  holdsBytes,
  readPacket,
  SOCKET,
  SocketIoMessage,
  writePacket,
  type PacketHead,
} from './socket-io-packet.ts'

/** Options of {@link socketIo}. */
export interface SocketIoOptions<D = unknown> {
  /** Namespace to connect to. @default '/' */
  readonly namespace?: string
  /** Credentials, `socket.handshake.auth` of the server: one object for all VUs, or a function of the VU. @default none */
  readonly auth?: Readonly<Record<string, unknown>> | ((vu: Vu<D>) => Readonly<Record<string, unknown>>)
  /**
   * Arguments of the acknowledgement of an event for which the server requests one (`emitWithAck`); `undefined` to send no
   * acknowledgement.
   *
   * @default no arguments
   */
  readonly acknowledgement?: (event: Message) => readonly unknown[] | undefined
}

const socketIoOptions = <D>() =>
  object<SocketIoOptions<D>>()(
    {
      namespace: optional(text("'/rooms'"), '/'),
      auth: optional(objectPerVu<D>('socketIo({ auth })', '{ token: process.env.TOKEN }')),
      acknowledgement: optional(
        synchronous<NonNullable<SocketIoOptions<D>['acknowledgement']>>("() => ['ok']"),
        () => [],
      ),
    },
    { example: "socketIo({ namespace: '/rooms' })" },
  )

/**
 * Socket.IO over a WebSocket from the start (no long polling), with Engine.IO protocol 4 and Socket.IO protocol 5, as in
 * servers of versions 3 and 4. `path` is that of the server, by default `/socket.io/`. A message is an event as a JSON array,
 * `["name", argument, …]`, with binary attachments as `Buffer`, or the array of arguments of an acknowledgement. Send with
 * {@link socketIoEvent} and {@link socketIoRequest}. The client responds to pings. When it connects again, it requests the
 * recovery of its session, as the library does (`connectionStateRecovery`).
 *
 * @example
 * const framing = socketIo({ namespace: '/rooms' })
 */
export function socketIo<D = unknown>(options: SocketIoOptions<D> = {}): Framing {
  const { namespace, auth, acknowledgement } = readOptions('socketIo()', socketIoOptions<D>(), options)
  const prefix = namespace === '/' ? '' : `${namespace},`
  // Keyed by VU, as several runs, each with new VUs, may use the same framing.
  const sessions = new WeakMap<Vu<unknown>, Session>()
  return {
    name: 'Socket.IO',
    query: { EIO: '4', transport: 'websocket' },
    open: (socket) => {
      const session = sessions.get(socket.vu) ?? new Session()
      sessions.set(socket.vu, session)
      return new SocketIoConnection(socket, prefix, session, auth?.(socket.vu as Vu<D>), acknowledgement)
    },
  }
}

/**
 * A Socket.IO event without an acknowledgement: `socketIoEvent('subscribe', { room: 7 })`. Arguments may contain bytes.
 *
 * @example
 * const subscribe = () => socketIoEvent('subscribe', { room: 7 })
 */
export function socketIoEvent(name: string, ...args: readonly unknown[]): Outgoing {
  const event = [name, ...args]
  return holdsBytes(args) ? { event } : JSON.stringify(event)
}

/**
 * A Socket.IO event with an acknowledgement, which is the message whose `responseTo` is this one. In `ws.run()` it is the
 * response, unless the step has an `isResponse`.
 *
 * @example
 * const steps = [{ name: 'say', send: () => socketIoRequest('say', 'hello') }]
 */
export function socketIoRequest(name: string, ...args: readonly unknown[]): Outgoing {
  return request({ event: [name, ...args], isAcknowledged: true })
}

interface EventToSend {
  readonly event?: unknown
  readonly isAcknowledged?: boolean
}

/** Recoverable session of a client: its private id, and the offset of the last received event. */
class Session {
  #pid: string | undefined
  #offset: string | undefined

  /** Returns the credentials of a connection, with the session if there is one. */
  resumed(auth: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> | undefined {
    return this.#pid === undefined ? auth : { pid: this.#pid, offset: this.#offset, ...auth }
  }

  /** Called when the namespace is connected. @param json payload of the server's CONNECT packet */
  connected(json: Buffer): void {
    const pid = textIn(json, 'pid')
    if (pid !== this.#pid) this.#offset = undefined
    this.#pid = pid
  }

  /** Servers that recover sessions append the offset to the arguments of an event. */
  received(json: Buffer): void {
    if (this.#pid === undefined || json.at(-2) !== QUOTE) return
    this.#offset = json.toString('latin1', json.lastIndexOf(QUOTE, json.length - 3) + 1, json.length - 2)
  }
}

const QUOTE = '"'.charCodeAt(0)

/** A text in the payload of a packet; `undefined` if it has none. */
function textIn(json: Buffer, name: string): string | undefined {
  try {
    const payload: unknown = JSON.parse(json.toString('utf8'))
    const text = isRecord(payload) ? payload[name] : undefined
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

class SocketIoConnection implements FramedConnection {
  readonly #socket: FramedSocket
  readonly #prefix: string
  readonly #session: Session
  readonly #auth: Readonly<Record<string, unknown>> | undefined
  readonly #acknowledgement: NonNullable<SocketIoOptions['acknowledgement']>
  /** Sent messages that the server has not acknowledged yet, by number. */
  readonly #pending = new Pending()
  /** A packet whose attachments have not all arrived. */
  #begun: { readonly head: PacketHead; readonly attachments: Buffer[] } | undefined

  constructor(
    socket: FramedSocket,
    prefix: string,
    session: Session,
    auth: Readonly<Record<string, unknown>> | undefined,
    acknowledgement: NonNullable<SocketIoOptions['acknowledgement']>,
  ) {
    this.#socket = socket
    this.#prefix = prefix
    this.#session = session
    this.#auth = auth
    this.#acknowledgement = acknowledgement
  }

  receive({ data, isBinary }: Message): Message | undefined {
    if (isBinary) return this.#attach(data)
    switch (String.fromCharCode(data[0] ?? 0)) {
      case ENGINE.open:
        this.#socket.send(`40${this.#prefix}${JSON.stringify(this.#session.resumed(this.#auth)) ?? ''}`)
        return undefined
      case ENGINE.ping:
        this.#socket.send(ENGINE.pong)
        return undefined
      case ENGINE.close:
        this.#socket.fail('Socket.IO: closed by the server')
        return undefined
      case ENGINE.message:
        return this.#receivePacket(readPacket(data))
      default:
        return undefined
    }
  }

  send(message: Outgoing): readonly (string | Uint8Array)[] {
    if (typeof message === 'string' || message instanceof Uint8Array) return this.#sendText(message)
    const { event, isAcknowledged = false } = message as EventToSend
    if (!Array.isArray(event))
      throw new TypeError(`socketIo() sends events only, received ${JSON.stringify(message).slice(0, 80)}
Fix: make the message with socketIoEvent('name', …) or socketIoRequest('name', …)`)
    return writePacket('event', this.#prefix, isAcknowledged ? this.#pending.add(message) : undefined, event)
  }

  /** Sends an event as JSON text, which may begin with a number written by hand for its acknowledgement. */
  #sendText(message: string | Uint8Array): readonly string[] {
    const text = typeof message === 'string' ? message : Buffer.from(message).toString('utf8')
    const number = /^\d+(?=\[)/.exec(text)
    if (number !== null) this.#pending.add(message, number[0])
    return [`${ENGINE.message}${SOCKET.event}${this.#prefix}${text}`]
  }

  #receivePacket(head: PacketHead): Message | undefined {
    switch (head.type) {
      case SOCKET.event:
      case SOCKET.acknowledgement:
        return this.#complete(head, [])
      case SOCKET.binaryEvent:
      case SOCKET.binaryAcknowledgement:
        if (head.attachments === 0) return this.#complete(head, [])
        this.#begun = { head, attachments: [] }
        return undefined
      case SOCKET.connect:
        this.#connected(head.json)
        return undefined
      case SOCKET.connectError:
        this.#socket.fail(`Socket.IO: ${textIn(head.json, 'message') ?? 'connection refused'}`)
        return undefined
      case SOCKET.disconnect:
        this.#socket.fail('Socket.IO: disconnected by the server')
        return undefined
      default:
        return undefined
    }
  }

  #connected(json: Buffer): void {
    if (textIn(json, 'sid') === undefined)
      return this.#socket.fail('Socket.IO: connected without a session id, as by a server before version 3')
    this.#session.connected(json)
    this.#socket.ready()
  }

  #attach(data: Buffer): Message | undefined {
    if (this.#begun === undefined) return undefined
    const { head, attachments } = this.#begun
    if (attachments.push(data) < head.attachments) return undefined
    this.#begun = undefined
    return this.#complete(head, attachments)
  }

  #complete({ type, id, json }: PacketHead, attachments: readonly Buffer[]): Message | undefined {
    if (type === SOCKET.acknowledgement || type === SOCKET.binaryAcknowledgement) {
      const sent = this.#pending.take(id ?? '')
      return sent === undefined ? undefined : new SocketIoMessage(json, attachments, sent)
    }
    this.#session.received(json)
    const event = new SocketIoMessage(json, attachments, undefined)
    if (id !== undefined) this.#acknowledge(id, event)
    return event
  }

  #acknowledge(id: string, event: Message): void {
    const args: unknown = this.#acknowledgement(event)
    if (args === undefined) return
    if (!Array.isArray(args) || pathOfPromise(args) !== undefined)
      throw wrongReturn('socketIo({ acknowledgement })', args, 'a list of arguments without promises', 'event')
    for (const frame of writePacket('acknowledgement', this.#prefix, id, args)) this.#socket.send(frame)
  }
}

import type { Vu } from '../../load/vu.ts'
import type { Duration } from '../../options/checks.ts'
import { isRecord, object, optional, readOptions } from '../../options/schema.ts'
import { duration, text } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing, FramingHeartbeat } from '../framing.ts'
import { Message, request, type Outgoing } from '../message.ts'
import { checkHelperOptions } from './helper-options.ts'
import { Pending } from './pending.ts'
import { textsPerVu } from './per-vu.ts'
import { readFrames, writeFrame, type StompFrame } from './stomp-frame.ts'

/** Options of {@link stomp}. */
export interface StompOptions<D = unknown> {
  /** Virtual host. @default '/' */
  readonly host?: string
  /** Further headers of CONNECT, such as `login` and `passcode`: the same for all VUs, or a function of the VU. @default none */
  readonly connectHeaders?: Readonly<Record<string, string>> | ((vu: Vu<D>) => Readonly<Record<string, string>>)
  /** Interval of the client's heart-beats, longer if the server requests it; 0 for none. @default '10s' */
  readonly heartbeat?: Duration
}

const stompOptions = <D>() =>
  object<StompOptions<D>>()(
    {
      host: optional(text("'/'"), '/'),
      connectHeaders: optional(
        textsPerVu<D>('stomp({ connectHeaders })', "{ login: 'guest', passcode: process.env.PASSCODE }"),
      ),
      heartbeat: optional(duration({ min: 0 }), 10_000),
    },
    { example: "stomp({ heartbeat: '10s' })" },
  )

/**
 * STOMP 1.1 and 1.2 over WebSocket, as in Spring, RabbitMQ, ActiveMQ and Artemis. A message is the body of a MESSAGE frame,
 * with `destination` and all other headers in its `headers`, or an empty message for a RECEIPT. Send with
 * {@link stompSubscribe}, {@link stompUnsubscribe} and {@link stompSend}. The client negotiates and sends heart-beats, and
 * does not check those of the server. An ERROR frame closes the connection. The client sends DISCONNECT at the end of the run.
 *
 * @example
 * const framing = stomp({ connectHeaders: { login: 'guest', passcode: 'guest' } })
 */
export function stomp<D = unknown>(options: StompOptions<D> = {}): Framing {
  const { host, connectHeaders, heartbeatMs } = readOptions('stomp()', stompOptions<D>(), options)
  return {
    name: 'STOMP',
    subprotocols: ['v12.stomp', 'v11.stomp'],
    open: (socket) => new StompConnection(socket, heartbeatMs, { host, ...connectHeaders?.(socket.vu as Vu<D>) }),
  }
}

/**
 * A subscription to a destination, with a receipt: the message whose `responseTo` is this one. Spring's simple broker does
 * not send receipts. With `ack: 'client'` or `'client-individual'` in `headers`, every message is acknowledged immediately.
 *
 * @example
 * const subscribe = () => stompSubscribe('/topic/prices')
 */
export function stompSubscribe(destination: string, headers: Readonly<Record<string, string>> = {}): Outgoing {
  return request({ command: 'SUBSCRIBE', headers: { destination, ...headers }, isConfirmed: true })
}

/**
 * The end of the subscription to a destination, with a receipt.
 *
 * @example
 * const leave = stompUnsubscribe('/topic/prices')
 */
export function stompUnsubscribe(destination: string, headers: Readonly<Record<string, string>> = {}): Outgoing {
  return request({ command: 'UNSUBSCRIBE', headers: { destination, ...headers }, isConfirmed: true })
}

/** Options of {@link stompSend}. */
export interface StompSendOptions {
  /** Further headers. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether a receipt is requested. In `ws.run()` it is the response, unless the step has an `isResponse`. @default false */
  readonly isConfirmed?: boolean
}

/**
 * A message to a destination: text or bytes unchanged, an object as JSON.
 *
 * @example
 * const steps = [{ name: 'say', send: () => stompSend('/app/say', { text: 'hello' }, { isConfirmed: true }) }]
 */
export function stompSend(
  destination: string,
  body: string | Uint8Array | Readonly<Record<string, unknown>>,
  options: StompSendOptions = {},
): Outgoing {
  checkHelperOptions('stompSend()', options, SEND)
  const { headers = {}, isConfirmed = false } = options
  const content = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  const message = { command: 'SEND', headers: { destination, ...headers }, body: content, isConfirmed }
  return isConfirmed ? request(message) : message
}

const SEND = {
  headers: {
    isValid: (value: unknown) => isRecord(value) && Object.values(value).every((it) => typeof it === 'string'),
    rule: 'must be an object of strings',
    example: "headers: { priority: '4' }",
  },
  isConfirmed: {
    isValid: (value: unknown) => typeof value === 'boolean',
    rule: 'must be true or false',
    example: 'isConfirmed: true',
  },
}

interface FrameToSend {
  readonly command?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly isConfirmed?: boolean
}

class StompConnection implements FramedConnection {
  heartbeat: FramingHeartbeat | undefined
  readonly #socket: FramedSocket
  readonly #everyMs: number
  readonly #pending = new Pending()
  /** Ids of subscriptions by destination. */
  readonly #subscriptions = new Map<string, string>()
  /** Ids of subscriptions whose messages must be acknowledged. */
  readonly #acknowledged = new Set<string>()
  #isConnected = false
  #begun: Buffer | undefined

  constructor(socket: FramedSocket, everyMs: number, headers: Readonly<Record<string, string>>) {
    this.#socket = socket
    this.#everyMs = everyMs
    socket.send(
      writeFrame('CONNECT', { 'accept-version': '1.2,1.1', 'heart-beat': `${everyMs},${everyMs}`, ...headers }),
    )
  }

  *receive({ data, isBinary }: Message): Iterable<Message> {
    let read: ReturnType<typeof readFrames>
    try {
      read = readFrames(this.#begun === undefined ? data : Buffer.concat([this.#begun, data]))
    } catch (error) {
      this.#socket.fail(`STOMP: ${(error as Error).message}`)
      return
    }
    this.#begun = read.rest.length === 0 ? undefined : read.rest
    for (const frame of read.frames) {
      const message = this.#receiveFrame(frame, isBinary)
      if (message !== undefined) yield message
    }
  }

  send(message: Outgoing): readonly (string | Uint8Array)[] {
    const { command, headers = {}, body, isConfirmed = false } = message as FrameToSend
    if (typeof command !== 'string')
      throw new TypeError(`stomp() sends frames only, received ${JSON.stringify(message).slice(0, 80)}
Fix: make the message with stompSubscribe('/topic/prices') or stompSend('/app/say', 'hello')`)
    const receipt: { receipt?: string } = isConfirmed ? { receipt: this.#pending.add(message) } : {}
    return [writeFrame(command, { ...this.#numbered(command, headers), ...receipt }, body)]
  }

  close(): void {
    if (this.#isConnected) this.#socket.send(writeFrame('DISCONNECT', {}))
  }

  /** Adds the id of the subscription to the headers of SUBSCRIBE and UNSUBSCRIBE. */
  #numbered(command: string, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { destination = '', ack = 'auto' } = headers
    if (command === 'SUBSCRIBE') {
      const id = headers['id'] ?? `sub-${this.#subscriptions.size}`
      this.#subscriptions.set(destination, id)
      if (ack !== 'auto') this.#acknowledged.add(id)
      return { id, ...headers }
    }
    if (command !== 'UNSUBSCRIBE') return headers
    return { id: this.#subscriptions.get(destination) ?? destination, ...headers }
  }

  #receiveFrame({ command, headers, body, bytes }: StompFrame, isBinary: boolean): Message | undefined {
    switch (command) {
      case 'MESSAGE':
        this.#acknowledge(headers)
        return new Message(body, isBinary, { headers, packet: bytes })
      case 'RECEIPT':
        return new Message(body, isBinary, {
          headers,
          packet: bytes,
          responseTo: this.#pending.take(headers['receipt-id'] ?? ''),
        })
      case 'CONNECTED':
        this.#isConnected = true
        this.#agree(headers['heart-beat'])
        this.#socket.ready()
        return undefined
      case 'ERROR':
        this.#socket.fail(`STOMP: ${headers['message'] ?? 'error'}`)
        return undefined
      default:
        return undefined
    }
  }

  #acknowledge({ ack, subscription = '', 'message-id': id = '' }: Readonly<Record<string, string>>): void {
    if (!this.#acknowledged.has(subscription)) return
    // Version 1.2 sends an id for the acknowledgement.
    this.#socket.send(writeFrame('ACK', ack === undefined ? { subscription, 'message-id': id } : { id: ack }))
  }

  /** @param offered `heart-beat` of the server: the intervals at which it can send and wants to receive, in milliseconds */
  #agree(offered = '0,0'): void {
    const wantedMs = Number(offered.split(',')[1])
    if (this.#everyMs > 0 && wantedMs > 0) this.heartbeat = { every: Math.max(this.#everyMs, wantedMs), message: '\n' }
  }
}

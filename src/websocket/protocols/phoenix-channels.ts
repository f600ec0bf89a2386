import type { Duration } from '../../options/checks.ts'
import { isRecord, object, optional, readOptions } from '../../options/schema.ts'
import { shortened } from '../../options/shortened.ts'
import { duration, matching } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing, FramingHeartbeat } from '../framing.ts'
import { Message, request, type Outgoing } from '../message.ts'
import { FrameMemo } from './frame-memo.ts'
import { JsonMessage } from './json-message.ts'
import { Pending } from './pending.ts'

/** Options of {@link phoenixChannels}. */
export interface PhoenixChannelsOptions {
  /** Parameters of the socket, such as a token, sent in the query of the path. @default none */
  readonly params?: Readonly<Record<string, string>>
  /** Interval of the client's heartbeats, which the server has to respond to. @default '30s' */
  readonly heartbeat?: Duration
}

const PHOENIX_CHANNELS = object<PhoenixChannelsOptions>()(
  {
    params: optional(
      matching<Readonly<Record<string, string>>>(
        (value) => isRecord(value) && Object.values(value).every((param) => typeof param === 'string'),
        'must be an object of strings',
        '{ token: process.env.TOKEN }',
      ),
      {},
    ),
    heartbeat: optional(duration(), 30_000),
  },
  { example: "phoenixChannels({ heartbeat: '30s' })" },
)

/** `[join reference, reference, topic, event, payload]` */
type Packet = readonly [string | null, string | null, string, string, unknown]

/**
 * Phoenix channels with version 2 of the serializer. `path` is that of the socket's WebSocket (`/socket/websocket`). A
 * message is the payload of a push or a broadcast, or the reply `{ status, response }`, with `topic` and `event` in its
 * `headers`. In `ws.run()` a reply with another status than `ok`, or without one, is an error unless a `check` accepts it.
 * Send with {@link phoenixJoin}, {@link phoenixPush} and {@link phoenixLeave}. The client sends heartbeats. A channel that
 * crashes (`phx_error`) or that the server closes closes the connection.
 *
 * @example
 * const framing = phoenixChannels({ params: { token: 'secret' } })
 */
export function phoenixChannels(options: PhoenixChannelsOptions = {}): Framing {
  const { params, heartbeatMs } = readOptions('phoenixChannels()', PHOENIX_CHANNELS, options)
  const memo = new FrameMemo((data) => JSON.parse(data.toString('utf8')) as Packet)
  return {
    name: 'Phoenix',
    query: { vsn: '2.0.0', ...params },
    open(socket) {
      socket.ready()
      return new PhoenixConnection(socket, memo, heartbeatMs)
    },
  }
}

/**
 * A request to join a channel. The message whose `responseTo` is this one is the reply. If its `status` is not `ok`, it has
 * a `failure`; sent by `subscribe` or `onOpen`, it then closes the connection.
 *
 * @example
 * const subscribe = () => phoenixJoin('room:lobby')
 * const isSubscribed = (message: Message) => message.json<{ status?: string }>().status === 'ok'
 */
export function phoenixJoin(topic: string, payload: Readonly<Record<string, unknown>> = {}): Outgoing {
  return request({ topic, event: 'phx_join', payload })
}

/**
 * A push of an event to a joined channel. In `ws.run()` its reply is the response, unless the step has an `isResponse`. A
 * payload of bytes is sent as a binary push.
 *
 * @example
 * const steps = [{ name: 'say', send: () => phoenixPush('room:lobby', 'say', { text: 'hello' }) }]
 */
export function phoenixPush(
  topic: string,
  event: string,
  payload: Readonly<Record<string, unknown>> | Uint8Array = {},
): Outgoing {
  return request({ topic, event, payload })
}

/**
 * A request to leave a channel.
 *
 * @example
 * const leave = phoenixLeave('room:lobby')
 */
export function phoenixLeave(topic: string): Outgoing {
  return request({ topic, event: 'phx_leave', payload: {} })
}

/** Kinds of binary packets, as in their first byte. */
const PUSH = 0
const REPLY = 1
const BROADCAST = 2

class PhoenixConnection implements FramedConnection {
  readonly heartbeat: FramingHeartbeat
  readonly #socket: FramedSocket
  readonly #memo: FrameMemo<Packet>
  /** Sent messages without a reply, by reference. */
  readonly #pending = new Pending()
  /** Join references of channels that were joined and not left, by topic. */
  readonly #joinRefs = new Map<string, string>()

  constructor(socket: FramedSocket, memo: FrameMemo<Packet>, every: Duration) {
    this.#socket = socket
    this.#memo = memo
    this.heartbeat = {
      every,
      message: () => JSON.stringify([null, this.#pending.next(), 'phoenix', 'heartbeat', {}]),
      hasResponse: true,
    }
  }

  receive({ data, isBinary }: Message): Message | undefined {
    if (isBinary) return this.#receiveBinary(data)
    let packet: Packet
    try {
      packet = this.#memo.decode(data)
    } catch {
      this.#socket.fail('Phoenix: a message that is not JSON')
      return undefined
    }
    const [joinRef, ref, topic, event, payload] = packet
    if (this.#isOwn(joinRef, topic, event)) return undefined
    const headers = { topic, event }
    if (event !== 'phx_reply') return new JsonMessage(data, payload, { headers })
    return new JsonMessage(data, payload, {
      headers,
      responseTo: this.#pending.take(ref ?? ''),
      failure: failureIn(payload),
    })
  }

  send(message: Outgoing): readonly (string | Uint8Array)[] {
    const { topic, event, payload } = message as { topic?: unknown; event?: unknown; payload?: unknown }
    if (typeof topic !== 'string' || typeof event !== 'string')
      throw new TypeError(`phoenixChannels() sends pushes only, received ${JSON.stringify(message).slice(0, 80)}
Fix: make the message with phoenixJoin('room:lobby') or phoenixPush('room:lobby', 'event', {})`)
    const ref = this.#pending.add(message)
    if (event === 'phx_join') this.#joinRefs.set(topic, ref)
    const joinRef = this.#joinRefs.get(topic) ?? null
    if (event === 'phx_leave') this.#joinRefs.delete(topic)
    if (payload instanceof Uint8Array) return [binaryPush(joinRef ?? '', ref, topic, event, payload)]
    return [JSON.stringify([joinRef, ref, topic, event, payload])]
  }

  /** Whether a packet belongs to the protocol itself and is not a message for the scenario. */
  #isOwn(joinRef: string | null, topic: string, event: string): boolean {
    if (topic === 'phoenix') {
      if (event === 'phx_reply') this.#socket.heartbeatResponded()
      return true
    }
    if (event !== 'phx_error' && event !== 'phx_close') return false
    // A channel that was left, or joined again since, is closed as expected.
    if (this.#joinRefs.get(topic) !== undefined && (joinRef === null || this.#joinRefs.get(topic) === joinRef))
      this.#socket.fail(event === 'phx_error' ? 'Phoenix: channel crashed' : 'Phoenix: channel closed by the server')
    return true
  }

  #receiveBinary(data: Buffer): Message | undefined {
    const kind = data[0]
    const lengths = kind === PUSH ? 3 : kind === REPLY ? 4 : 2
    if (kind !== PUSH && kind !== REPLY && kind !== BROADCAST) return undefined
    const fields: string[] = []
    let at = 1 + lengths
    for (let field = 0; field < lengths; field++) {
      const length = data[1 + field]!
      fields.push(data.toString('utf8', at, at + length))
      at += length
    }
    const payload = data.subarray(at)
    if (kind === REPLY) {
      const [, ref, topic, status] = fields as [string, string, string, string]
      const headers = { topic, event: 'phx_reply', status }
      const failure = status === 'ok' ? undefined : `Phoenix: reply with status ${shortened(status, 40)}`
      return new Message(payload, true, { headers, responseTo: this.#pending.take(ref), failure, packet: data })
    }
    const [topic, event] = fields.slice(-2) as [string, string]
    return new Message(payload, true, { headers: { topic, event }, packet: data })
  }
}

/** Failure of a reply `{ status, response }`; `undefined` if its status is `ok`. */
function failureIn(payload: unknown): string | undefined {
  const { status, response } = isRecord(payload) ? payload : {}
  if (typeof status !== 'string') return 'Phoenix: reply without a status'
  return status === 'ok'
    ? undefined
    : shortened(`Phoenix: reply with status ${status}: ${JSON.stringify(response)}`, 150)
}

function binaryPush(joinRef: string, ref: string, topic: string, event: string, payload: Uint8Array): Buffer {
  const fields = [joinRef, ref, topic, event].map((text) => Buffer.from(text))
  return Buffer.concat([Buffer.from([PUSH, ...fields.map(({ length }) => length)]), ...fields, payload])
}

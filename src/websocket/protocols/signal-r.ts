import { wrongReturn } from '../../execution/checked-function.ts'
import type { Duration } from '../../options/checks.ts'
import { isRecord, object, optional, readOptions } from '../../options/schema.ts'
import { shortened } from '../../options/shortened.ts'
import { duration } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing } from '../framing.ts'
import { request, type Message, type Outgoing } from '../message.ts'
import { pathOfPromise, synchronous } from '../returned-values.ts'
import { split } from './delimited.ts'
import { FrameMemo } from './frame-memo.ts'
import { JsonMessage } from './json-message.ts'
import { Pending } from './pending.ts'

/** Options of {@link signalR}. */
export interface SignalROptions {
  /** Interval of the client's pings. By default a server closes a connection that is silent for 30 s. @default '15s' */
  readonly pingInterval?: Duration
  /**
   * Result of the client for an invocation by a server that waits for one (`InvokeAsync`). The message is the invocation.
   * @default an error that the client has no result
   */
  readonly result?: (invocation: Message) => unknown
}

const SIGNAL_R = object<SignalROptions>()(
  {
    pingInterval: optional(duration(), 15_000),
    result: optional(synchronous<(invocation: Message) => unknown>('() => 7')),
  },
  { example: "signalR({ pingInterval: '15s' })" },
)

interface Packet {
  readonly type?: number
  readonly target?: string
  readonly arguments?: readonly unknown[]
  readonly invocationId?: string
  readonly item?: unknown
  readonly result?: unknown
  readonly error?: string
}

/** Message types of the hub protocol. */
const INVOCATION = 1
const STREAM_ITEM = 2
const COMPLETION = 3
const STREAM_INVOCATION = 4
const CLOSE = 7

const END = '\u001e'
const END_BYTES = Buffer.from(END)
const PING = `{"type":6}${END}`

/**
 * ASP.NET Core SignalR over a WebSocket without negotiation (`skipNegotiation`), by its JSON hub protocol. `path` is that of
 * the hub. A message is the list of arguments of an invocation by the server, with its `target` in `headers`; or the result
 * of an invocation by the client, or `{ error }`, which is an error in `ws.run()` unless a `check` accepts it. Send with
 * {@link signalRSend}, {@link signalRInvocation} and {@link signalRStream}. The client sends pings.
 *
 * @example
 * const framing = signalR()
 */
export function signalR(options: SignalROptions = {}): Framing {
  const { pingIntervalMs, result } = readOptions('signalR()', SIGNAL_R, options)
  const memo = new FrameMemo((data) => JSON.parse(data.toString('utf8')) as Packet)
  return {
    name: 'SignalR',
    heartbeat: { every: pingIntervalMs, message: PING },
    open: (socket) => new SignalRConnection(socket, memo, result),
  }
}

/**
 * An invocation of a method of the hub without a result: `signalRSend('Subscribe', 'prices')`.
 *
 * @example
 * const subscribe = () => signalRSend('Subscribe', 'prices')
 */
export function signalRSend(target: string, ...args: readonly unknown[]): Outgoing {
  return { type: INVOCATION, target, arguments: args }
}

/**
 * An invocation of a method of the hub with a result. In `ws.run()` its completion is the response, unless the step has an
 * `isResponse`. The `responseTo` of the result is this message.
 *
 * @example
 * const steps = [{ name: 'say', send: () => signalRInvocation('Say', 'hello') }]
 */
export function signalRInvocation(target: string, ...args: readonly unknown[]): Outgoing {
  return request({ type: INVOCATION, target, arguments: args, isInvocation: true })
}

/**
 * An invocation of a streaming method of the hub. Each item is a message; the completion, which has no result, is not.
 *
 * @example
 * const subscribe = () => signalRStream('Prices', 'all')
 */
export function signalRStream(target: string, ...args: readonly unknown[]): Outgoing {
  return request({ type: STREAM_INVOCATION, target, arguments: args, isInvocation: true })
}

class SignalRConnection implements FramedConnection {
  readonly #socket: FramedSocket
  readonly #memo: FrameMemo<Packet>
  readonly #result: SignalROptions['result']
  readonly #pending = new Pending()
  #isReady = false
  #begun: Buffer | undefined

  constructor(socket: FramedSocket, memo: FrameMemo<Packet>, result: SignalROptions['result']) {
    this.#socket = socket
    this.#memo = memo
    this.#result = result
    socket.send(`{"protocol":"json","version":1}${END}`)
  }

  *receive({ data }: Message): Iterable<Message> {
    const { messages: records, rest } = split(this.#begun ? Buffer.concat([this.#begun, data]) : data, END_BYTES, false)
    this.#begun = rest.length === 0 ? undefined : rest
    for (const record of records) {
      const message = this.#receiveRecord(record.data)
      if (message !== undefined) yield message
    }
  }

  send(message: Outgoing): readonly string[] {
    const { type, target, arguments: args, isInvocation } = message as Packet & { isInvocation?: boolean }
    if (typeof type !== 'number')
      throw new TypeError(`signalR() sends invocations only, received ${JSON.stringify(message).slice(0, 80)}
Fix: make the message with signalRSend('Method', …) or signalRInvocation('Method', …)`)
    const invocationId = isInvocation === true ? this.#pending.add(message) : undefined
    return [JSON.stringify({ type, invocationId, target, arguments: args }) + END]
  }

  #receiveRecord(data: Buffer): Message | undefined {
    let packet: Packet
    try {
      packet = this.#memo.decode(data)
    } catch {
      this.#socket.fail('SignalR: a message that is not JSON')
      return undefined
    }
    if (!this.#isReady) return this.#shakeHands(packet)
    switch (packet.type) {
      case INVOCATION:
        return this.#invoked(data, packet)
      case STREAM_ITEM:
        return new JsonMessage(data, packet.item, { responseTo: this.#pending.get(packet.invocationId ?? '') })
      case COMPLETION:
        return this.#completed(data, packet)
      case CLOSE:
        this.#socket.fail(`SignalR: closed by the server${packet.error === undefined ? '' : ` (${packet.error})`}`)
        return undefined
      default:
        return undefined
    }
  }

  #shakeHands(packet: unknown): undefined {
    this.#isReady = true
    if (!isRecord(packet) || packet['type'] !== undefined) {
      this.#socket.fail('SignalR: the first record is no response to the handshake')
      return
    }
    const error = errorIn(packet)
    if (error === undefined) this.#socket.ready()
    else this.#socket.fail(`SignalR: ${error}`)
  }

  #invoked(data: Buffer, { target = '', arguments: args, invocationId }: Packet): Message {
    const message = new JsonMessage(data, args, { headers: { target } })
    if (invocationId !== undefined) {
      const completion =
        this.#result === undefined
          ? { error: `the client has no result for ${target}` }
          : { result: resultOf(this.#result, message) }
      this.#socket.send(JSON.stringify({ type: COMPLETION, invocationId, ...completion }) + END)
    }
    return message
  }

  #completed(data: Buffer, packet: Packet): Message | undefined {
    const { invocationId, result } = packet
    const error = errorIn(packet)
    const sent = this.#pending.take(invocationId ?? '')
    if (sent === undefined || (error === undefined && isStream(sent))) return undefined
    if (error === undefined) return new JsonMessage(data, result, { responseTo: sent })
    return new JsonMessage(data, { error }, { responseTo: sent, failure: `SignalR: ${shortened(error, 100)}` })
  }
}

/** The error of a packet as text; `undefined` if it has none. */
function errorIn({ error }: { readonly error?: unknown }): string | undefined {
  if (error === undefined || error === null) return undefined
  return typeof error === 'string' ? error : JSON.stringify(error)
}

/** @throws {ScenarioError} if the function returned a promise */
function resultOf(result: NonNullable<SignalROptions['result']>, invocation: Message): unknown {
  const returned = result(invocation) ?? null
  if (pathOfPromise(returned) === undefined) return returned
  throw wrongReturn('signalR({ result })', returned, 'a value without promises', 'invocation')
}

function isStream(sent: Outgoing): boolean {
  return (sent as Packet).type === STREAM_INVOCATION
}

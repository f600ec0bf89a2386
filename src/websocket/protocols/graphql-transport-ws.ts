import type { Vu } from '../../load/vu.ts'
import type { Duration } from '../../options/checks.ts'
import { isRecord, object, optional, readOptions } from '../../options/schema.ts'
import { shortened } from '../../options/shortened.ts'
import { duration, isText } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing } from '../framing.ts'
import { request, type Message, type Outgoing } from '../message.ts'
import { FrameMemo } from './frame-memo.ts'
import { checkHelperOptions } from './helper-options.ts'
import { JsonMessage } from './json-message.ts'
import { Pending } from './pending.ts'
import { objectPerVu } from './per-vu.ts'

/** Options of {@link graphqlTransportWs}. */
export interface GraphQLTransportWsOptions<D = unknown> {
  /** Payload of `connection_init`, such as a token: one for all VUs, or a function of the VU. @default none */
  readonly connectionParams?: Readonly<Record<string, unknown>> | ((vu: Vu<D>) => Readonly<Record<string, unknown>>)
  /** Interval of the client's pings, which the server has to respond to. @default none: only the server pings */
  readonly pingInterval?: Duration
}

/** A GraphQL operation: a query, a mutation or a subscription. */
export type GraphQLOperation = {
  /** Document with the operation. */
  readonly query: string
  /** Values of its variables. @default none */
  readonly variables?: Readonly<Record<string, unknown>>
  /** Name of the operation, if the document has several. @default none */
  readonly operationName?: string
  /** Extensions of the request. @default none */
  readonly extensions?: Readonly<Record<string, unknown>>
}

interface Packet {
  readonly id?: string
  readonly type?: string
  readonly payload?: unknown
}

const graphqlOptions = <D>() =>
  object<GraphQLTransportWsOptions<D>>()(
    {
      connectionParams: optional(
        objectPerVu<D>('graphqlTransportWs({ connectionParams })', '{ token: process.env.TOKEN }'),
      ),
      pingInterval: optional(duration()),
    },
    { example: "graphqlTransportWs({ pingInterval: '15s' })" },
  )

/**
 * GraphQL over WebSocket by the subprotocol `graphql-transport-ws` (the library graphql-ws and compatible servers). A
 * message is the result of an operation: `{ data }` or `{ errors }`. Send with {@link graphqlOperation}. The client
 * responds to pings of the server. In `ws.run()`, `error` of an operation and a result with `errors` and without `data`, or with
 * neither, are errors unless a `check` accepts them; a result with both is left to `check`. `complete` is not passed to the scenario.
 *
 * @example
 * const framing = graphqlTransportWs<{ token: string }>({ connectionParams: (vu) => ({ token: vu.data.token }) })
 */
export function graphqlTransportWs<D = unknown>(options: GraphQLTransportWsOptions<D> = {}): Framing {
  const { connectionParams, pingIntervalMs } = readOptions('graphqlTransportWs()', graphqlOptions<D>(), options)
  const memo = new FrameMemo((data) => JSON.parse(data.toString('utf8')) as Packet)
  return {
    name: NAME,
    subprotocols: [NAME],
    ...(pingIntervalMs === undefined
      ? {}
      : { heartbeat: { every: pingIntervalMs, message: '{"type":"ping"}', hasResponse: true } }),
    open: (socket) => new GraphqlConnection(socket, memo, connectionParams?.(socket.vu as Vu<D>)),
  }
}

/**
 * A GraphQL operation to send. In `ws.run()` its first result is the response, unless the step has an `isResponse`. The
 * `responseTo` of each result is this operation.
 *
 * @example
 * const subscribe = () => graphqlOperation({ query: 'subscription { prices { id } }' })
 */
export function graphqlOperation(operation: GraphQLOperation): Outgoing {
  checkHelperOptions('graphqlOperation()', operation, OPERATION)
  return request({ ...operation })
}

const NAME = 'graphql-transport-ws'

const OBJECT = { isValid: isRecord, rule: 'must be an object' }
const OPERATION = {
  query: { isValid: isText, rule: 'must be a document', example: "query: 'query { prices { id } }'" },
  variables: { ...OBJECT, example: "variables: { id: '7' }" },
  operationName: { isValid: isText, rule: 'must be a string', example: "operationName: 'Prices'" },
  extensions: { ...OBJECT, example: 'extensions: { persistedQuery }' },
}

class GraphqlConnection implements FramedConnection {
  readonly #socket: FramedSocket
  readonly #memo: FrameMemo<Packet>
  /** Operations in progress, by id. */
  readonly #operations = new Pending()

  constructor(socket: FramedSocket, memo: FrameMemo<Packet>, params: Readonly<Record<string, unknown>> | undefined) {
    this.#socket = socket
    this.#memo = memo
    socket.send(JSON.stringify({ type: 'connection_init', payload: params }))
  }

  receive({ data }: Message): Message | undefined {
    let packet: Packet
    try {
      packet = this.#memo.decode(data)
    } catch {
      this.#socket.fail(`${NAME}: a message that is not JSON`)
      return undefined
    }
    const { id = '', type, payload } = packet
    switch (type) {
      case 'next':
        return new JsonMessage(data, payload, { responseTo: this.#operations.get(id), failure: failureIn(payload) })
      case 'error':
        return new JsonMessage(
          data,
          { errors: payload },
          { responseTo: this.#operations.take(id), failure: failureOf(payload) },
        )
      case 'complete':
        this.#operations.take(id)
        return undefined
      case 'connection_ack':
        this.#socket.ready()
        return undefined
      case 'ping':
        this.#socket.send(JSON.stringify({ type: 'pong', payload }))
        return undefined
      case 'pong':
        this.#socket.heartbeatResponded()
        return undefined
      default:
        return undefined
    }
  }

  send(message: Outgoing): readonly string[] {
    const operation = message as Partial<GraphQLOperation>
    if (typeof operation.query !== 'string')
      throw new TypeError(`graphqlTransportWs() sends operations only, received ${JSON.stringify(message).slice(0, 80)}
Fix: make the message with graphqlOperation({ query: 'query { … }' })`)
    return [JSON.stringify({ id: this.#operations.add(message), type: 'subscribe', payload: operation })]
  }
}

/**
 * Failure of a result with errors and without data, or with neither. If there are both, only the scenario can decide. A part
 * of a result that is delivered in several (`@defer`, `@stream`) has `hasNext`.
 */
function failureIn(payload: unknown): string | undefined {
  const { data, errors, hasNext } = isRecord(payload) ? payload : {}
  if (Array.isArray(errors) && errors.length > 0)
    return data === undefined || data === null ? failureOf(errors) : undefined
  return data === undefined && hasNext === undefined ? `${NAME}: a result without data and errors` : undefined
}

function failureOf(errors: unknown): string {
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const text = typeof first === 'object' && first !== null && 'message' in first ? `: ${String(first.message)}` : ''
  return shortened(`${NAME}: the operation failed${text}`, 150)
}

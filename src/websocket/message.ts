import { ScenarioError } from '../execution/scenario-error.ts'

/**
 * A message to send: a string as text, bytes as a binary frame, an object as JSON text. With a framing, also a message
 * that its functions return, such as `socketIoEvent()` or `mqttPublish()`.
 */
export type Outgoing = string | Uint8Array | Readonly<Record<string, unknown>>

/**
 * Encodes a message: text for a text frame, bytes for a binary frame.
 *
 * @throws {ScenarioError} if JSON cannot represent the message
 */
export function encode(message: Outgoing): string | Uint8Array {
  if (typeof message === 'string' || message instanceof Uint8Array) return message
  let text: string | undefined
  let why = 'its toJSON() returned nothing'
  try {
    text = JSON.stringify(message) as string | undefined
  } catch (error) {
    why = String(error).split('\n', 1)[0]!
  }
  if (text !== undefined) return text
  throw new ScenarioError(
    `a message cannot be sent as JSON: ${why}\nFix: send values that JSON can represent, such as String(…) of a bigint`,
  )
}

/** Properties of a message that a framing sets in addition to its payload. */
export interface MessageOrigin {
  /** Headers of the protocol, such as the topic of MQTT or the headers of STOMP. @default none */
  readonly headers?: Readonly<Record<string, string>>
  /** The sent message that this one is the response to, as the protocol defines it. @default none */
  readonly responseTo?: Outgoing | undefined
  /** Short reason why the sent message failed, with the name of the protocol. @default it did not fail */
  readonly failure?: string | undefined
  /**
   * All bytes that the message depends on, if the payload is only part of them. Equal messages are identified once: those
   * whose bytes, headers, `responseTo` and `failure` are equal.
   *
   * @default the payload
   */
  readonly packet?: Buffer
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({})

/** A received message. Text and JSON are decoded when first read. */
export class Message {
  /** The payload. */
  readonly data: Buffer
  /** Whether the frame was binary; text otherwise. */
  readonly isBinary: boolean
  readonly #origin: MessageOrigin | undefined
  #text: string | undefined

  constructor(data: Buffer, isBinary: boolean, origin?: MessageOrigin) {
    this.data = data
    this.isBinary = isBinary
    this.#origin = origin
  }

  /** Headers of the protocol, such as `headers.topic` with `mqtt()`; empty without a framing. */
  get headers(): Readonly<Record<string, string>> {
    return this.#origin?.headers ?? NO_HEADERS
  }

  /** The sent message that this one responds to, as the protocol numbers them; `undefined` if it does not. */
  get responseTo(): Outgoing | undefined {
    return this.#origin?.responseTo
  }

  /** Reason why the sent message failed, if this is its response and reports a failure; `undefined` otherwise. */
  get failure(): string | undefined {
    return this.#origin?.failure
  }

  /** The bytes by which messages are compared. */
  get packet(): Buffer {
    return this.#origin?.packet ?? this.data
  }

  /** Decodes the payload as UTF-8. */
  toString(): string {
    return (this.#text ??= this.data.toString('utf8'))
  }

  /**
   * Parses the payload as JSON. The type parameter is not checked.
   *
   * @throws {SyntaxError} if the payload is not JSON
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a shorthand for a cast by the caller
  json<T = unknown>(): T {
    const value: T = JSON.parse(this.toString())
    return value
  }
}

/** Marks subclasses whose `packet` holds all that they add to a message. */
export const COMPARED_BY_PACKET = Symbol('compared by packet')

/** Whether a message has nothing but what this class declares: no properties of a framing's own, and no subclass of it. */
export function isPlain(message: Message): boolean {
  if (COMPARED_BY_PACKET in message) return true
  if (Object.getPrototypeOf(message) !== Message.prototype) return false
  // `data` and `isBinary`.
  let properties = 0
  for (const _ in message) properties++
  return properties === 2
}

const EXPECTS_RESPONSE = Symbol('expects a response')

/** Marks a message as one that the protocol responds to, such as an emit with acknowledgement or a GraphQL operation. */
export function request<T extends Readonly<Record<string, unknown>>>(message: T): T {
  return Object.defineProperty(message, EXPECTS_RESPONSE, { value: true })
}

/** Whether the protocol responds to a message. */
export function expectsResponse(message: Outgoing): boolean {
  return typeof message === 'object' && EXPECTS_RESPONSE in message
}

/**
 * Whether a received message is the response to a sent one, for steps without `isResponse`: the response that the protocol
 * defines or, if it defines none, the first message that responds to nothing else.
 */
export function isResponseTo(received: Message, sent: Outgoing): boolean {
  return received.responseTo === undefined ? !expectsResponse(sent) : received.responseTo === sent
}

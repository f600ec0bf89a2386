/**
 * A message to send: text as it is, bytes as a binary frame, an object as JSON text. With a framing also what the
 * functions beside it return: `socketIoEvent()`, `mqttPublish()`, ….
 */
export type Outgoing = string | Uint8Array | Readonly<Record<string, unknown>>

/** The bytes of a message to send, and whether they go out as a binary frame. */
export function encode(message: Outgoing): string | Uint8Array {
  return typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message)
}

/** What a framing knows about a message beyond its payload. */
export interface MessageOrigin {
  /** What the protocol says about the message: the topic of MQTT, the headers of STOMP. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** The sent message that this one is the protocol's own response to. Default: none. */
  readonly responseTo?: Outgoing | undefined
  /** What went wrong, if the protocol says that the sent message failed; in few words, with the protocol's name. Default: nothing. */
  readonly failure?: string | undefined
  /**
   * All bytes that the message depends on, if its payload is only part of them: messages of equal bytes are identified
   * once. Default: the payload.
   */
  readonly packet?: Buffer
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({})

/** A received message. Text and JSON are decoded when first read. */
export class Message {
  /** The payload. */
  readonly data: Buffer
  /** Whether it came as a binary frame; text otherwise. */
  readonly isBinary: boolean
  readonly #origin: MessageOrigin | undefined
  #text: string | undefined

  constructor(data: Buffer, isBinary: boolean, origin?: MessageOrigin) {
    this.data = data
    this.isBinary = isBinary
    this.#origin = origin
  }

  /** What the protocol says about the message, e.g. `headers.topic` with `mqtt()`; empty without a framing. */
  get headers(): Readonly<Record<string, string>> {
    return this.#origin?.headers ?? NO_HEADERS
  }

  /** The sent message that this one responds to by the protocol's own numbers; `undefined` if the protocol has none. */
  get responseTo(): Outgoing | undefined {
    return this.#origin?.responseTo
  }

  /** What the protocol says went wrong with the sent message, if this is its response and says so; `undefined` otherwise. */
  get failure(): string | undefined {
    return this.#origin?.failure
  }

  /** The bytes that two messages are compared by. */
  get packet(): Buffer {
    return this.#origin?.packet ?? this.data
  }

  /** The payload as UTF-8. */
  toString(): string {
    return (this.#text ??= this.data.toString('utf8'))
  }

  /**
   * The payload as JSON. The type is the caller's claim; nothing checks it.
   *
   * @throws {SyntaxError} if the payload is not JSON
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller's claim is what it is for
  json<T = unknown>(): T {
    const value: T = JSON.parse(this.toString())
    return value
  }
}

const EXPECTS_RESPONSE = Symbol('expects a response')

/** Marks a message as one that the protocol itself responds to: an emit with acknowledgement, a GraphQL operation. */
export function request<T extends Readonly<Record<string, unknown>>>(message: T): T {
  return Object.defineProperty(message, EXPECTS_RESPONSE, { value: true })
}

/** Whether the protocol itself responds to a message. */
export function expectsResponse(message: Outgoing): boolean {
  return typeof message === 'object' && EXPECTS_RESPONSE in message
}

/**
 * Whether a received message is the response to a sent one, if the scenario does not say which is: the protocol's own
 * response if it has one, otherwise the first message that responds to nothing else.
 */
export function isResponseTo(received: Message, sent: Outgoing): boolean {
  return received.responseTo === undefined ? !expectsResponse(sent) : received.responseTo === sent
}

/** What can be sent: text as it is, bytes as a binary frame, an object as JSON text. */
export type Outgoing = string | Uint8Array | Readonly<Record<string, unknown>>

/** The bytes of a message to send, and whether they go out as a binary frame. */
export function encode(message: Outgoing): string | Uint8Array {
  return typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message)
}

/** A message as it arrived. Text and JSON are decoded when first asked for. */
export class Message {
  readonly data: Buffer
  /** Whether it came as a binary frame; text otherwise. */
  readonly isBinary: boolean
  #text: string | undefined

  constructor(data: Buffer, isBinary: boolean) {
    this.data = data
    this.isBinary = isBinary
  }

  /** The payload as UTF-8. */
  toString(): string {
    return (this.#text ??= this.data.toString('utf8'))
  }

  /**
   * The payload as JSON. The type is the caller's claim; nothing checks it.
   *
   * @throws {SyntaxError} where it is none
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller's claim is what it is for
  json<T = unknown>(): T {
    const value: T = JSON.parse(this.toString())
    return value
  }
}

import { object, optional, readOptions } from '../../options/schema.ts'
import { flag, text } from '../../options/values.ts'
import type { FramedConnection, Framing } from '../framing.ts'
import { encode, Message, type Outgoing } from '../message.ts'

/** Options of {@link delimited}. */
export interface DelimitedOptions {
  /** Delimiter between two messages: one character or several. @default '\n' */
  readonly delimiter?: string
  /**
   * Whether every message ends with the delimiter, also those that are sent. What follows the last delimiter of a frame is
   * then the beginning of a message that continues in the next frame. Otherwise the end of a frame ends a message.
   *
   * @default false
   */
  readonly isTerminated?: boolean
}

const DELIMITED = object<DelimitedOptions>()(
  {
    delimiter: optional(text("'\\n'", 'must be a string of one character or more'), '\n'),
    isTerminated: optional(flag(true), false),
  },
  { example: "delimited({ delimiter: '\\n' })" },
)

/**
 * Framing with several messages in a frame, separated by a delimiter, such as newline-delimited JSON. Empty messages are
 * ignored.
 *
 * @example
 * const framing = delimited({ delimiter: '\n' })
 */
export function delimited(options: DelimitedOptions = {}): Framing {
  const { delimiter, isTerminated } = readOptions('delimited()', DELIMITED, options)
  const bytes = Buffer.from(delimiter)
  return {
    name: 'delimited messages',
    open(socket) {
      socket.ready()
      return isTerminated ? new TerminatedConnection(bytes) : new SeparatedConnection(bytes)
    },
  }
}

/** Connection whose frames hold whole messages. */
class SeparatedConnection implements FramedConnection {
  readonly #delimiter: Buffer

  constructor(delimiter: Buffer) {
    this.#delimiter = delimiter
  }

  receive({ data, isBinary }: Message): Message | readonly Message[] {
    const { messages, rest } = split(data, this.#delimiter, isBinary)
    if (rest.length > 0) messages.push(new Message(rest, isBinary))
    return messages
  }

  send(message: Outgoing): readonly (string | Uint8Array)[] {
    return [encode(message)]
  }
}

/** Connection whose messages may continue from frame to frame. */
class TerminatedConnection implements FramedConnection {
  readonly #delimiter: Buffer
  #begun: Buffer | undefined

  constructor(delimiter: Buffer) {
    this.#delimiter = delimiter
  }

  receive({ data, isBinary }: Message): readonly Message[] {
    const bytes = this.#begun === undefined ? data : Buffer.concat([this.#begun, data])
    const { messages, rest } = split(bytes, this.#delimiter, isBinary)
    this.#begun = rest.length === 0 ? undefined : rest
    return messages
  }

  send(message: Outgoing): readonly (string | Uint8Array)[] {
    const payload = encode(message)
    if (typeof payload === 'string') return [payload + this.#delimiter.toString('utf8')]
    return [Buffer.concat([payload, this.#delimiter])]
  }
}

/** Splits bytes into the messages that end with a delimiter, and the rest after the last delimiter. */
export function split(
  bytes: Buffer,
  delimiter: Buffer,
  isBinary: boolean,
): { readonly messages: Message[]; readonly rest: Buffer } {
  const messages: Message[] = []
  let from = 0
  for (let at = bytes.indexOf(delimiter); at !== -1; at = bytes.indexOf(delimiter, from)) {
    if (at > from) messages.push(new Message(bytes.subarray(from, at), isBinary))
    from = at + delimiter.length
  }
  return { messages, rest: bytes.subarray(from) }
}

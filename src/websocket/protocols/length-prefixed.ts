import { object, optional, readOptions } from '../../options/schema.ts'
import { flag, matching } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing } from '../framing.ts'
import { encode, Message, type Outgoing } from '../message.ts'

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /** Length of the prefix in bytes. @default 4 */
  readonly prefixBytes?: 1 | 2 | 4
  /** Whether the lowest byte of the prefix comes first. @default false */
  readonly isLittleEndian?: boolean
}

const LENGTH_PREFIXED = object<LengthPrefixedOptions>()(
  {
    prefixBytes: optional(
      matching<1 | 2 | 4>((value) => [1, 2, 4].includes(value as number), 'must be 1, 2 or 4', '4'),
      4,
    ),
    isLittleEndian: optional(flag(true), false),
  },
  { example: 'lengthPrefixed({ prefixBytes: 4 })' },
)

/** Limit of a plausible length: a larger one shows that the bytes are not length-prefixed. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024

/**
 * Framing with binary messages in a stream of bytes, each after a prefix with its length. A frame may hold several messages,
 * and a message may continue from frame to frame. The length is that of the payload, without the prefix.
 *
 * @example
 * const framing = lengthPrefixed({ prefixBytes: 4 })
 */
export function lengthPrefixed(options: LengthPrefixedOptions = {}): Framing {
  const { prefixBytes, isLittleEndian } = readOptions('lengthPrefixed()', LENGTH_PREFIXED, options)
  return {
    name: 'length-prefixed messages',
    open(socket) {
      socket.ready()
      return new LengthPrefixedConnection(socket, prefixBytes, isLittleEndian)
    },
  }
}

class LengthPrefixedConnection implements FramedConnection {
  readonly #socket: FramedSocket
  readonly #prefixBytes: number
  readonly #isLittleEndian: boolean
  #begun: Buffer | undefined

  constructor(socket: FramedSocket, prefixBytes: number, isLittleEndian: boolean) {
    this.#socket = socket
    this.#prefixBytes = prefixBytes
    this.#isLittleEndian = isLittleEndian
  }

  receive({ data }: Message): readonly Message[] {
    const bytes = this.#begun === undefined ? data : Buffer.concat([this.#begun, data])
    const messages: Message[] = []
    let from = 0
    while (bytes.length - from >= this.#prefixBytes) {
      const length = this.#isLittleEndian
        ? bytes.readUIntLE(from, this.#prefixBytes)
        : bytes.readUIntBE(from, this.#prefixBytes)
      if (length > MAX_MESSAGE_BYTES) {
        this.#socket.fail('length-prefixed messages: a length above 64 MiB')
        return messages
      }
      const end = from + this.#prefixBytes + length
      if (end > bytes.length) break
      messages.push(new Message(bytes.subarray(from + this.#prefixBytes, end), true))
      from = end
    }
    this.#begun = from === bytes.length ? undefined : bytes.subarray(from)
    return messages
  }

  send(message: Outgoing): readonly Uint8Array[] {
    const encoded = encode(message)
    const payload = typeof encoded === 'string' ? Buffer.from(encoded) : encoded
    const bytes = Buffer.allocUnsafe(this.#prefixBytes + payload.length)
    if (this.#isLittleEndian) bytes.writeUIntLE(payload.length, 0, this.#prefixBytes)
    else bytes.writeUIntBE(payload.length, 0, this.#prefixBytes)
    bytes.set(payload, this.#prefixBytes)
    return [bytes]
  }
}

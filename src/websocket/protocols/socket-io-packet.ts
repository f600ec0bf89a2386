import { COMPARED_BY_PACKET, Message, type Outgoing } from '../message.ts'

/** Packet types of Engine.IO: the first character of a text frame. */
export const ENGINE = { open: '0', close: '1', ping: '2', pong: '3', message: '4' } as const

/** Packet types of Socket.IO: the character after {@link ENGINE}`.message`. */
export const SOCKET = {
  connect: '0',
  disconnect: '1',
  event: '2',
  acknowledgement: '3',
  connectError: '4',
  binaryEvent: '5',
  binaryAcknowledgement: '6',
} as const

const SLASH = '/'.charCodeAt(0)
const COMMA = ','.charCodeAt(0)
const DASH = '-'.charCodeAt(0)
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 57

/** A Socket.IO packet without its attachments. */
export interface PacketHead {
  readonly type: string
  /** Number of binary frames that follow and belong to the packet. */
  readonly attachments: number
  readonly namespace: string
  /** Number that links an event and its acknowledgement; `undefined` for an event without one. */
  readonly id: string | undefined
  readonly json: Buffer
}

/** Parses `4<type>[<attachments>-][<namespace>,][<id>][<json>]`. */
export function readPacket(data: Buffer): PacketHead {
  const type = String.fromCharCode(data[1] ?? 0)
  let at = 2
  let attachments = 0
  if (type === SOCKET.binaryEvent || type === SOCKET.binaryAcknowledgement) {
    const dash = data.indexOf(DASH, at)
    attachments = Number(data.toString('latin1', at, dash))
    at = dash + 1
  }
  let namespace = '/'
  if (data[at] === SLASH) {
    const comma = data.indexOf(COMMA, at)
    const end = comma === -1 ? data.length : comma
    namespace = data.toString('utf8', at, end)
    at = end + 1
  }
  let end = at
  while (isDigit(data[end])) end++
  const id = end === at ? undefined : data.toString('latin1', at, end)
  return { type, attachments, namespace, id, json: data.subarray(end) }
}

/** An event, or the arguments of an acknowledgement, as JSON with the attachments in place of their placeholders. */
export class SocketIoMessage extends Message {
  readonly #attachments: readonly Buffer[]

  constructor(json: Buffer, attachments: readonly Buffer[], responseTo: Outgoing | undefined) {
    super(json, false, {
      responseTo,
      ...(attachments.length === 0 ? {} : { packet: Buffer.concat([json, ...attachments]) }),
    })
    this.#attachments = attachments
  }

  /** The packet holds the attachments. */
  get [COMPARED_BY_PACKET](): true {
    return true
  }

  override json<T = unknown>(): T {
    if (this.#attachments.length === 0) return super.json()
    return JSON.parse(this.toString(), (_key, value: unknown) => {
      const { _placeholder: isPlaceholder, num } = (value ?? {}) as { _placeholder?: unknown; num?: number }
      return isPlaceholder === true ? this.#attachments[num!] : value
    }) as T
  }
}

/** Encodes a packet as frames: its text, and one for each attachment. */
export function writePacket(
  kind: 'event' | 'acknowledgement',
  prefix: string,
  id: string | undefined,
  args: readonly unknown[],
): readonly (string | Uint8Array)[] {
  const attachments: Uint8Array[] = []
  const json = JSON.stringify(takeOut(args, attachments))
  if (attachments.length === 0) return [`${ENGINE.message}${SOCKET[kind]}${prefix}${id ?? ''}${json}`]
  const type = kind === 'event' ? SOCKET.binaryEvent : SOCKET.binaryAcknowledgement
  return [`${ENGINE.message}${type}${attachments.length}-${prefix}${id ?? ''}${json}`, ...attachments]
}

/** Whether a value holds bytes anywhere. */
export function holdsBytes(value: unknown): boolean {
  const attachments: Uint8Array[] = []
  takeOut(value, attachments)
  return attachments.length > 0
}

/** Returns the value with placeholders for its bytes, and adds the bytes to `attachments`. */
function takeOut(value: unknown, attachments: Uint8Array[]): unknown {
  if (value instanceof Uint8Array) return { _placeholder: true, num: attachments.push(value) - 1 }
  if (Array.isArray(value)) return value.map((item: unknown) => takeOut(item, attachments))
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, takeOut(item, attachments)]))
}

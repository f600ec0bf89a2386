import { serialize } from 'node:v8'
import { isPlain, type Message, type Outgoing } from '../message.ts'

/** Everything that `identify` can read of a message. */
export interface MessageIdentity {
  readonly data: Buffer
  readonly isBinary: boolean
  /** What a framing adds; `undefined` without a framing. */
  readonly framed: FramedIdentity | undefined
}

interface FramedIdentity {
  readonly payload: Buffer
  /** A copy, as a framing may reuse one object for all messages. */
  readonly headers: Readonly<Record<string, string>>
  readonly headerCount: number
  readonly responseTo: string | undefined
  readonly failure: string | undefined
}

/**
 * Records what distinguishes a message.
 *
 * @param data bytes by which the message is compared
 * @returns `undefined` if the message may have properties that are not compared, such as those of a subclass
 */
export function identityOf(data: Buffer, isBinary: boolean, framed: Message | undefined): MessageIdentity | undefined {
  if (framed === undefined) return { data, isBinary, framed: undefined }
  if (!isPlain(framed)) return undefined
  const headers = { ...framed.headers }
  const responseTo = contentOf(framed.responseTo)
  if (responseTo === NOT_COMPARABLE) return undefined
  return {
    data,
    isBinary,
    framed: {
      payload: framed.data,
      headers,
      headerCount: Object.keys(headers).length,
      responseTo,
      failure: framed.failure,
    },
  }
}

/** Whether `identify` would return the same for a message as for the recorded one. */
export function isSameMessage(
  known: MessageIdentity,
  data: Buffer,
  isBinary: boolean,
  framed: Message | undefined,
): boolean {
  if (known.isBinary !== isBinary || !(known.data === data || known.data.equals(data))) return false
  if (known.framed === undefined || framed === undefined) return known.framed === framed
  const { payload, responseTo, failure } = known.framed
  return (
    isPlain(framed) &&
    framed.failure === failure &&
    // `data` is the payload, unless the framing sets a packet.
    (framed.data === data || framed.data.equals(payload)) &&
    hasHeaders(known.framed, framed.headers) &&
    contentOf(framed.responseTo) === responseTo
  )
}

function hasHeaders({ headers, headerCount }: FramedIdentity, others: Readonly<Record<string, string>>): boolean {
  let count = 0
  for (const name in others) {
    if (others[name] !== headers[name]) return false
    count++
  }
  return count === headerCount
}

/** Differs from every message. */
const NOT_COMPARABLE = '\0not comparable'

/** Contents of sent objects: each client sends its own, and receives many messages that respond to it. */
const contents = new WeakMap<object, string>()

function contentOf(sent: Outgoing | undefined): string | undefined {
  if (sent === undefined || typeof sent === 'string') return sent
  let content = contents.get(sent)
  if (content === undefined) contents.set(sent, (content = serialized(sent)))
  return content
}

function serialized(sent: object): string {
  try {
    return `\0${serialize(sent).toString('latin1')}`
  } catch {
    return NOT_COMPARABLE
  }
}

import { recordIn } from '../../execution/custom-metrics/recording-context.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { editDistance } from '../../options/known-keys.ts'
import { inspected, shortened } from '../../options/shortened.ts'
import { formatCount } from '../../stats/units.ts'
import { Message } from '../message.ts'
import type { MessageRecording } from './fan-out-recording.ts'
import { identityOf, isSameMessage, type MessageIdentity } from './message-identity.ts'

/**
 * Identity of a publication in a message. Other keys are ignored, as in a parsed message that is returned as it is. One that
 * looks like a misspelling, such as `seq` or `publishedAt`, is an error; the first 1,000 different results are checked.
 */
export interface Identification {
  /** The id that `publish.send` received or resolved to; in a feed, a value that all messages of one publication share. */
  readonly id: string | number | bigint
  /**
   * Number of the publication that the target assigns, which rises from publication to publication for each client and
   * group; compared within one connection. Return it if messages have one: publications that are in flight to the target at
   * the same time may arrive in either order, and only this number shows which. In a feed it rises by one, and a skipped
   * number is a publication that all clients miss. @default the order in which publications were sent
   */
  readonly sequence?: number
  /** Time stamp of the publisher in milliseconds since 1970, if the message has one. */
  readonly publishedAtMs?: number
  /**
   * Group of the publication. Required for a feed with groups. In a run that publishes, return it only if ids of the target
   * are unique only within a group. In a run without groups, return what has a separate `sequence`, such as the instrument
   * of a price. @default the group of the client
   */
  readonly group?: string
}

/** `'other'` for a message without a publication, such as a greeting or a heartbeat; `undefined` for an unknown message, which is counted. */
type IdentifiedMessage = Identification | 'other' | undefined

/** Identity of the message, or a list or an iterator of several if the message has several publications. */
export type IdentifyResult = IdentifiedMessage | Iterable<IdentifiedMessage> | Iterator<IdentifiedMessage>

/** Distinct messages that are remembered: publications in flight at the same time, each the same bytes for all clients. */
const REMEMBERED = 4
const SAMPLE_LENGTH = 200
/** Number of identifications whose keys are checked. */
const KEY_LOOKS = 1000
/** Number of messages without a publication that are checked for a heartbeat. */
const HEARTBEAT_LOOKS = 1000
const HEARTBEAT = /\b(?:ping|heart-?_?beat|keep-?_?alive)\b/i

interface Known<T> {
  readonly identity: MessageIdentity
  readonly found: readonly T[]
}

/**
 * Cache of `identify`, which runs once for each distinct message. A fan-out sends the same bytes to thousands of clients,
 * and comparing bytes costs a tenth of parsing them. This is correct because `identify` receives only the message: equal
 * messages, including what a framing adds to their bytes, have the same publications and sequences for every client. If
 * each client gets a different message, each is identified.
 */
export class Identifier<T> {
  readonly #identify: (message: Message) => IdentifyResult
  readonly #resolve: (identification: Identification) => T
  readonly #recording: MessageRecording | undefined
  readonly #shown: (text: string, length: number) => string
  readonly #known: Known<T>[] = []
  #latest: Known<T> | undefined
  #oldest = 0
  #unidentified = 0
  #sample: string | undefined
  #others = 0
  #otherSample: string | undefined
  #heartbeatLooks = 0
  #keyLooks = 0
  #heartbeat: string | undefined

  /**
   * @param resolve converts an identification, once for each distinct message
   * @param recording context in which `identify` records custom metrics
   * @param shown shortens the text of a message for people, without secrets
   */
  constructor(
    identify: (message: Message) => IdentifyResult,
    resolve: (identification: Identification) => T,
    recording?: MessageRecording,
    shown: (text: string, length: number) => string = shortened,
  ) {
    this.#identify = identify
    this.#resolve = resolve
    this.#recording = recording
    this.#shown = shown
  }

  get unidentified(): number {
    return this.#unidentified
  }

  /** The first message that could not be identified, shortened and without secrets, and why. */
  get sample(): string | undefined {
    return this.#sample
  }

  /** Messages for which `identify` returned only `'other'`; `undefined` if there were none. */
  get others(): { readonly count: number; readonly sample: string } | undefined {
    return this.#otherSample === undefined ? undefined : { count: this.#others, sample: this.#otherSample }
  }

  /** The first message without a publication that looks like a heartbeat that requires a response. */
  get heartbeat(): string | undefined {
    return this.#heartbeat
  }

  /**
   * Returns the publications of a message, and counts a message that is not identified.
   *
   * @throws {ScenarioError} if `identify` returns an invalid value
   * @throws any error of `identify`, except a `SyntaxError`
   */
  identify(data: Buffer, isBinary: boolean, framed?: Message): readonly T[] {
    // A fan-out sends one message to all clients before the next: most messages equal the one before.
    let known = this.#latest
    if (known === undefined || !isSameMessage(known.identity, data, isBinary, framed)) {
      known = this.#recall(data, isBinary, framed)
      if (known === undefined) return this.#identifyNew(data, isBinary, framed)
      this.#latest = known
    }
    if (known.found.length === 0) this.#others++
    return known.found
  }

  /**
   * Returns the publications of a message that may have none, such as an acknowledgement. Nothing is counted, and any other
   * result of `identify` is ignored.
   */
  peek(data: Buffer, isBinary: boolean, framed?: Message): readonly T[] {
    try {
      const items = this.#itemsOf(data, isBinary, framed)
      return items.filter((item) => isUsable(item)).map((item) => this.#resolve(item))
    } catch {
      return []
    }
  }

  /** Describes a message for people, shortened and without secrets. */
  describe(data: Buffer, isBinary: boolean): string {
    return this.#sampleOf(data, isBinary)
  }

  #recall(data: Buffer, isBinary: boolean, framed: Message | undefined): Known<T> | undefined {
    for (const known of this.#known)
      if (known !== this.#latest && isSameMessage(known.identity, data, isBinary, framed)) return known
    return undefined
  }

  #itemsOf(data: Buffer, isBinary: boolean, framed: Message | undefined): readonly unknown[] {
    const call = () => listOf(this.#identify(framed ?? new Message(data, isBinary)), data.length)
    if (this.#recording === undefined) return call()
    this.#recording.isUsed = false
    return recordIn(this.#recording, call)
  }

  #identifyNew(data: Buffer, isBinary: boolean, framed: Message | undefined): readonly T[] {
    let items: readonly unknown[]
    let why = ''
    try {
      items = this.#itemsOf(data, isBinary, framed)
    } catch (error) {
      // A SyntaxError comes from parsing what the target sent. Any other error is the scenario's.
      if (error instanceof EndlessError) throw endless(error, this.#sampleOf(data, isBinary))
      if (!(error instanceof SyntaxError)) throw error
      items = [undefined]
      why = ` (identify threw ${String(error)})`
    }
    const found: T[] = []
    let unidentified = 0
    for (const item of items) {
      if (item === undefined) unidentified++
      else if (isUsable(item)) {
        if (this.#keyLooks++ < KEY_LOOKS) checkKeys(item, () => this.#sampleOf(data, isBinary))
        found.push(this.#resolve(item))
      } else if (item !== 'other') throw unusable(item, this.#sampleOf(data, isBinary))
    }
    if (found.length === 0 && this.#heartbeatLooks++ < HEARTBEAT_LOOKS) this.#lookForHeartbeat(data, isBinary)
    if (unidentified > 0) {
      this.#unidentified += unidentified
      this.#sample ??= this.#sampleOf(data, isBinary) + this.#shown(why, SAMPLE_LENGTH)
      return found
    }
    if (found.length === 0) {
      this.#others++
      this.#otherSample ??= this.#sampleOf(data, isBinary)
    }
    // A value that identify records belongs to one message, so that equal ones are identified again.
    const identity = this.#recording?.isUsed === true ? undefined : identityOf(data, isBinary, framed)
    if (identity === undefined) return found
    this.#latest = { identity, found }
    this.#known[this.#oldest] = this.#latest
    this.#oldest = (this.#oldest + 1) % REMEMBERED
    return found
  }

  #sampleOf(data: Buffer, isBinary: boolean): string {
    const size = `${data.length} bytes`
    if (isBinary) return `binary, ${size}: ${data.subarray(0, 32).toString('hex')}`
    return `text, ${size}: ${JSON.stringify(this.#shown(data.toString('utf8'), SAMPLE_LENGTH + 1))}`
  }

  #lookForHeartbeat(data: Buffer, isBinary: boolean): void {
    if (this.#heartbeat === undefined && HEARTBEAT.test(data.toString('latin1', 0, 100)))
      this.#heartbeat = this.#sampleOf(data, isBinary)
  }
}

/** @param most bytes of the message @throws {EndlessError} if there are more */
function listOf(result: IdentifyResult, most: number): readonly unknown[] {
  if (typeof result !== 'object' || result === null) return [result]
  const all = Symbol.iterator in result ? result : 'next' in result ? { [Symbol.iterator]: () => result } : [result]
  const items: unknown[] = []
  const limit = Math.max(most, ALWAYS_ALLOWED)
  for (const item of all as Iterable<unknown>) if (items.push(item) > limit) throw new EndlessError(limit)
  return items
}

/** An iterator that returned more items than a message can hold, as each has at least one byte. */
class EndlessError extends Error {
  /** Number of items that was exceeded. */
  readonly count: number

  constructor(count: number) {
    super()
    this.count = count
  }
}

function endless({ count }: EndlessError, sample: string): ScenarioError {
  return new ScenarioError(
    `identify returned more than ${formatCount(count)} publications for one message, and it has fewer bytes: ${sample}\n` +
      'Fix: let the list or iterator that it returns end with the last publication of the message',
  )
}

/** Number of items that a message of any length may have. */
const ALWAYS_ALLOWED = 1_000

/** Texts that result from missing values in templates and concatenations. */
const NO_IDS = new Set(['', 'undefined', 'null', 'NaN', '[object Object]'])

function isUsable(item: unknown): item is Identification {
  return faultOf(item) === undefined
}

/** Describes what is wrong with an identification; `undefined` if it is valid. */
function faultOf(item: unknown): { readonly what: string; readonly rule: string; readonly fix: string } | undefined {
  if (typeof item !== 'object' || item === null || !('id' in item)) return WITHOUT_ID
  const { id, sequence, publishedAtMs, group } = item as Readonly<Record<keyof Identification, unknown>>
  if (typeof id === 'string' ? NO_IDS.has(id) : typeof id !== 'bigint' && !Number.isFinite(id)) return WITHOUT_ID
  if (sequence !== undefined && !Number.isFinite(sequence)) return badPart('sequence', 'a finite number')
  if (publishedAtMs !== undefined && !Number.isFinite(publishedAtMs)) return badPart('publishedAtMs', 'a finite number')
  if (group !== undefined && (typeof group !== 'string' || group === ''))
    return badPart('group', 'a string that is not empty')
  return undefined
}

const WITHOUT_ID = {
  what: 'without an id',
  rule: 'id must be a string that is not empty, a finite number or a bigint',
  fix: "return 'other' for a message that is not a publication, and undefined for an unknown message",
}

function badPart(name: 'sequence' | 'publishedAtMs' | 'group', rule: string) {
  return {
    what: `with an invalid ${name}`,
    rule: `${name} must be ${rule}, or undefined`,
    fix: name === 'group' ? 'return { id, group: message.json().room }' : `return { id, ${name}: Number(…) }`,
  }
}

function unusable(item: unknown, sample: string): ScenarioError {
  const shown = inspected(item, 60)
  const { what, rule, fix } = faultOf(item)!
  return new ScenarioError(
    `identify returned a publication ${what}: ${shown}, for the message ${sample}; ${rule}\nFix: ${fix}`,
  )
}

const KEYS = ['id', 'sequence', 'publishedAtMs', 'group'] as const

/** Names that other libraries use for the same. */
const ALIASES: ReadonlyMap<string, (typeof KEYS)[number]> = new Map(
  ['seq', 'seqNo', 'seqNum', 'seq_no', 'sequenceNumber', 'sequence_number'].map((name) => [name, 'sequence']),
)

/** @throws {ScenarioError} if a key is probably a misspelling of one that the item does not have */
function checkKeys(item: Identification, sample: () => string): void {
  for (const key in item) {
    const meant = meantBy(key)
    if (meant === undefined || meant in item) continue
    throw new ScenarioError(
      `identify returned a publication with the unknown key ${key}: ${inspected(item, 60)}, for the message ` +
        `${sample()}; did you mean ${meant}? Valid keys: ${KEYS.join(', ')}\n` +
        `Fix: return { id, ${meant}: … }, or { id } if ${key} means something else`,
    )
  }
}

/** The key that was probably meant by an unknown one: at most a quarter of its letters differ. */
function meantBy(key: string): (typeof KEYS)[number] | undefined {
  if ((KEYS as readonly string[]).includes(key)) return undefined
  return ALIASES.get(key) ?? KEYS.find((each) => editDistance(key, each) <= each.length / 4)
}

import { ScenarioError } from '../../execution/scenario-error.ts'
import { redactText } from '../../options/redact.ts'
import { inspected, shortened } from '../../options/shortened.ts'
import { Message } from '../message.ts'

/** What a message says it is. */
export interface Identification {
  /** The id that `publish.send` was given or resolved to; of a feed, whatever its messages of one publication share. */
  readonly id: string | number | bigint
  /**
   * The target's own number of the publication, which rises from publication to publication for each client and group;
   * compared within one connection. Give it if messages carry one: publications that are under way to the target at the
   * same time may get there in either order, and only the target knows which. In a feed it rises by one, and a number that
   * no client received is a publication that everybody misses. @default the order in which publications were sent
   */
  readonly sequence?: number
  /** The publisher's own time stamp in milliseconds since 1970, if the message carries one. */
  readonly publishedAtMs?: number
  /**
   * The group of the publication. A feed with groups must name it; a run that publishes itself need name it only if ids
   * that the target makes are unique within a group and not beyond. In a run without groups it is what has a `sequence` of
   * its own, such as the instrument of a price. @default the group that the client is in
   */
  readonly group?: string
}

/** `'other'`: no delivery and nothing to report (a greeting, a heartbeat). `undefined`: not recognised, counted. */
type IdentifiedMessage = Identification | 'other' | undefined

/** One for the whole message, or several in a list or an iterator if the message holds several publications. */
export type IdentifyResult = IdentifiedMessage | Iterable<IdentifiedMessage> | Iterator<IdentifiedMessage>

/** How many distinct messages are remembered: publications under way at one time, each the same bytes for everybody. */
const REMEMBERED = 4
const SAMPLE_LENGTH = 200
/** So many messages that are no publications are looked at for a heartbeat. */
const HEARTBEAT_LOOKS = 1000
const HEARTBEAT = /\b(?:ping|heart-?_?beat|keep-?_?alive)\b/i

interface Known<T> {
  readonly data: Buffer
  readonly isBinary: boolean
  readonly found: readonly T[]
}

/**
 * Runs `identify` once for each distinct message: a fan-out sends the same bytes to thousands of clients, and comparing
 * bytes costs a tenth of parsing them. Sound because `identify` sees the message and nothing else: equal bytes name the
 * same publications and sequences, whoever receives them. If each client gets its own bytes, each is identified.
 */
export class Identifier<T> {
  readonly #identify: (message: Message) => IdentifyResult
  readonly #resolve: (identification: Identification) => T
  readonly #known: Known<T>[] = []
  #latest: Known<T> | undefined
  #oldest = 0
  #unidentified = 0
  #sample: string | undefined
  #others = 0
  #otherSample: string | undefined
  #heartbeatLooks = 0
  #heartbeat: string | undefined

  /** @param resolve what to keep of an identification, made once for each distinct message */
  constructor(identify: (message: Message) => IdentifyResult, resolve: (identification: Identification) => T) {
    this.#identify = identify
    this.#resolve = resolve
  }

  get unidentified(): number {
    return this.#unidentified
  }

  /** The first message that could not be identified, shortened and without secrets, and why. */
  get sample(): string | undefined {
    return this.#sample
  }

  /** Messages in which there was no publication, and none was missed; absent if there were none. */
  get others(): { readonly count: number; readonly sample: string } | undefined {
    return this.#otherSample === undefined ? undefined : { count: this.#others, sample: this.#otherSample }
  }

  /** The first message that is not a publication and looks like a heartbeat that wants a response. */
  get heartbeat(): string | undefined {
    return this.#heartbeat
  }

  /**
   * The publications that a message holds. What could not be identified is counted.
   *
   * @throws {ScenarioError} if `identify` returns something else than it may
   */
  identify(data: Buffer, isBinary: boolean, framed?: Message): readonly T[] {
    // A fan-out sends one message to everybody before the next: most are the same as the one before.
    let known = this.#latest
    if (known === undefined || !isSame(known, data, isBinary)) {
      known = this.#recall(data, isBinary)
      if (known === undefined) return this.#identifyNew(data, isBinary, framed)
      this.#latest = known
    }
    if (known.found.length === 0) this.#others++
    return known.found
  }

  /**
   * The publications in a message that need not hold any, such as an acknowledgement: nothing is counted, and what
   * `identify` makes of it otherwise is of no interest.
   */
  peek(data: Buffer, isBinary: boolean, framed?: Message): readonly T[] {
    try {
      const items = listOf(this.#identify(framed ?? new Message(data, isBinary)))
      return items.filter((item) => isUsable(item)).map((item) => this.#resolve(item))
    } catch {
      return []
    }
  }

  #recall(data: Buffer, isBinary: boolean): Known<T> | undefined {
    for (const known of this.#known) if (known !== this.#latest && isSame(known, data, isBinary)) return known
    return undefined
  }

  #identifyNew(data: Buffer, isBinary: boolean, framed: Message | undefined): readonly T[] {
    let items: readonly unknown[]
    let why = ''
    try {
      items = listOf(this.#identify(framed ?? new Message(data, isBinary)))
    } catch (error) {
      items = [undefined]
      why = ` (identify threw ${String(error)})`
    }
    const found: T[] = []
    let unidentified = 0
    for (const item of items) {
      if (item === undefined) unidentified++
      else if (isUsable(item)) found.push(this.#resolve(item))
      else if (item !== 'other') throw unusable(item, data, isBinary)
    }
    if (found.length === 0 && this.#heartbeatLooks++ < HEARTBEAT_LOOKS) this.#lookForHeartbeat(data, isBinary)
    if (unidentified > 0) {
      this.#unidentified += unidentified
      this.#sample ??= sampleOf(data, isBinary) + redactText(why)
      return found
    }
    if (found.length === 0) {
      this.#others++
      this.#otherSample ??= sampleOf(data, isBinary)
    }
    this.#latest = { data, isBinary, found }
    this.#known[this.#oldest] = this.#latest
    this.#oldest = (this.#oldest + 1) % REMEMBERED
    return found
  }

  #lookForHeartbeat(data: Buffer, isBinary: boolean): void {
    if (this.#heartbeat === undefined && HEARTBEAT.test(data.toString('latin1', 0, 100)))
      this.#heartbeat = sampleOf(data, isBinary)
  }
}

function isSame<T>(known: Known<T>, data: Buffer, isBinary: boolean): boolean {
  return known.isBinary === isBinary && (known.data === data || known.data.equals(data))
}

function listOf(result: IdentifyResult): readonly unknown[] {
  if (typeof result !== 'object' || result === null) return [result]
  if (Symbol.iterator in result) return [...result]
  if ('next' in result) return [...{ [Symbol.iterator]: () => result }]
  return [result]
}

/** What a missing value becomes in a template or a concatenation. */
const NO_IDS = new Set(['', 'undefined', 'null', 'NaN', '[object Object]'])

function isUsable(item: unknown): item is Identification {
  return faultOf(item) === undefined
}

/** What is wrong with an identification; `undefined` for nothing. */
function faultOf(item: unknown): { readonly what: string; readonly rule: string; readonly fix: string } | undefined {
  if (typeof item !== 'object' || item === null || !('id' in item)) return WITHOUT_ID
  const { id, sequence, publishedAtMs, group } = item as Readonly<Record<keyof Identification, unknown>>
  if (typeof id === 'string' ? NO_IDS.has(id) : typeof id !== 'bigint' && !Number.isFinite(id)) return WITHOUT_ID
  if (sequence !== undefined && !Number.isFinite(sequence)) return badPart('sequence', 'a finite number')
  if (publishedAtMs !== undefined && !Number.isFinite(publishedAtMs)) return badPart('publishedAtMs', 'a finite number')
  if (group !== undefined && (typeof group !== 'string' || group === ''))
    return badPart('group', 'a text, and not empty')
  return undefined
}

const WITHOUT_ID = {
  what: 'without an id',
  rule: 'id must be a string that is not empty, a finite number or a bigint',
  fix: "return 'other' for a message that is no publication, and undefined for one that identify does not know",
}

function badPart(name: 'sequence' | 'publishedAtMs' | 'group', rule: string) {
  return {
    what: `with a ${name} that cannot be used`,
    rule: `${name}, if given, must be ${rule}`,
    fix: name === 'group' ? 'return { id, group: message.json().room }' : `return { id, ${name}: Number(…) }`,
  }
}

function unusable(item: unknown, data: Buffer, isBinary: boolean): ScenarioError {
  const shown = inspected(item, 60)
  const { what, rule, fix } = faultOf(item)!
  return new ScenarioError(
    `identify returned a publication ${what}: ${shown}, for the message ${sampleOf(data, isBinary)}; ${rule}\nFix: ${fix}`,
  )
}

function sampleOf(data: Buffer, isBinary: boolean): string {
  const size = `${data.length} bytes`
  if (isBinary) return `binary, ${size}: ${data.subarray(0, 32).toString('hex')}`
  return `text, ${size}: ${JSON.stringify(shortened(data.toString('utf8'), SAMPLE_LENGTH + 1))}`
}

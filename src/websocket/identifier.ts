import { redactText } from '../options/redact.ts'
import { Message } from './message.ts'

/** What a message says it is. */
export interface Identification {
  /** The id that `publish.send` was given. */
  readonly id: string | number
  /**
   * Rises from publication to publication for each client; the publication's own sequence where left out. Needed where
   * the target numbers messages itself, e.g. for each client.
   */
  readonly sequence?: number
  /** The publisher's own time stamp in milliseconds since 1970, where the message carries one. */
  readonly publishedAtMs?: number
}

/** `'other'`: no delivery and nothing to report (a greeting, a heartbeat). `undefined`: not recognised, counted. */
export type IdentifyResult = Identification | 'other' | undefined

/** How many distinct messages are remembered: publications under way at one time, each the same bytes for everybody. */
const REMEMBERED = 4
const SAMPLE_LENGTH = 200

interface Known<T> {
  readonly data: Buffer
  readonly isBinary: boolean
  readonly value: T
}

/**
 * Runs `identify` once for each distinct message: a fan-out sends the same bytes to thousands of clients, and comparing
 * bytes costs a tenth of parsing them. Sound because `identify` sees the message and nothing else: equal bytes name the
 * same publication and sequence, whoever receives them. Where each client gets its own bytes, each is identified.
 */
export class Identifier<T> {
  readonly #identify: (message: Message) => IdentifyResult
  readonly #resolve: (identification: Identification) => T
  readonly #known: Known<T | 'other'>[] = []
  #oldest = 0
  #unidentified = 0
  #sample: string | undefined

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

  /** `undefined` where the message could not be identified; it is then counted. */
  identify(data: Buffer, isBinary: boolean, framed?: Message): T | 'other' | undefined {
    for (const known of this.#known)
      if (known.isBinary === isBinary && (known.data === data || known.data.equals(data))) return known.value
    return this.#identifyNew(data, isBinary, framed)
  }

  #identifyNew(data: Buffer, isBinary: boolean, framed: Message | undefined): T | 'other' | undefined {
    let result: IdentifyResult
    let why = ''
    try {
      result = this.#identify(framed ?? new Message(data, isBinary))
    } catch (error) {
      why = ` (identify threw ${String(error)})`
    }
    if (result === undefined) {
      this.#unidentified++
      this.#sample ??= sampleOf(data, isBinary) + redactText(why)
      return undefined
    }
    const value = result === 'other' ? result : this.#resolve(result)
    this.#known[this.#oldest] = { data, isBinary, value }
    this.#oldest = (this.#oldest + 1) % REMEMBERED
    return value
  }
}

function sampleOf(data: Buffer, isBinary: boolean): string {
  const size = `${data.length} bytes`
  if (isBinary) return `binary, ${size}: ${data.subarray(0, 32).toString('hex')}`
  const text = redactText(data.subarray(0, SAMPLE_LENGTH * 4).toString('utf8'))
  return `text, ${size}: ${JSON.stringify(text.length > SAMPLE_LENGTH ? `${text.slice(0, SAMPLE_LENGTH)}…` : text)}`
}

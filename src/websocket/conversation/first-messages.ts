/** Messages that came on a connection after what was said last. */
export interface SaidLast {
  /** The step, by its place in the conversation; `undefined` before the first that takes the first message. */
  place: number | undefined
  messages: number
  /** Responses taken since the last message that was none. */
  taken: number
}

export function nothingSaid(): SaidLast {
  return { place: undefined, messages: 0, taken: 0 }
}

/** How many messages a step brought at least and at most, until the next one. */
interface Span {
  least: number
  most: number
  /** Of steps that were the last on their connections: more may have been to come. */
  lastLeast: number
}

/**
 * Steps without `isResponse`, in which the first message to come is taken for the response. Were each request followed by
 * one message, or always by so many, that would be right. If the target also sends messages by itself, one of them may
 * have come while a response was awaited: it was taken, and the response went to the next step, and so on:
 *
 *     send 1   push   send 2   response 1   send 3   response 2   …   response n
 *
 * Only the surplus shows, whenever it comes: any response taken on the connection before it may be another's.
 */
export class FirstMessages {
  readonly #spans = new Map<number, Span>()
  #taken = 0
  #surplus = 0
  #doubtful = 0
  #longestMs = 0

  /** Responses that were the first message to come. */
  get taken(): number {
    return this.#taken
  }

  /** Messages beyond the first of a step. */
  get surplus(): number {
    return this.#surplus
  }

  /** Responses that may be another message; 0 if each step brought the same number of messages. */
  get doubtful(): number {
    return this.#isRegular ? 0 : this.#doubtful
  }

  /** The longest time from a send to its response. */
  get longestMs(): number {
    return this.#longestMs
  }

  said(last: SaidLast, place: number): void {
    this.#ended(last, true)
    last.place = place
    last.messages = 0
  }

  took(last: SaidLast, ms: number): void {
    this.#taken++
    last.messages++
    last.taken++
    if (ms > this.#longestMs) this.#longestMs = ms
  }

  /** A message came that is no response. */
  received(last: SaidLast): void {
    if (last.place === undefined) return
    last.messages++
    this.#surplus++
    this.#doubtful += last.taken
    last.taken = 0
  }

  /** The connection is gone, or the run is over. */
  closed(last: SaidLast): void {
    this.#ended(last, false)
    last.place = undefined
    last.taken = 0
  }

  #ended({ place, messages }: SaidLast, isWhole: boolean): void {
    // A step that ended without a response has its own error.
    if (place === undefined || messages === 0) return
    let span = this.#spans.get(place)
    if (span === undefined)
      this.#spans.set(place, (span = { least: Number.POSITIVE_INFINITY, most: 0, lastLeast: Number.POSITIVE_INFINITY }))
    if (isWhole) span.least = Math.min(span.least, messages)
    else span.lastLeast = Math.min(span.lastLeast, messages)
    span.most = Math.max(span.most, messages)
  }

  get #isRegular(): boolean {
    return [...this.#spans.values()].every(({ least, lastLeast, most }) =>
      Number.isFinite(least) ? least === most : lastLeast === most,
    )
  }
}

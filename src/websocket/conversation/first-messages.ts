import { firstMessageCounts, type FirstMessageRecord, type MessageSpan } from '../../runs/first-message-counts.ts'

/** Messages received on a connection since its last send. */
export interface LastMessages {
  /** Index of the step; `undefined` before the first step without `isResponse`. */
  place: number | undefined
  messages: number
  /** Responses since the last message that was not one. */
  taken: number
}

export function noMessages(): LastMessages {
  return { place: undefined, messages: 0, taken: 0 }
}

/**
 * Counts of steps without `isResponse`, whose response is the first message received. That is right if each request is
 * followed by one message, or always by the same number. If the target also sends messages by itself, one may arrive
 * while a response is awaited: it is mistaken for the response, the response for that of the next step, and so on:
 *
 *     send 1   push   send 2   response 1   send 3   response 2   …   response n
 *
 * Only the surplus message shows, at any later time: every earlier response of the connection may be another message.
 */
export class FirstMessages {
  readonly #spans = new Map<number, MessageSpan>()
  #taken = 0
  #surplus = 0
  #doubtful = 0
  #longestMs = 0

  /** Responses that were the first message received. */
  get taken(): number {
    return this.#taken
  }

  /** Messages beyond the first of a step. */
  get surplus(): number {
    return this.#surplus
  }

  /** Responses that may be another message; 0 if each step was followed by the same number of messages. */
  get doubtful(): number {
    return firstMessageCounts([this.record]).doubtful
  }

  get record(): FirstMessageRecord {
    return { taken: this.#taken, surplus: this.#surplus, doubtful: this.#doubtful, spans: this.#spans }
  }

  /** The longest time from a send to its response, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs
  }

  said(last: LastMessages, place: number): void {
    this.#ended(last, true)
    last.place = place
    last.messages = 0
  }

  took(last: LastMessages, ms: number): void {
    this.#taken++
    last.messages++
    last.taken++
    if (ms > this.#longestMs) this.#longestMs = ms
  }

  /** Counts a message that is not a response. */
  received(last: LastMessages): void {
    if (last.place === undefined) return
    last.messages++
    this.#surplus++
    this.#doubtful += last.taken
    last.taken = 0
  }

  /** Called when the connection has closed, or the run is over. */
  closed(last: LastMessages): void {
    this.#ended(last, false)
    last.place = undefined
    last.taken = 0
  }

  #ended({ place, messages }: LastMessages, isWhole: boolean): void {
    // A step without a response has been counted as an error already.
    if (place === undefined || messages === 0) return
    let span = this.#spans.get(place)
    if (span === undefined)
      this.#spans.set(place, (span = { least: Number.POSITIVE_INFINITY, most: 0, lastLeast: Number.POSITIVE_INFINITY }))
    if (isWhole) span.least = Math.min(span.least, messages)
    else span.lastLeast = Math.min(span.lastLeast, messages)
    span.most = Math.max(span.most, messages)
  }
}

import { COMPARED_BY_PACKET, Message, type MessageOrigin } from '../message.ts'

/** A message whose payload is part of a JSON frame that has already been parsed. */
export class JsonMessage extends Message {
  readonly #payload: unknown

  /** @param frame the whole frame, `data` of the message */
  constructor(frame: Buffer, payload: unknown, origin: MessageOrigin) {
    super(frame, false, origin)
    this.#payload = payload
  }

  /** The frame holds the payload. */
  get [COMPARED_BY_PACKET](): true {
    return true
  }

  override toString(): string {
    return JSON.stringify(this.#payload) ?? ''
  }

  override json<T = unknown>(): T {
    return this.#payload as T
  }
}

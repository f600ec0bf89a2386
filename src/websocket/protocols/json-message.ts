import { Message, type MessageOrigin } from '../message.ts'

/** A message whose payload is a part of a JSON frame that has been parsed already. */
export class JsonMessage extends Message {
  readonly #payload: unknown

  /** @param frame the whole of it, `data` of the message */
  constructor(frame: Buffer, payload: unknown, origin: MessageOrigin) {
    super(frame, false, origin)
    this.#payload = payload
  }

  override toString(): string {
    return JSON.stringify(this.#payload) ?? ''
  }

  override json<T = unknown>(): T {
    return this.#payload as T
  }
}

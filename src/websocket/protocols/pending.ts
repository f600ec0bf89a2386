import type { Outgoing } from '../message.ts'

/** Sent messages of a connection that await a response of the protocol, by number. */
export class Pending {
  readonly #sent = new Map<string, Outgoing>()
  #last = 0

  /** Returns an unused number. */
  next(): string {
    return String(++this.#last)
  }

  /** Adds a message. @param id the number in a message written by hand; otherwise the next number */
  add(message: Outgoing, id = this.next()): string {
    // If a message is sent again, a response to its earlier send belongs to a step that is over.
    for (const [earlier, sent] of this.#sent) if (sent === message) this.#sent.delete(earlier)
    this.#sent.set(id, message)
    this.#last = Math.max(this.#last, Number(id))
    return id
  }

  /** Returns the message that a response belongs to; further responses may follow. */
  get(id: string): Outgoing | undefined {
    return this.#sent.get(id)
  }

  /** Returns and removes the message that a last response belongs to. */
  take(id: string): Outgoing | undefined {
    const sent = this.#sent.get(id)
    this.#sent.delete(id)
    return sent
  }
}

import type { Outgoing } from '../message.ts'

/** Sent messages of a connection that the protocol responds to, by the number they went out with. */
export class Pending {
  readonly #sent = new Map<string, Outgoing>()
  #last = 0

  /** A number that no message has had. */
  next(): string {
    return String(++this.#last)
  }

  /** Awaits the response to a message. @param id written by hand; otherwise the next number */
  add(message: Outgoing, id = this.next()): string {
    // A message that is sent again is awaited anew: what still comes for the time before belongs to a step that is over.
    for (const [earlier, sent] of this.#sent) if (sent === message) this.#sent.delete(earlier)
    this.#sent.set(id, message)
    this.#last = Math.max(this.#last, Number(id))
    return id
  }

  /** The message that a response belongs to; more may follow. */
  get(id: string): Outgoing | undefined {
    return this.#sent.get(id)
  }

  /** The message that the last response to it belongs to. */
  take(id: string): Outgoing | undefined {
    const sent = this.#sent.get(id)
    this.#sent.delete(id)
    return sent
  }
}

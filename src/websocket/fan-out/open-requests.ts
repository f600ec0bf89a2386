import type { Message, Outgoing } from '../message.ts'

/**
 * Messages that each client sent on its new connection, and to which nothing has responded yet. If a protocol numbers its
 * responses, the first one to each of these messages shows whether the target rejected it. Later ones, such as further
 * results of a GraphQL subscription, do not count.
 */
export class OpenRequests {
  readonly #byClient = new Map<number, Outgoing[]>()

  sent(client: number, messages: readonly Outgoing[]): void {
    this.#byClient.set(client, [...messages])
  }

  /** Called when the connection of a client has closed. */
  closed(client: number): void {
    this.#byClient.delete(client)
  }

  /** Returns the reason if the message rejects one that the client sent; `undefined` otherwise. */
  rejectionIn(client: number, { responseTo, failure }: Message): string | undefined {
    if (responseTo === undefined || this.#byClient.size === 0) return undefined
    const open = this.#byClient.get(client)
    const at = open?.indexOf(responseTo) ?? -1
    if (at < 0) return undefined
    open!.splice(at, 1)
    if (open!.length === 0) this.#byClient.delete(client)
    return failure
  }
}

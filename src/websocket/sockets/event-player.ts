import { CLOSED, FAILED, FILLED, OPENED, OPENED_COMPRESSED, type EventBatch } from './pool-protocol.ts'
import type { PoolEvents } from './socket-pool.ts'

/** Plays the batches of one process, in order, as if its sockets were here; the counterpart of `event-batcher.ts`. */
export class EventPlayer {
  readonly #events: PoolEvents
  readonly #slots: { data: Buffer; isBinary: boolean }[] = []

  constructor(events: PoolEvents) {
    this.#events = events
  }

  play({ clients, whats, timesUs, words, frames }: EventBatch): void {
    let word = 0
    let frame = 0
    for (let at = 0; at < whats.length; at++) {
      const client = clients[at]!
      const what = whats[at]!
      if (what >= 0) {
        const { data, isBinary } = this.#slots[what]!
        this.#events.message(client, data, isBinary, timesUs[at]!)
      } else if (what === FILLED) this.#slots[client] = frames[frame++]!
      else if (what === OPENED || what === OPENED_COMPRESSED)
        this.#events.opened(client, timesUs[at]!, what === OPENED_COMPRESSED)
      else if (what === FAILED) this.#events.failed(client, words[word++]!)
      else if (what === CLOSED) this.#events.closed(client, words[word++]!)
    }
  }
}

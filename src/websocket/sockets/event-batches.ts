import { nowUs } from './clock.ts'
import { CLOSED, FAILED, FILLED, OPENED, OPENED_COMPRESSED, SLOTS, type EventBatch } from './pool-protocol.ts'
import type { PoolEvents } from './socket-pool.ts'

const INITIAL_CAPACITY = 1024

/** Collects the events of a pool in batches, to be sent to the main process. */
export class EventBatcher implements PoolEvents {
  readonly #onFirst: () => void
  readonly #slots: { data: Buffer; isBinary: boolean }[] = []
  #oldestSlot = 0
  #clients = new Uint32Array(INITIAL_CAPACITY)
  #whats = new Int8Array(INITIAL_CAPACITY)
  #timesUs = new Float64Array(INITIAL_CAPACITY)
  #length = 0
  #words: string[] = []
  #frames: { data: Buffer; isBinary: boolean }[] = []

  /** @param onFirst called with the first event after each {@link take} */
  constructor(onFirst: () => void) {
    this.#onFirst = onFirst
  }

  opened(client: number, atUs: number, isCompressed: boolean): void {
    this.#add(client, isCompressed ? OPENED_COMPRESSED : OPENED, atUs)
  }

  failed(client: number, kind: string): void {
    this.#words.push(kind)
    this.#add(client, FAILED, nowUs())
  }

  closed(client: number, why: string): void {
    this.#words.push(why)
    this.#add(client, CLOSED, nowUs())
  }

  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void {
    this.#add(client, this.#slotOf(data, isBinary), atUs)
  }

  /** Returns all events since the last call. */
  take(openCount: number): EventBatch {
    const batch = {
      clients: this.#clients.slice(0, this.#length),
      whats: this.#whats.slice(0, this.#length),
      timesUs: this.#timesUs.slice(0, this.#length),
      words: this.#words,
      frames: this.#frames,
      openCount,
    }
    this.#length = 0
    this.#words = []
    this.#frames = []
    return batch
  }

  #slotOf(data: Buffer, isBinary: boolean): number {
    const known = this.#slots.findIndex((slot) => slot.isBinary === isBinary && slot.data.equals(data))
    if (known >= 0) return known
    const slot = this.#oldestSlot
    this.#oldestSlot = (slot + 1) % SLOTS
    const frame = { data, isBinary }
    this.#slots[slot] = frame
    this.#frames.push(frame)
    this.#add(slot, FILLED, 0)
    return slot
  }

  #add(client: number, what: number, atUs: number): void {
    if (this.#length === this.#clients.length) this.#grow()
    this.#clients[this.#length] = client
    this.#whats[this.#length] = what
    this.#timesUs[this.#length] = atUs
    if (this.#length++ === 0) this.#onFirst()
  }

  #grow(): void {
    const [clients, whats, timesUs] = [this.#clients, this.#whats, this.#timesUs]
    this.#clients = new Uint32Array(clients.length * 2)
    this.#whats = new Int8Array(clients.length * 2)
    this.#timesUs = new Float64Array(clients.length * 2)
    this.#clients.set(clients)
    this.#whats.set(whats)
    this.#timesUs.set(timesUs)
  }
}

/** Replays the batches of one process, in order, as if its sockets were in this one. */
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

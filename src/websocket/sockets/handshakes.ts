import { Fifo } from '../../load/fifo.ts'
import { clearTimeout, setTimeout } from '../../machine/clock.ts'
import { nowUs } from './clock.ts'

export interface HandshakesOptions {
  /** Handshakes due per second; `undefined` for as fast as slots become free. */
  readonly ratePerSec: number | undefined
  readonly maxInFlight: number
  /** Starts a handshake. `dueUs` is its scheduled instant or, without a rate, the instant at which its slot became free. */
  readonly start: (client: number, dueUs: number) => void
}

/** Pacer of handshakes: starts them at a rate, with a limited number in flight. {@link finished} frees a slot. */
export class Handshakes {
  readonly #options: HandshakesOptions
  readonly #waiting = new Fifo<{ readonly client: number; readonly dueUs: number }>()
  #inFlight = 0
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(options: HandshakesOptions) {
    this.#options = options
  }

  /** Schedules the first handshakes of these clients, each at the instant at which it is due if all clients connect. */
  openAll(clients: Iterable<number>): void {
    const start = nowUs()
    const gapUs = this.#options.ratePerSec === undefined ? 0 : 1_000_000 / this.#options.ratePerSec
    for (const client of clients) this.#waiting.push({ client, dueUs: start + client * gapUs })
    this.#pump()
  }

  /** Schedules a further handshake of a client, after a pause that is the same for all clients. */
  reopen(client: number, afterMs: number): void {
    this.#waiting.push({ client, dueUs: nowUs() + afterMs * 1000 })
    this.#pump()
  }

  /** Frees the slot of a handshake that got a response or failed. */
  finished(): void {
    this.#inFlight--
    this.#pump()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #pump(): void {
    clearTimeout(this.#timer)
    while (!this.#isStopped && this.#inFlight < this.#options.maxInFlight) {
      const next = this.#waiting.peek()
      if (next === undefined) return
      const now = nowUs()
      if (next.dueUs > now) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil((next.dueUs - now) / 1000))
        return
      }
      this.#waiting.shift()
      this.#inFlight++
      this.#options.start(next.client, this.#options.ratePerSec === undefined ? now : next.dueUs)
    }
  }
}

import { clearInterval, setInterval } from '../../machine/clock.ts'

/** A socket, as a heartbeat uses it. */
export interface Pingable {
  readonly isOpened: boolean
  isAwaitingPong: boolean
  ping(): void
  /** Terminates the connection, as no pong arrived. */
  cut(): void
}

/** Sockets are pinged in slices, as ten thousand pings at the same time would be a load in themselves. */
const SLICES = 20

/** Timer that pings every open socket once in each interval, and terminates one without a pong when its next ping is due. */
export class Heartbeat {
  readonly #sockets: readonly (Pingable | undefined)[]
  readonly #timer: NodeJS.Timeout
  #slice = 0

  constructor(everyMs: number, sockets: readonly (Pingable | undefined)[]) {
    this.#sockets = sockets
    this.#timer = setInterval(() => this.#beat(), everyMs / SLICES)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    for (let client = this.#slice; client < this.#sockets.length; client += SLICES) {
      const socket = this.#sockets[client]
      if (!socket?.isOpened) continue
      if (socket.isAwaitingPong) socket.cut()
      else {
        socket.isAwaitingPong = true
        socket.ping()
      }
    }
    this.#slice = (this.#slice + 1) % SLICES
  }
}

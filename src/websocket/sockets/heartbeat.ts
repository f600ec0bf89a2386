import { clearInterval, setInterval } from '../../machine/clock.ts'

/** What a heartbeat needs of a socket. */
export interface Pingable {
  readonly isOpened: boolean
  isAwaitingPong: boolean
  ping(): void
  /** Cuts the connection, for want of a pong. */
  cut(): void
}

/** Sockets are pinged a slice at a time: ten thousand pings in one instant would be a load of their own. */
const SLICES = 20

/** Pings every open socket once in each interval, and cuts one that has not responded when its next ping is due. */
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

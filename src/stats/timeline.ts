import { Histogram } from './histogram.ts'

/** Why a request counts as an error. `dropped` is counted apart: it was never sent. */
export type ErrorKind = 'status' | 'timeout' | 'connect' | 'reset' | 'body'

/** The width of a window. */
export const WINDOW_MS = 1000

/**
 * What happened to the requests that were *due* in one second of a run. Each request is in the window of its intended
 * start, whenever its answer came: so offered = sent + dropped, and every sent request has one latency, once answered,
 * failed or timed out (a run that was cut off may hold sent requests without one; they are `unanswered`).
 */
export class Window {
  /** Seconds since the start of the run (warm-up included), the window covers `[second, second + 1)`. */
  readonly second: number
  offered = 0
  sent = 0
  dropped = 0
  readonly errors = new Map<ErrorKind, number>()
  /** Answers by status code; requests without an answer are not in here. */
  readonly statuses = new Map<number, number>()
  /** From intended start to last byte, or to the failure. */
  readonly latency = new Histogram()
  /** From actual send to last byte, or to the failure. */
  readonly serviceTime = new Histogram()

  constructor(second: number) {
    this.second = second
  }

  /** Sent requests with an answer or a failure. */
  get completed(): number {
    return this.latency.count
  }

  get errorCount(): number {
    let count = 0
    for (const n of this.errors.values()) count += n
    return count
  }

  countError(kind: ErrorKind): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
  }

  countStatus(status: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
  }
}

/** Windows of one stream of requests (a whole run, or one step of it), created as seconds are first touched. */
export class Timeline {
  readonly #windows: Window[] = []

  /** The window that a moment falls into. @param ms since the start of the run */
  at(ms: number): Window {
    const second = Math.max(0, Math.floor(ms / WINDOW_MS))
    for (let next = this.#windows.length; next <= second; next++) this.#windows.push(new Window(next))
    return this.#windows[second]!
  }

  /** All windows from second 0 to the last one touched, without gaps. */
  get windows(): readonly Window[] {
    return this.#windows
  }
}

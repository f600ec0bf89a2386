import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { clearTimeout, now, setTimeout } from '../machine/clock.ts'
import { clockOriginMs } from './clock-origin.ts'

/** Memory shared by the two threads. */
export interface WakeupTimerMemory {
  /** Number of requested wake-ups. */
  readonly signal: Int32Array
  /** Instant of the last requested one, in milliseconds since `originMs`. */
  readonly wakeAtMs: Float64Array
  /** Zero of the load thread's `performance.now()` on the machine's monotonic clock. */
  readonly originMs: number
}

const OWN_PATH = fileURLToPath(import.meta.url)
const THREAD_URL = new URL(`./wakeup-timer-thread${extname(OWN_PATH)}`, import.meta.url)

/**
 * Timer that wakes this thread at an instant, to about a tenth of a millisecond, without keeping a core busy. If its worker
 * thread cannot run, a Node timer replaces it, which is up to two milliseconds late.
 */
export class WakeupTimer {
  readonly #memory: WakeupTimerMemory = {
    signal: new Int32Array(new SharedArrayBuffer(4)),
    wakeAtMs: new Float64Array(new SharedArrayBuffer(8)),
    originMs: clockOriginMs(),
  }
  readonly #onWake: () => void
  #thread: Worker | undefined
  #timer: NodeJS.Timeout | undefined
  #requested = 0
  #wakeAtMs = Number.POSITIVE_INFINITY

  constructor(onWake: () => void) {
    this.#onWake = onWake
  }

  /** Starts the thread; resolves when it is ready or has failed to start. */
  async start(): Promise<void> {
    const thread = new Worker(THREAD_URL, { workerData: this.#memory, execArgv: [], name: 'wakeup-timer' })
    this.#thread = thread
    await new Promise<void>((resolve) => {
      thread.on('message', (wakeUp: number) => {
        if (wakeUp === 0) resolve()
        else if (wakeUp === this.#requested) this.#wake()
      })
      thread.once('exit', () => resolve())
      thread.once('error', () => {
        this.#thread = undefined
        if (this.#wakeAtMs < Number.POSITIVE_INFINITY) this.wakeAt(this.#wakeAtMs)
        resolve()
      })
    })
  }

  /** Wakes once at this instant (`performance.now()`); replaces an earlier request. */
  wakeAt(ms: number): void {
    this.#wakeAtMs = ms
    clearTimeout(this.#timer)
    if (this.#thread === undefined) {
      this.#timer = setTimeout(() => this.#wake(), Math.max(0, ms - now()))
      return
    }
    this.#memory.wakeAtMs[0] = ms
    this.#requested = Atomics.add(this.#memory.signal, 0, 1) + 1
    Atomics.notify(this.#memory.signal, 0)
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    const thread = this.#thread
    this.#thread = undefined
    await thread?.terminate()
  }

  #wake(): void {
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    this.#onWake()
  }
}

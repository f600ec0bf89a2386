import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import { clearInterval, now, setInterval } from '../../machine/clock.ts'
import type { Outgoing } from '../message.ts'

/** A heartbeat of a connection, with its options validated. */
export interface Beat {
  readonly everyMs: number
  /** Returns the next message of a client. */
  readonly message: (client: number) => Outgoing
  /** Whether the message is already a frame of the protocol, and is sent unchanged. */
  readonly isFrame: boolean
  /** Whether the target has to respond. */
  readonly hasResponse: boolean
}

/** Scans of all clients in an interval. A heartbeat is sent early by at most one of these slices, and never late. */
const SLICES = 20
const RESPOND_WITHIN_MS = 10_000

/**
 * Heartbeats by which clients keep their connections open. Each client sends its first one an interval after it was ready,
 * like the timer of a real client. One timer serves all clients, as ten thousand timers would cost memory and time.
 */
export class ApplicationHeartbeats {
  readonly #send: (client: number, beat: Beat) => void
  readonly #beats: (Beat | undefined)[]
  readonly #dueMs: Float64Array
  readonly #isAwaiting: Uint8Array
  #timer: NodeJS.Timeout | undefined
  #tickMs = Number.POSITIVE_INFINITY
  #sent = 0
  #withoutResponse = 0
  #haveResponses = false

  constructor(clients: number, send: (client: number, beat: Beat) => void) {
    this.#send = send
    this.#beats = Array.from({ length: clients })
    this.#dueMs = new Float64Array(clients)
    this.#isAwaiting = new Uint8Array(clients)
  }

  /** Heartbeats sent, and those without a response; `undefined` if no client has a heartbeat. */
  get counts(): HeartbeatCounts | undefined {
    if (this.#timer === undefined) return undefined
    return { sent: this.#sent, withoutResponse: this.#haveResponses ? this.#withoutResponse : undefined }
  }

  /** Starts the heartbeat of a client whose connection is ready. */
  start(client: number, beat: Beat): void {
    this.#beats[client] = beat
    this.#dueMs[client] = now() + beat.everyMs
    this.#isAwaiting[client] = 0
    this.#haveResponses ||= beat.hasResponse
    const tickMs = Math.max(1, beat.everyMs / SLICES)
    if (tickMs >= this.#tickMs) return
    this.#tickMs = tickMs
    clearInterval(this.#timer)
    this.#timer = setInterval(() => this.#tick(), tickMs)
  }

  isAwaitingResponse(client: number): boolean {
    return this.#isAwaiting[client] === 1
  }

  responded(client: number): void {
    this.#isAwaiting[client] = 0
  }

  /** Stops the heartbeat of a client whose connection has closed. */
  stop(client: number): void {
    const beat = this.#beats[client]
    if (beat === undefined) return
    this.#beats[client] = undefined
    if (this.#isAwaiting[client] === 0) return
    this.#isAwaiting[client] = 0
    const awaitedMs = now() - (this.#dueMs[client]! - beat.everyMs)
    if (awaitedMs >= Math.min(beat.everyMs, RESPOND_WITHIN_MS)) this.#withoutResponse++
  }

  /** Stops all heartbeats at the end of the run. */
  close(): void {
    clearInterval(this.#timer)
    for (const client of this.#beats.keys()) this.stop(client)
  }

  #tick(): void {
    const untilMs = now() + this.#tickMs
    for (const [client, beat] of this.#beats.entries()) {
      if (beat === undefined || this.#dueMs[client]! >= untilMs) continue
      this.#dueMs[client] = now() + beat.everyMs
      if (this.#isAwaiting[client] === 1) this.#withoutResponse++
      if (beat.hasResponse) this.#isAwaiting[client] = 1
      this.#sent++
      this.#send(client, beat)
    }
  }
}

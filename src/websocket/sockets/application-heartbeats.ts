import type { HeartbeatCounts } from '../../evidence/fan-out-counts.ts'
import { clearInterval, now, setInterval } from '../../machine/clock.ts'
import type { Outgoing } from '../message.ts'

/** What a connection sends at an interval, read. */
export interface Beat {
  readonly everyMs: number
  /** The next message of a client. */
  readonly message: (client: number) => Outgoing
  /** Whether the message is a frame of the protocol's own, to be sent as it is. */
  readonly isFrame: boolean
  /** Whether the target has to respond. */
  readonly hasResponse: boolean
}

/** Clients are looked through so often in an interval. A heartbeat goes out up to this much early, and never late. */
const SLICES = 20
const RESPOND_WITHIN_MS = 10_000

/**
 * Messages that clients send now and then to keep their connections: each its first one an interval after it was ready,
 * as a real client's timer does. One timer for all of them: ten thousand would be memory and work for nothing.
 */
export class ApplicationHeartbeats {
  readonly #send: (client: number, beat: Beat) => void
  readonly #beats: (Beat | undefined)[]
  readonly #dueMs: Float64Array
  readonly #isAwaiting: Uint8Array
  #timer: NodeJS.Timeout | undefined
  #tickMs = Number.POSITIVE_INFINITY
  #sent = 0
  #unanswered = 0
  #haveResponses = false

  constructor(clients: number, send: (client: number, beat: Beat) => void) {
    this.#send = send
    this.#beats = Array.from({ length: clients })
    this.#dueMs = new Float64Array(clients)
    this.#isAwaiting = new Uint8Array(clients)
  }

  /** `undefined` if nothing was to be sent. */
  get counts(): HeartbeatCounts | undefined {
    if (this.#timer === undefined) return undefined
    return { sent: this.#sent, unanswered: this.#haveResponses ? this.#unanswered : undefined }
  }

  /** A client's connection is ready. */
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

  /** A client's connection has ended. */
  stop(client: number): void {
    const beat = this.#beats[client]
    if (beat === undefined) return
    this.#beats[client] = undefined
    if (this.#isAwaiting[client] === 0) return
    this.#isAwaiting[client] = 0
    const awaitedMs = now() - (this.#dueMs[client]! - beat.everyMs)
    if (awaitedMs >= Math.min(beat.everyMs, RESPOND_WITHIN_MS)) this.#unanswered++
  }

  /** The run is over. */
  close(): void {
    clearInterval(this.#timer)
    for (const client of this.#beats.keys()) this.stop(client)
  }

  #tick(): void {
    const untilMs = now() + this.#tickMs
    for (const [client, beat] of this.#beats.entries()) {
      if (beat === undefined || this.#dueMs[client]! >= untilMs) continue
      this.#dueMs[client] = now() + beat.everyMs
      if (this.#isAwaiting[client] === 1) this.#unanswered++
      if (beat.hasResponse) this.#isAwaiting[client] = 1
      this.#sent++
      this.#send(client, beat)
    }
  }
}

import type net from 'node:net'
import { now } from '../machine/clock.ts'
import { AnswerReader, type AnswerTaker } from './answer-reader.ts'
import type { LoadClient } from './clients.ts'
import type { Deadlines, Timed } from '../load/deadlines.ts'
import { connect, type Endpoint, type Route } from './endpoint.ts'
import type { EncodedRequest } from './request-encoder.ts'

/** How a request can end without an answer that counts. */
export type FailureKind = 'timeout' | 'connect' | 'reset' | 'body'

/** Told how each request sent on a connection ended: one call for one send, never from within the send. */
export interface RequestOwner {
  /** @param endMs of `performance.now()`, when the last byte was read */
  answered(reader: AnswerReader, endMs: number): void
  failed(kind: FailureKind, detail: string, endMs: number): void
}

/** What befell the connections of one run. */
export interface ConnectionCounts {
  opened: number
  /** Connection attempts that came to nothing. */
  refused: number
  /** Connections the target closed while no request was in flight. */
  closedIdle: number
  /** Requests sent again because an idle connection turned out to be closed. */
  resent: number
  /** Open now, and the most at one time. */
  open: number
  maxOpen: number
}

export interface ConnectionParts {
  readonly endpoint: Endpoint
  readonly route: Route
  readonly deadlines: Deadlines
  readonly counts: ConnectionCounts
  readonly owner: RequestOwner
  /** The most of a body that is kept for whoever looks at it. */
  readonly maxBodyBytes: number
}

/** A connection unused for so long may have been closed by the target for that reason. */
const IDLE_CLOSE_AFTER_MS = 500

/**
 * The one connection of a VU. It stays open between requests; where the target closed it, it is opened again when the
 * next request is due, not before.
 */
export class Connection implements AnswerTaker, Timed {
  deadlineMs = 0
  earlier: Timed | undefined = undefined
  later: Timed | undefined = undefined
  /** When the last request went out, of `performance.now()`: with a connection to open first, when it was open. */
  sentMs = 0
  /** Consecutive attempts to connect that failed. */
  failedAttempts = 0

  readonly #parts: ConnectionParts
  readonly #reader: AnswerReader
  #socket: net.Socket | undefined
  #isOpen = false
  #request: EncodedRequest | undefined
  #usedMs = 0
  #wasIdle = false
  #onSettled: (() => void) | undefined

  constructor(client: LoadClient, parts: ConnectionParts) {
    this.#parts = parts
    this.#reader = new AnswerReader(client.parser, this)
    this.#reader.maxBodyBytes = parts.maxBodyBytes
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isInFlight(): boolean {
    return this.#request !== undefined
  }

  /** Opens the connection ahead of the first request. `settled` is called once, whether that worked or not. */
  prepare(settled: () => void): void {
    this.#onSettled = settled
    this.#parts.deadlines.set(this, now())
    this.#open()
  }

  /**
   * @param keepsBody somebody will look at the answer's body
   * @param nowMs of `performance.now()`
   */
  send(request: EncodedRequest, keepsBody: boolean, nowMs: number): void {
    this.#request = request
    this.#reader.keepsBody = keepsBody
    this.#reader.expectsNoBody = request.method === 'HEAD'
    this.#parts.deadlines.set(this, nowMs)
    this.sentMs = nowMs
    if (this.#isOpen) {
      this.#wasIdle = nowMs - this.#usedMs >= IDLE_CLOSE_AFTER_MS
      this.#socket!.write(request.bytes)
    } else if (this.#socket === undefined) this.#open()
  }

  /** Closes at once; a request in flight stays without an end. */
  close(): void {
    this.#parts.deadlines.clear(this)
    this.#request = undefined
    this.#drop()
    this.#settle()
  }

  answered(reader: AnswerReader): void {
    const endMs = now()
    // The timer is late wherever the process is: a response that came after its time is none the less late.
    if (endMs > this.deadlineMs) {
      this.expire()
      return
    }
    this.#parts.deadlines.clear(this)
    this.#request = undefined
    this.#usedMs = endMs
    // The reader keeps the response until the next connection opens: the owner has yet to look at it.
    if (reader.isLast) this.#drop()
    this.#parts.owner.answered(reader, endMs)
  }

  expire(): void {
    if (this.#isOpen) this.#fail('timeout', this.#reader.isMidAnswer ? 'in the middle of the answer' : 'no answer')
    else this.#fail('connect', 'no connection in time')
  }

  #open(): void {
    this.#reader.reset()
    const socket = connect(this.#parts.endpoint, this.#parts.route, (bytes) => {
      if (socket === this.#socket) this.#received(bytes)
    })
    this.#socket = socket
    socket.once(this.#parts.endpoint.isSecure ? 'secureConnect' : 'connect', () => {
      if (socket === this.#socket) this.#opened(socket)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (socket === this.#socket) this.#broke(error.code ?? error.message)
    })
    socket.once('end', () => {
      if (socket === this.#socket) this.#ended()
    })
    socket.once('close', () => {
      if (socket === this.#socket) this.#ended()
    })
  }

  #opened(socket: net.Socket): void {
    const { counts } = this.#parts
    counts.opened++
    counts.open++
    if (counts.open > counts.maxOpen) counts.maxOpen = counts.open
    this.failedAttempts = 0
    this.#isOpen = true
    this.#wasIdle = false
    this.#usedMs = now()
    this.#settle()
    if (this.#request === undefined) {
      this.#parts.deadlines.clear(this)
      return
    }
    this.sentMs = this.#usedMs
    socket.write(this.#request.bytes)
  }

  #received(bytes: Buffer): void {
    if (this.#request === undefined) {
      // Nothing was asked: whatever this is, the next answer could not be told from it.
      this.#drop()
      return
    }
    this.#wasIdle = false
    const problem = this.#reader.read(bytes)
    if (problem !== undefined) this.#fail('body', `no HTTP answer: ${problem.message}`)
  }

  #ended(): void {
    if (this.#request === undefined && this.#isOpen) this.#parts.counts.closedIdle++
    else if (this.#reader.end()) return
    this.#broke(this.#reader.isMidAnswer ? 'closed in the middle of the answer' : 'closed without an answer')
  }

  #broke(detail: string): void {
    if (!this.#isOpen) {
      this.#parts.counts.refused++
      this.failedAttempts++
      this.#fail('connect', detail)
    } else if (this.#wasIdle && this.#request?.isReplayable === true) {
      this.#parts.counts.resent++
      this.#drop()
      this.#open()
    } else this.#fail('reset', detail)
  }

  #fail(kind: FailureKind, detail: string): void {
    const hadRequest = this.#request !== undefined
    this.#request = undefined
    this.#parts.deadlines.clear(this)
    this.#drop()
    this.#settle()
    if (hadRequest) this.#parts.owner.failed(kind, detail, now())
  }

  #drop(): void {
    const socket = this.#socket
    if (socket === undefined) return
    if (this.#isOpen) this.#parts.counts.open--
    this.#socket = undefined
    this.#isOpen = false
    socket.destroy()
  }

  #settle(): void {
    const settled = this.#onSettled
    this.#onSettled = undefined
    settled?.()
  }
}

import type net from 'node:net'
import { HANDSHAKE_CLOSED } from '../execution/tally.ts'
import type { Deadlines, Timed } from '../load/deadlines.ts'
import { now, setImmediate, setTimeout } from '../machine/clock.ts'
import type { LoadClient } from './clients.ts'
import { connect, type Endpoint, type Route } from './endpoint.ts'
import { ASK_MS, SETTLE_MS, type KeepAlive } from './keep-alive.ts'
import type { EncodedRequest } from './request-encoder.ts'
import { ResponseReader, OVERRUN, type ResponseTaker } from './response-reader.ts'

/** How a request can end without a response that counts. */
export type FailureKind = 'timeout' | 'connect' | 'reset' | 'body'

/** Told how each request sent on a connection ended: one call for one send, never from within the send. */
export interface RequestOwner {
  /** @param endMs of `performance.now()`, when the last byte was read */
  responded(reader: ResponseReader, endMs: number): void
  failed(kind: FailureKind, detail: string, endMs: number): void
  /** The response to the request before, which has been handed over, had more to it than it said. */
  overran(detail: string): void
}

/** Connection counters of one run. */
export interface ConnectionCounts {
  opened: number
  /** Connection attempts that failed. */
  refused: number
  /** Connections the target closed while no request was in flight. */
  closedIdle: number
  /** Connections closed because the target was about to: idle for longer than it keeps them, or than it is known to. */
  replaced: number
  /** Requests reset on a connection that had been used before. */
  resetAfterUse: number
  /** The shortest and the longest idle time before one of those. */
  resetIdleMs: { readonly min: number; readonly max: number } | undefined
  /** Open now, and the most at one time. */
  open: number
  maxOpen: number
}

export interface ConnectionParts {
  readonly endpoint: Endpoint
  readonly route: Route
  readonly deadlines: Deadlines
  readonly counts: ConnectionCounts
  /** Of the endpoint, shared by all its connections. */
  readonly keepAlive: KeepAlive
  readonly owner: RequestOwner
  /** The most of a body that is kept for what reads it. */
  readonly maxBodyBytes: number
}

/**
 * A request that goes out so late finds an event loop that is behind: a close of the target may be there and not be seen
 * yet. In time, all sockets have been looked at just before.
 */
const LATE_MS = 1

/** What servers send on a connection that has been idle for too long, before they close it (RFC 9110, 15.5.9). */
const IDLE_CLOSE = /^HTTP\/1\.[01] 408[ \r]/
const SPOKE_FIRST = 'the target sent a response before the request'

/** How long to wait before a connection replaces one that the target closed: it counts that one until it has seen our end. */
const AFTER_CLOSE_MS = 1

/** After so much idle time they are looked at once more in any case. */
const LOOK_AFTER_MS = 1_000

/**
 * The one connection of a VU. It stays open between requests. One that the target closed, or is about to close, is opened
 * again when the next request is due, not before: a user who comes back pays for the handshake, and so does its latency.
 * What was written is never sent again.
 */
export class Connection implements ResponseTaker, Timed {
  deadlineMs = 0
  earlier: Timed | undefined = undefined
  later: Timed | undefined = undefined
  /** When the last request went out, of `performance.now()`: with a connection to open first, when it was open. */
  sentMs = 0
  /** Consecutive attempts to connect that failed. */
  failedAttempts = 0

  readonly #parts: ConnectionParts
  readonly #reader: ResponseReader
  #socket: net.Socket | undefined
  #isOpen = false
  #request: EncodedRequest | undefined
  /** The request is due and not yet written, though the connection is open. */
  #isHeld = false
  /** The connection is being closed to be replaced. */
  #isClosing = false
  /** When the last response on this connection ended; before the first, when it was opened. */
  #usedMs = 0
  #isUsed = false
  /** How long the target says it keeps this connection. */
  #announcedMs = Number.POSITIVE_INFINITY
  /** When the last connection was closed between two requests. */
  #lostMs = Number.NEGATIVE_INFINITY
  #onSettled: (() => void) | undefined

  constructor(client: LoadClient, parts: ConnectionParts) {
    this.#parts = parts
    this.#reader = new ResponseReader(client.parser, this)
    this.#reader.maxBodyBytes = parts.maxBodyBytes
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isInFlight(): boolean {
    return this.#request !== undefined
  }

  /** How long to wait after a response before the next request is due, so that a close of the target is seen in time. */
  get settleMs(): number {
    return this.#isOpen ? this.#parts.keepAlive.settleMs : 0
  }

  /** Opens the connection ahead of the first request. `settled` is called once, whether that worked or not. */
  prepare(settled: () => void): void {
    this.#onSettled = settled
    this.#parts.deadlines.set(this, now())
    this.#open()
  }

  /**
   * @param keepsBody whether something reads the response's body
   * @param nowMs of `performance.now()`
   * @param lateMs how long ago it was due
   */
  send(request: EncodedRequest, keepsBody: boolean, nowMs: number, lateMs: number): void {
    this.#request = request
    this.#reader.keepsBody = keepsBody
    this.#reader.expectsNoBody = request.method === 'HEAD'
    this.#parts.deadlines.set(this, nowMs)
    this.sentMs = nowMs
    if (!this.#isOpen) {
      if (nowMs - this.#lostMs < AFTER_CLOSE_MS) setTimeout(this.#openInPlace, AFTER_CLOSE_MS, request)
      else if (this.#socket === undefined) this.#open()
    } else if (nowMs - this.#usedMs < this.#parts.keepAlive.unquestionedMs) this.#socket!.write(request.bytes)
    else this.#sendAfterIdle(request, nowMs, lateMs)
  }

  /** Closes at once; a request in flight stays without an end. */
  close(): void {
    this.#parts.deadlines.clear(this)
    this.#request = undefined
    this.#drop()
    this.#settle()
  }

  responded(reader: ResponseReader): void {
    const endMs = now()
    // The timer is late wherever the process is: a response that came after its time is none the less late.
    if (endMs > this.deadlineMs) {
      this.expire()
      return
    }
    this.#parts.deadlines.clear(this)
    this.#request = undefined
    this.#usedMs = endMs
    this.#isUsed = true
    this.#announcedMs = reader.keepAliveMs
    if (reader.keepAliveMs < Number.POSITIVE_INFINITY) this.#parts.keepAlive.announced(reader.keepAliveMs)
    // The reader keeps the response until the next connection opens: the owner has yet to look at it.
    if (reader.isLast) this.#drop()
    this.#parts.owner.responded(reader, endMs)
  }

  expire(): void {
    if (this.#isOpen)
      this.#fail('timeout', this.#reader.isMidResponse ? 'in the middle of the response' : 'no response')
    else this.#fail('connect', 'no connection in time')
  }

  #sendAfterIdle(request: EncodedRequest, nowMs: number, lateMs: number): void {
    const { keepAlive } = this.#parts
    const idleMs = nowMs - this.#usedMs
    if (this.#isUsed && keepAlive.isPastLimit(idleMs, this.#announcedMs, nowMs)) {
      this.#replace()
      return
    }
    this.#isHeld = true
    const waitMs = this.#isUsed ? keepAlive.settleMs - idleMs : 0
    if (waitMs > 0) setTimeout(this.#look, Math.ceil(waitMs), this.#socket!, request)
    else if (lateMs > LATE_MS || idleMs > LOOK_AFTER_MS || keepAlive.settleMs > 0) this.#look(this.#socket!, request)
    else this.#release(this.#socket!, request)
  }

  /** Two turns of the event loop: one of them has a whole look at the sockets, which brings any close that is there. */
  readonly #look = (socket: net.Socket, request: EncodedRequest): void => {
    setImmediate(() => setImmediate(this.#release, socket, request))
  }

  readonly #release = (socket: net.Socket, request: EncodedRequest): void => {
    if (!this.#isHolding(socket, request)) return
    if (this.#isUsed) {
      const { keepAlive } = this.#parts
      const nowMs = now()
      const idleMs = nowMs - this.#usedMs
      keepAlive.survived(idleMs)
      if (!keepAlive.isProven(idleMs, this.#announcedMs)) {
        if (keepAlive.mayAsk(idleMs, nowMs)) {
          keepAlive.asks(nowMs)
          // The wait is no time of the target's: it does not count towards the time-out.
          this.#parts.deadlines.clear(this)
          setTimeout(this.#lookAfterAsking, ASK_MS, socket, request)
        } else this.#replace()
        return
      }
    }
    this.#write(socket, request)
  }

  readonly #lookAfterAsking = (socket: net.Socket, request: EncodedRequest): void => {
    setImmediate(() => setImmediate(this.#releaseAsked, socket, request))
  }

  /** The target had time to close the connection, and has not. */
  readonly #releaseAsked = (socket: net.Socket, request: EncodedRequest): void => {
    if (!this.#isHolding(socket, request)) return
    const { keepAlive, deadlines } = this.#parts
    const nowMs = now()
    keepAlive.outlived(nowMs - this.#usedMs)
    deadlines.set(this, nowMs)
    this.#write(socket, request)
  }

  #isHolding(socket: net.Socket, request: EncodedRequest): boolean {
    return this.#isHeld && !this.#isClosing && this.#socket === socket && this.#request === request
  }

  #write(socket: net.Socket, request: EncodedRequest): void {
    this.#isHeld = false
    this.sentMs = now()
    socket.write(request.bytes)
  }

  /**
   * Closes the connection, and opens another one when the target has closed it too, or had time to: one that serves as
   * many connections as there are VUs would not accept the new one before.
   */
  #replace(): void {
    this.#parts.counts.replaced++
    const socket = this.#socket!
    this.#isHeld = true
    this.#isClosing = true
    socket.end()
    setTimeout(() => {
      if (this.#isClosing && this.#socket === socket) this.#lose()
    }, SETTLE_MS)
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
    const ended = () => {
      if (socket === this.#socket && !this.#reader.end()) this.#broke(this.#closedWhen())
    }
    socket.once('end', ended).once('close', ended)
  }

  #opened(socket: net.Socket): void {
    const { counts } = this.#parts
    counts.opened++
    counts.open++
    if (counts.open > counts.maxOpen) counts.maxOpen = counts.open
    this.failedAttempts = 0
    this.#isOpen = true
    this.#isUsed = false
    this.#announcedMs = Number.POSITIVE_INFINITY
    this.#usedMs = now()
    this.#settle()
    if (this.#request === undefined) {
      this.#parts.deadlines.clear(this)
      return
    }
    if (this.#parts.keepAlive.speaksFirst) {
      this.#isHeld = true
      setTimeout(this.#look, SETTLE_MS, socket, this.#request)
      return
    }
    this.sentMs = this.#usedMs
    socket.write(this.#request.bytes)
  }

  #received(bytes: Buffer): void {
    if (this.#isClosing) return
    if (this.#request === undefined || this.#isHeld) {
      this.#receivedUnasked(bytes)
      return
    }
    const problem = this.#reader.read(bytes)
    if (problem === OVERRUN) {
      this.#parts.keepAlive.distrust()
      this.#fail('body', OVERRUN.message)
    } else if (problem !== undefined) this.#fail('body', `not a valid HTTP response: ${problem.message}`)
  }

  /** No request was written: whatever this is, the next response could not be told from it. */
  #receivedUnasked(bytes: Buffer): void {
    const { keepAlive, owner } = this.#parts
    const isApart = !this.#isUsed || now() - this.#usedMs >= SETTLE_MS
    if (isApart && IDLE_CLOSE.test(bytes.toString('latin1', 0, 13))) {
      this.#closedIdle()
      return
    }
    if (this.#isUsed) {
      keepAlive.distrust()
      owner.overran(OVERRUN.message)
    } else {
      keepAlive.speaksFirst = true
      if (this.#request !== undefined) {
        this.#fail('body', SPOKE_FIRST)
        return
      }
    }
    this.#lose()
  }

  #closedIdle(): void {
    const { counts, keepAlive } = this.#parts
    counts.closedIdle++
    const nowMs = now()
    if (this.#isUsed) keepAlive.closed(nowMs - this.#usedMs, nowMs)
    this.#lose()
  }

  #closedWhen(): string {
    if (!this.#isOpen) return HANDSHAKE_CLOSED
    return this.#reader.isMidResponse ? 'closed in the middle of the response' : 'closed without a response'
  }

  #broke(detail: string): void {
    const { counts } = this.#parts
    if (!this.#isOpen) {
      counts.refused++
      this.failedAttempts++
      this.#fail('connect', detail)
    } else if (this.#isClosing) {
      this.#lose()
    } else if (this.#request === undefined || this.#isHeld) {
      this.#closedIdle()
    } else {
      if (this.#isUsed) countReset(counts, this.sentMs - this.#usedMs)
      this.#fail('reset', detail)
    }
  }

  /** The connection is gone before the request that may be due was written: that goes out on a new one. */
  #lose(): void {
    this.#drop()
    this.#lostMs = now()
    if (this.#request !== undefined) setTimeout(this.#openInPlace, AFTER_CLOSE_MS, this.#request)
  }

  readonly #openInPlace = (request: EncodedRequest): void => {
    if (this.#request !== request || this.#socket !== undefined) return
    this.#parts.deadlines.set(this, now())
    this.#open()
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
    this.#isHeld = false
    this.#isClosing = false
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

function countReset(counts: ConnectionCounts, idleMs: number): void {
  const { min, max } = counts.resetIdleMs ?? { min: idleMs, max: idleMs }
  counts.resetAfterUse++
  counts.resetIdleMs = { min: Math.min(min, idleMs), max: Math.max(max, idleMs) }
}

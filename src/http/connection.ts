import type net from 'node:net'
import { HANDSHAKE_CLOSED } from '../execution/tally.ts'
import type { Deadlines, Timed } from '../load/deadlines.ts'
import { now, setImmediate, setTimeout } from '../machine/clock.ts'
import type { LoadClient } from './clients.ts'
import { connect, type Endpoint, type Route } from './endpoint.ts'
import { ASK_MS, SETTLE_MS, type KeepAlive } from './keep-alive.ts'
import type { EncodedRequest } from './request-encoder.ts'
import { ResponseReader, OVERRUN, type ResponseTaker } from './response-reader.ts'
import { MALFORMED_STATUS_LINE } from './strict-lines.ts'

/** Ways in which a request ends without a valid response. */
export type FailureKind = 'timeout' | 'connect' | 'reset' | 'body'

/** Receiver of the outcome of each request on a connection: one call for each send, never from within the send. */
export interface RequestOwner {
  /** @param endMs when the last byte was read (`performance.now()`) */
  responded(reader: ResponseReader, endMs: number): void
  failed(kind: FailureKind, detail: string, endMs: number): void
  /** The target sent more bytes than the previous response, which has already been passed to `responded`. */
  overran(detail: string): void
  /**
   * A connection was opened for the request in flight. Called only with `hasTimings`.
   *
   * @param tlsMs `undefined` without TLS
   */
  connected(connectMs: number, tlsMs: number | undefined): void
}

/** Connection counters of one run. */
export interface ConnectionCounts {
  opened: number
  /** Connection attempts that failed. */
  refused: number
  /** Connections that the target closed while no request was in flight. */
  closedIdle: number
  /** Connections closed before the target would: idle for longer than it keeps them, or is known to keep them. */
  replaced: number
  /** Requests reset on a connection that had been used before. */
  resetAfterUse: number
  /** The shortest and the longest idle time before such a reset. */
  resetIdleMs: { readonly min: number; readonly max: number } | undefined
  /** Redirects that were followed. */
  redirects: number
  /** Open now, and the maximum at one time. */
  open: number
  maxOpen: number
}

export interface ConnectionParts {
  readonly endpoint: Endpoint
  readonly route: Route
  readonly deadlines: Deadlines
  readonly counts: ConnectionCounts
  /** Shared by all connections of the endpoint. */
  readonly keepAlive: KeepAlive
  readonly owner: RequestOwner
  /** Whether each request needs a new connection. */
  readonly isForOneRequest: boolean
  /** Whether times within requests are measured. */
  readonly hasTimings: boolean
  /** Largest body that is kept for `check`, `extract` and `record`. */
  readonly maxBodyBytes: number
}

/**
 * If a request is sent later than this, the event loop is behind, and the target may have closed the connection unnoticed.
 * If it is on time, all sockets have just been polled.
 */
const LATE_MS = 1

/** Response that servers send on a connection that has been idle for too long, before they close it (RFC 9110, 15.5.9). */
const IDLE_CLOSE = /^HTTP\/1\.[01] 408[ \r]/
const CLOSED_FIRST = 'closed before the request was sent'
const SPOKE_FIRST = 'the target sent a response before the request'

/** Pause before a closed connection is opened again: the target counts the old one until it receives our FIN. */
const AFTER_CLOSE_MS = 1

/** Time for the target to close a connection that is not used any more. */
const LEAVE_MS = 1_000

/** Idle time after which the sockets are polled once more in any case. */
const POLL_AFTER_MS = 1_000

/**
 * The connection of one VU, kept open between requests. If the target closed it, or is about to, it is opened again when
 * the next request is due, not before: a returning user pays for the handshake, so it counts in the latency. A request that
 * was written is never sent again, and no more than one connection is opened for a request: if the target closes that one,
 * the request is an error.
 */
export class Connection implements ResponseTaker, Timed {
  deadlineMs = 0
  earlier: Timed | undefined = undefined
  later: Timed | undefined = undefined
  /** When the last request was sent (`performance.now()`); if a connection had to be opened first, after that. */
  sentMs = 0
  /** Consecutive failed connection attempts. */
  failedAttempts = 0

  readonly #parts: ConnectionParts
  readonly #reader: ResponseReader
  #socket: net.Socket | undefined
  #isOpen = false
  #request: EncodedRequest | undefined
  /** Whether the connection is open, but the due request has not been written yet. */
  #isHeld = false
  /** Whether the connection is being closed in order to be replaced. */
  #isClosing = false
  /** When the last response on this connection ended; before the first, when it was opened. */
  #usedMs = 0
  #isUsed = false
  /** Whether a request was due when this connection was opened. */
  #isOpenedForRequest = false
  /** Begin of the time limit of the last request (`performance.now()`). */
  #beganMs = 0
  /** How long the target announces to keep this connection. */
  #announcedMs = Number.POSITIVE_INFINITY
  /** When the last connection was closed between two requests. */
  #lostMs = Number.NEGATIVE_INFINITY
  #onSettled: (() => void) | undefined

  constructor(client: LoadClient, parts: ConnectionParts) {
    this.#parts = parts
    this.#reader = new ResponseReader(client.parser, this)
    this.#reader.maxBodyBytes = parts.maxBodyBytes
  }

  /** When the first byte of the last response was read (`performance.now()`). Set only with `hasTimings`. */
  get firstByteMs(): number {
    return this.#reader.firstByteMs
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isInFlight(): boolean {
    return this.#request !== undefined
  }

  /** Pause after a response before the next request is due, long enough to notice that the target closes the connection. */
  get settleMs(): number {
    return this.#isOpen ? this.#parts.keepAlive.settleMs : 0
  }

  /** End of that pause on this connection (`performance.now()`); 0 if its next request is sent without one. */
  get settledMs(): number {
    return this.#isOpen && this.#isUsed ? this.#usedMs + this.#parts.keepAlive.settleMs : 0
  }

  /** Opens the connection before the first request. `settled` is called once, also on failure. */
  prepare(settled: () => void): void {
    this.#onSettled = settled
    this.#parts.deadlines.set(this, now())
    this.#open()
  }

  /**
   * @param keepsBody whether the response's body will be read
   * @param nowMs current time (`performance.now()`)
   * @param lateMs time since the request was due
   * @param beganMs begin of the time limit, if it is that of an earlier request (`performance.now()`)
   */
  send(request: EncodedRequest, keepsBody: boolean, nowMs: number, lateMs: number, beganMs?: number): void {
    this.#request = request
    this.#reader.keepsBody = keepsBody
    this.#reader.expectsNoBody = request.method === 'HEAD'
    if (beganMs === undefined) this.#parts.deadlines.set(this, nowMs)
    else this.#parts.deadlines.setSince(this, beganMs)
    this.#beganMs = beganMs ?? nowMs
    this.sentMs = nowMs
    if (!this.#isOpen) {
      if (nowMs - this.#lostMs < AFTER_CLOSE_MS) setTimeout(this.#openInPlace, AFTER_CLOSE_MS, request)
      else if (this.#socket === undefined) this.#open()
    } else if (nowMs - this.#usedMs < this.#parts.keepAlive.unquestionedMs) this.#socket!.write(request.bytes)
    else this.#sendAfterIdle(request, nowMs, lateMs)
  }

  /** Closes the connection immediately; a request in flight gets no outcome. */
  close(): void {
    this.#parts.deadlines.clear(this)
    this.#request = undefined
    this.#drop()
    this.#settle()
  }

  /** Closes the connection unless a request is in flight. The next request opens another one. */
  closeIdle(): void {
    if (this.#request === undefined) this.#drop()
  }

  responded(reader: ResponseReader): void {
    const endMs = now()
    // If the process is late, so is the timer: a response past the deadline is still a timeout.
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
    // The reader keeps the response until the next connection opens, so the owner can still read it.
    if (this.#parts.isForOneRequest) this.#leave()
    else if (reader.isLast) this.#drop()
    this.#parts.owner.responded(reader, endMs)
  }

  expire(): void {
    if (this.#isOpen)
      return this.#fail('timeout', this.#reader.isMidResponse ? 'in the middle of the response' : 'no response')
    this.failedAttempts++
    this.#fail('connect', 'no connection in time')
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
    if (waitMs > 0) setTimeout(this.#poll, Math.ceil(waitMs), this.#socket!, request)
    else if (lateMs > LATE_MS || idleMs > POLL_AFTER_MS || keepAlive.settleMs > 0) this.#poll(this.#socket!, request)
    else this.#release(this.#socket!, request)
  }

  /** Waits for two turns of the event loop: one of them polls all sockets, so a pending close is noticed. */
  readonly #poll = (socket: net.Socket, request: EncodedRequest): void => {
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
          // This wait is not the target's time, so it does not count towards the time-out.
          this.#parts.deadlines.clear(this)
          setTimeout(this.#pollAfterWait, ASK_MS, socket, request)
        } else this.#replace()
        return
      }
    }
    this.#write(socket, request)
  }

  readonly #pollAfterWait = (socket: net.Socket, request: EncodedRequest): void => {
    setImmediate(() => setImmediate(this.#releaseAfterWait, socket, request))
  }

  /** The target had time to close the connection, but did not. */
  readonly #releaseAfterWait = (socket: net.Socket, request: EncodedRequest): void => {
    if (!this.#isHolding(socket, request)) return
    this.#parts.keepAlive.outlived(now() - this.#usedMs)
    this.#restartDeadline()
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
   * Closes the connection, and opens another one after the target has closed it too, or had time to: a target that serves
   * exactly as many connections as there are VUs would not accept the new one earlier.
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
    if (this.#parts.hasTimings) this.#timeOpening(socket)
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

  /** Reports how long a connection takes that is opened for a request. */
  #timeOpening(socket: net.Socket): void {
    const { endpoint, owner } = this.#parts
    const beganMs = now()
    const report = (connectedMs: number, securedMs?: number) => {
      if (socket !== this.#socket || this.#request === undefined) return
      owner.connected(connectedMs - beganMs, securedMs === undefined ? undefined : securedMs - connectedMs)
    }
    socket.once('connect', () => {
      const connectedMs = now()
      if (endpoint.isSecure) socket.once('secureConnect', () => report(connectedMs, now()))
      else report(connectedMs)
    })
  }

  #opened(socket: net.Socket): void {
    const { counts } = this.#parts
    counts.opened++
    counts.open++
    if (counts.open > counts.maxOpen) counts.maxOpen = counts.open
    this.failedAttempts = 0
    this.#isOpen = true
    this.#isUsed = false
    this.#isOpenedForRequest = this.#request !== undefined
    this.#announcedMs = Number.POSITIVE_INFINITY
    this.#usedMs = now()
    this.#settle()
    if (this.#request === undefined) {
      this.#parts.deadlines.clear(this)
      return
    }
    if (this.#parts.keepAlive.speaksFirst) {
      this.#isHeld = true
      setTimeout(this.#poll, SETTLE_MS, socket, this.#request)
      return
    }
    this.sentMs = this.#usedMs
    socket.write(this.#request.bytes)
  }

  #received(bytes: Buffer): void {
    if (this.#isClosing) return
    if (this.#request === undefined || this.#isHeld) {
      this.#receivedUnsolicited(bytes)
      return
    }
    if (this.#parts.hasTimings) this.#reader.readMs = now()
    const problem = this.#reader.read(bytes)
    if (problem === OVERRUN) {
      this.#parts.keepAlive.distrust()
      this.#fail('body', OVERRUN.message)
    } else if (problem !== undefined) this.#fail('body', this.#invalidResponse(problem.message))
  }

  /** Bytes that follow a response may arrive only after the next request was written. */
  #invalidResponse(problem: string): string {
    const isLeftOver = this.#isUsed && problem === MALFORMED_STATUS_LINE
    return `not a valid HTTP response: ${problem}${isLeftOver ? ', or the target sent more than the previous response' : ''}`
  }

  /** Bytes received while no request is written could not be distinguished from the next response. */
  #receivedUnsolicited(bytes: Buffer): void {
    const { keepAlive, owner } = this.#parts
    const isAfterResponse = !this.#isUsed || now() - this.#usedMs >= SETTLE_MS
    const isIdle = isAfterResponse && !this.#isFirstHeld
    if (isIdle && IDLE_CLOSE.test(bytes.toString('latin1', 0, 13))) {
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

  /** Whether the connection was opened for the due request, which has not been written yet. */
  get #isFirstHeld(): boolean {
    return this.#isHeld && this.#isOpenedForRequest && !this.#isUsed
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
    } else if (this.#isFirstHeld) {
      this.#fail('reset', CLOSED_FIRST)
    } else if (this.#request === undefined || this.#isHeld) {
      this.#closedIdle()
    } else {
      if (this.#isUsed) countReset(counts, this.sentMs - this.#usedMs)
      this.#fail('reset', detail)
    }
  }

  /** Handles a connection lost before its due request, if any, was written: the request is sent on a new one. */
  #lose(): void {
    this.#drop()
    this.#lostMs = now()
    if (this.#request !== undefined) setTimeout(this.#openInPlace, AFTER_CLOSE_MS, this.#request)
  }

  readonly #openInPlace = (request: EncodedRequest): void => {
    if (this.#request !== request || this.#socket !== undefined) return
    this.#restartDeadline()
    this.#open()
  }

  /** Excludes the time since the request was due from its time limit: the generator waited, not the target. */
  #restartDeadline(): void {
    this.#beganMs += now() - this.sentMs
    this.#parts.deadlines.setSince(this, this.#beganMs)
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

  /**
   * Gives up the connection and lets the target close it, as `Connection: close` asks it to. The side that closes first keeps
   * the port for a minute, and this machine has only 28,000 for each target.
   */
  #leave(): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#parts.counts.open--
    this.#socket = undefined
    this.#isOpen = false
    socket.setTimeout(LEAVE_MS, () => socket.destroy())
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

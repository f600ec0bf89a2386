import type { IncomingMessage } from 'node:http'
import { isIP, type LookupFunction } from 'node:net'
import { WebSocket, type ClientOptions } from 'ws'
import { clearTimeout, setTimeout } from '../../machine/clock.ts'
import { nodeTls, type TlsOptions } from '../../machine/tls.ts'
import { nowUs } from './clock.ts'
import { closingOf, failureKind } from './failure-kinds.ts'
import { reuseFragments } from './fragments.ts'
import { Heartbeat, type Pingable } from './heartbeat.ts'
import type { Handshake, PoolEvents, SocketPool } from './socket-pool.ts'

export interface LocalPoolOptions {
  readonly clients: number
  readonly handshakeTimeoutMs: number
  /** Interval of {@link Heartbeat}; `undefined` for no pings. */
  readonly pingIntervalMs: number | undefined
  readonly perMessageDeflate: boolean
  readonly tls: TlsOptions
  /** Address of each instance of the target, or `undefined` to look it up for each socket. Client n connects to number n modulo their count. */
  readonly addresses: readonly (string | undefined)[]
}

/**
 * Limits of `ws` against hostile peers, which browsers do not have and RFC 6455 does not set. Beyond the first, `ws` closes
 * the connection without an error or a close frame, which would seem to be the target's doing: 60 pings in one packet do.
 */
const NO_LIMITS = { maxPendingAutoPongs: 0, maxFragments: 0, maxBufferedChunks: 0 }

/**
 * A socket with the number of its client. It overrides `emit`, as listeners would cost each socket a dictionary of half a
 * kilobyte, and each message a lookup in it.
 */
class ClientSocket extends WebSocket implements Pingable {
  readonly client: number
  readonly pool: LocalPool
  isOpened = false
  isAwaitingPong = false
  failure: (Error & { code?: string }) | undefined
  #deadline: NodeJS.Timeout | undefined
  #fragments: unknown[] | undefined
  /** The subprotocol that the target chose. */
  #subprotocol: string | undefined
  /** Header `Retry-After` of the response that refused the handshake. */
  retryAfter: string | undefined

  constructor(client: number, pool: LocalPool, url: string, subprotocols: string[], options: ClientOptions) {
    const { handshakeTimeout, ...others } = options
    super(url, subprotocols, { ...others, ...NO_LIMITS })
    this.client = client
    this.pool = pool
    // The deadline of `ws` starts again with every byte that a stalling server sends.
    this.#deadline = setTimeout(giveUp, handshakeTimeout, this)
  }

  /** @returns whether the event was handled; `ws` itself handles some of the others */
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    switch (event) {
      case 'message':
        this.#fragments = reuseFragments(this, this.#fragments)
        // A single Buffer, as `binaryType` has its default.
        this.pool.received(this, first as Buffer, second as boolean)
        return true
      case 'open':
        this.#settle()
        this.isOpened = true
        this.pool.opened(this)
        return true
      case 'upgrade':
        this.#subprotocol = (first as IncomingMessage).headers['sec-websocket-protocol']
        return true
      case 'unexpected-response':
        this.retryAfter = (second as IncomingMessage).headers['retry-after']
        return false
      case 'error':
        this.failure ??= this.#withSubprotocol(first as Error)
        return true
      case 'pong':
        this.isAwaitingPong = false
        return true
      case 'close':
        this.#settle()
        this.pool.gone(this, first as number, second as Buffer)
        return true
      default:
        return false
    }
  }

  cut(): void {
    this.failure = new Error('a ping got no response in time')
    this.terminate()
  }

  #withSubprotocol(error: Error): Error {
    if (this.#subprotocol === undefined || !error.message.endsWith('none was requested')) return error
    return new Error(`${error.message}: ${JSON.stringify(this.#subprotocol.slice(0, 40))}`)
  }

  #settle(): void {
    clearTimeout(this.#deadline)
    this.#deadline = undefined
  }
}

function giveUp(socket: ClientSocket): void {
  socket.failure = new HandshakeTimeoutError('the handshake got no response in time')
  socket.terminate()
}

class HandshakeTimeoutError extends Error {
  readonly code = 'HANDSHAKE_TIMEOUT'
}

/** Pool of sockets in this process. */
export class LocalPool implements SocketPool {
  readonly #options: LocalPoolOptions
  readonly #events: PoolEvents
  readonly #sockets: (ClientSocket | undefined)[]
  readonly #heartbeat: Heartbeat | undefined
  readonly #lookups: readonly { readonly lookup?: LookupFunction }[]
  readonly health = []
  readonly lost = []
  #open = 0
  #isClosing = false
  #drained: (() => void) | undefined

  constructor(options: LocalPoolOptions, events: PoolEvents) {
    this.#options = options
    this.#events = events
    this.#sockets = Array.from({ length: options.clients })
    this.#heartbeat =
      options.pingIntervalMs === undefined ? undefined : new Heartbeat(options.pingIntervalMs, this.#sockets)
    this.#lookups = options.addresses.map((address) => (address === undefined ? {} : { lookup: alwaysFound(address) }))
  }

  get openCount(): number {
    return this.#open
  }

  connect(client: number, { url, headers, subprotocols, localAddress }: Handshake): void {
    const { tls, handshakeTimeoutMs, perMessageDeflate } = this.#options
    const socket = new ClientSocket(client, this, url, [...subprotocols], {
      ...nodeTls(tls),
      headers,
      ...this.#lookups[client % this.#lookups.length],
      handshakeTimeout: handshakeTimeoutMs,
      perMessageDeflate,
      ...(localAddress === undefined ? {} : { localAddress }),
    })
    this.#sockets[client] = socket
    this.#open++
  }

  send(client: number, frames: readonly (string | Uint8Array)[]): void {
    const socket = this.#sockets[client]
    if (socket?.readyState !== WebSocket.OPEN) return
    for (const frame of frames) socket.send(frame)
  }

  drop(client: number): void {
    const socket = this.#sockets[client]
    if (socket === undefined) return
    this.#forget(socket)
    socket.terminate()
  }

  watch(): void {}

  unwatch(): void {}

  async close(withinMs: number): Promise<void> {
    this.#isClosing = true
    this.#heartbeat?.stop()
    if (this.#open === 0) return
    const drained = new Promise<void>((resolve) => (this.#drained = resolve))
    for (const socket of this.#sockets) {
      if (socket?.isOpened && withinMs > 0) socket.close(1000)
      else socket?.terminate()
    }
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket?.terminate()
    }, withinMs)
    await drained
    clearTimeout(cut)
  }

  opened(socket: ClientSocket): void {
    if (!this.#isClosing) this.#events.opened(socket.client, nowUs(), socket.extensions.includes('permessage-deflate'))
  }

  received(socket: ClientSocket, data: Buffer, isBinary: boolean): void {
    // A dropped socket may still emit messages that it had read before.
    if (this.#isClosing || this.#sockets[socket.client] !== socket) return
    this.#events.message(socket.client, data, isBinary, nowUs())
  }

  gone(socket: ClientSocket, code: number, reason: Buffer): void {
    if (this.#sockets[socket.client] !== socket) return
    this.#forget(socket)
    if (this.#isClosing) return
    if (socket.isOpened) this.#events.closed(socket.client, closingOf(code, reason.toString('utf8'), socket.failure))
    else {
      const failure = socket.failure ?? new Error(`closed with code ${code}`)
      this.#events.failed(socket.client, failureKind(failure, socket.retryAfter))
    }
  }

  #forget(socket: ClientSocket): void {
    this.#sockets[socket.client] = undefined
    if (--this.#open === 0) this.#drained?.()
  }
}

function alwaysFound(address: string): LookupFunction {
  const family = isIP(address)
  return (_host, { all }, found) => (all ? found(null, [{ address, family }]) : found(null, address, family))
}

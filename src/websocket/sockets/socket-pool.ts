import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { HandshakeRequest } from './socket-options.ts'

/** What a pool reports. Instants are on the clock of `nowUs()`. */
export interface PoolEvents {
  /** The handshake got a response. @param isCompressed whether the target accepted permessage-deflate */
  opened(client: number, atUs: number, isCompressed: boolean): void
  /** The handshake came to nothing. @param kind one of few: `refused`, `status 503`; see `failure-kinds.ts` */
  failed(client: number, kind: string): void
  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void
  /** A socket that had opened is gone, and not because we closed it. */
  closed(client: number, why: string): void
}

export interface Handshake extends HandshakeRequest {
  /** Where to connect from; the system's choice where undefined. */
  readonly localAddress?: string | undefined
}

/** Sockets by client number, wherever they are held. */
export interface SocketPool {
  /** Starts a handshake; `opened` or `failed` follows. */
  connect(client: number, handshake: Handshake): void
  /** Sends frames on an open socket, in order. Does nothing on one that is not open. */
  send(client: number, frames: readonly (string | Uint8Array)[]): void
  /** Cuts one connection; nothing is reported. */
  drop(client: number): void
  /** Closes every socket with the closing handshake, and cuts what is left after `withinMs`. Nothing is reported any more. */
  close(withinMs: number): Promise<void>
  /** Begins, or begins again, to measure how other processes fare; does nothing if there are none. */
  watch(): void
  unwatch(): void
  /** How other processes fared; complete some time after {@link unwatch}, at the latest when the pool is closed. */
  readonly health: readonly GeneratorHealth[]
  /** Processes that ended before they were told to, in words. */
  readonly lost: readonly string[]
  /** Sockets that are open or opening. */
  readonly openCount: number
}

import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { HandshakeRequest } from './socket-options.ts'

/** Events of a pool. Instants are on the clock of `nowUs()`. */
export interface PoolEvents {
  /** Called when a handshake succeeded. @param isCompressed whether the target accepted permessage-deflate */
  opened(client: number, atUs: number, isCompressed: boolean): void
  /** Called when a handshake failed. @param kind such as `refused` or `status 503`; see `failure-kinds.ts` */
  failed(client: number, kind: string): void
  message(client: number, data: Buffer, isBinary: boolean, atUs: number): void
  /** Called when an open socket was closed, unless by this side. */
  closed(client: number, why: string): void
}

export interface Handshake extends HandshakeRequest {
  /** Source address; the system chooses one if undefined. */
  readonly localAddress?: string | undefined
}

/** Sockets by client number, in this process or in others. */
export interface SocketPool {
  /** Starts a handshake; `opened` or `failed` follows. */
  connect(client: number, handshake: Handshake): void
  /** Sends frames on an open socket, in order. Does nothing on one that is not open. */
  send(client: number, frames: readonly (string | Uint8Array)[]): void
  /** Terminates a connection without an event. */
  drop(client: number): void
  /** Closes every socket with the closing handshake, and terminates the rest after `withinMs`. No event follows. */
  close(withinMs: number): Promise<void>
  /** Starts, or restarts, measuring the health of other processes; does nothing if there are none. */
  watch(): void
  unwatch(): void
  /** Health of other processes; complete some time after {@link unwatch}, at the latest when the pool is closed. */
  readonly health: readonly GeneratorHealth[]
  /** Messages about processes that exited before they were closed. */
  readonly lost: readonly string[]
  /** Sockets that are open or opening. */
  readonly openCount: number
}

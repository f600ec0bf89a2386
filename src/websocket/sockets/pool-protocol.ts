import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { LocalPoolOptions } from './local-pool.ts'
import type { Handshake } from './socket-pool.ts'

/** Command to a pool process. Commands are sent in lists, all of one turn of the event loop together. */
export type Command =
  | { readonly do: 'start'; readonly options: LocalPoolOptions }
  | { readonly do: 'connect'; readonly client: number; readonly handshake: Handshake }
  | { readonly do: 'send'; readonly client: number; readonly frames: readonly (string | Uint8Array)[] }
  | { readonly do: 'drop'; readonly client: number }
  | { readonly do: 'watch' }
  | { readonly do: 'unwatch' }
  | { readonly do: 'close'; readonly withinMs: number }

/** Report of a pool process. */
export type Report =
  | { readonly is: 'events'; readonly events: EventBatch }
  | { readonly is: 'health'; readonly health: GeneratorHealth }

/**
 * Events of many sockets in order, by columns, so that a delivery takes 16 bytes. The bytes of a message are sent once, to
 * fill a slot; every later receipt of the same bytes refers to the slot.
 */
export interface EventBatch {
  readonly clients: Uint32Array
  /** The slot of a message, or one of {@link OPENED}, {@link OPENED_COMPRESSED}, {@link FAILED}, {@link CLOSED}, {@link FILLED}. */
  readonly whats: Int8Array
  readonly timesUs: Float64Array
  /** Reasons of the events `FAILED` and `CLOSED`, in order. */
  readonly words: readonly string[]
  /** Frames of the events `FILLED`, in order; the client column holds the slot. */
  readonly frames: readonly { readonly data: Buffer; readonly isBinary: boolean }[]
  /** Sockets of the process that are open or opening. */
  readonly openCount: number
}

export const OPENED = -1
export const FAILED = -2
export const CLOSED = -3
export const FILLED = -4
export const OPENED_COMPRESSED = -5

/** Distinct messages that can be in flight at the same time without being sent to the main process again. */
export const SLOTS = 4

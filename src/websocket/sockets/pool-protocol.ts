import type { GeneratorHealth } from '../../evidence/generator-health.ts'
import type { LocalPoolOptions } from './local-pool.ts'
import type { Handshake } from './socket-pool.ts'

/** What a pool process is told. Commands travel in lists, as many as came up together. */
export type Command =
  | { readonly do: 'start'; readonly options: LocalPoolOptions }
  | { readonly do: 'connect'; readonly client: number; readonly handshake: Handshake }
  | { readonly do: 'send'; readonly client: number; readonly frames: readonly (string | Uint8Array)[] }
  | { readonly do: 'drop'; readonly client: number }
  | { readonly do: 'watch' }
  | { readonly do: 'unwatch' }
  | { readonly do: 'close'; readonly withinMs: number }

/** What a pool process tells. */
export type Report =
  | { readonly is: 'events'; readonly events: EventBatch }
  | { readonly is: 'health'; readonly health: GeneratorHealth }

/**
 * Events of many sockets in order, by columns: a delivery costs 16 bytes here and none of the words it came in. The bytes
 * of a message travel once, when a slot is filled with them; every later receipt of the same bytes names the slot.
 */
export interface EventBatch {
  readonly clients: Uint32Array
  /** A slot for a message, or one of {@link OPENED}, {@link OPENED_COMPRESSED}, {@link FAILED}, {@link CLOSED}, {@link FILLED}. */
  readonly whats: Int8Array
  readonly timesUs: Float64Array
  /** Why, for each `FAILED` and `CLOSED` in turn. */
  readonly words: readonly string[]
  /** For each `FILLED` in turn; its client column holds the slot. */
  readonly frames: readonly { readonly data: Buffer; readonly isBinary: boolean }[]
  /** Sockets of the process that are open or opening. */
  readonly openCount: number
}

export const OPENED = -1
export const FAILED = -2
export const CLOSED = -3
export const FILLED = -4
export const OPENED_COMPRESSED = -5

/** How many distinct messages are under way at one time without being sent across again. */
export const SLOTS = 4

import type { DataOption } from '../load/data.ts'
import type { Arrivals } from '../load/load.ts'
import type { Vu } from '../load/vu.ts'
import type { Duration } from '../options/checks.ts'
import type { IdentifyResult } from './identifier.ts'
import type { Message, Outgoing } from './message.ts'
import type { Placement, SocketOptions, SocketPlan } from './socket-options.ts'

/** One publication as `publish.send` gets it. */
export interface PublicationToSend {
  /** Unique in the world (a UUID). The target must carry it to every subscriber, for `identify` to find. */
  readonly id: string
  /** 1, 2, 3, … over the run. */
  readonly sequence: number
  /** 0, 1, 2, … over the run. */
  readonly index: number
  /** Whose turn it is, where `group` is used. */
  readonly group: string | undefined
}

/** Options of `ws.fanOut()`. Every socket is that of one VU; VUs are numbered from 0. */
export interface FanOutOptions<D = undefined> extends SocketOptions<D> {
  /** Default: `fan-out 1`, counted up within the scenario. */
  readonly name?: string
  /** Sockets to open; reduced by the scale. */
  readonly connections: number
  /** Gives VU i its row: row i, beginning again after the last. Default: no data. */
  readonly data?: DataOption<D>
  /** What a client sends once connected. Default: nothing. */
  readonly subscribe?: (vu: Vu<D>) => Outgoing | readonly Outgoing[]
  /**
   * Whether a message tells a client that it is subscribed. Left out, a client counts as subscribed when it has sent its
   * subscription, and publishing begins half a second after the last one did: a guess that a slow target proves wrong.
   */
  readonly acknowledged?: (message: Message, vu: Vu<D>) => boolean
  /** A subscription not acknowledged by then has failed. Default: `'10s'`. */
  readonly acknowledgeTimeout?: Duration
  readonly publish: {
    /** Publications due per second. Never reduced by the scale. */
    readonly rate: number
    /** Default: `'uniform'`. */
    readonly arrivals?: Arrivals
    /** Makes the target publish. Not awaited by the schedule; a rejection is counted, its deliveries stay expected. */
    readonly send: (publication: PublicationToSend) => unknown
  }
  /** Which publication a message is. Must depend on the message alone: equal messages are identified once. */
  readonly identify: (message: Message) => IdentifyResult
  /** Which group a client subscribes to. Publications take turns over the groups, and only the group's clients expect them. */
  readonly group?: (vu: Vu<D>) => string
  /** How long is published and counted; cut by the scale. */
  readonly duration: Duration
  /** Publishing before that which is not counted. Default: 0. */
  readonly warmup?: Duration
  /** A delivery is late past this lag. Default: `'1s'`. */
  readonly lateAfter?: Duration
  /**
   * How long stragglers are waited for after the last publication; what has not come by then is missing. Ends early
   * when everything expected has come and half a second passed without a message. Default: `'5s'`.
   */
  readonly settle?: Duration
  /** Whether a lost socket is opened anew, after so long (`true`: 1 s). Default: false. */
  readonly reconnect?: boolean | Duration
}

/** Options read, scaled and with defaults filled in. */
export interface FanOutPlan<D = never> extends SocketPlan<D> {
  readonly name: string
  /** Name of the scale that reduced sockets or duration. */
  readonly reducedTo: string | undefined
  readonly clients: number
  readonly subscribe: ((vu: Vu<D>) => Outgoing | readonly Outgoing[]) | undefined
  readonly acknowledged: ((message: Message, vu: Vu<D>) => boolean) | undefined
  readonly acknowledgeTimeoutMs: number
  readonly publishRatePerSec: number
  readonly arrivals: Arrivals
  readonly send: (publication: PublicationToSend) => unknown
  readonly identify: (message: Message) => IdentifyResult
  readonly group: ((vu: Vu<D>) => string) | undefined
  readonly durationMs: number
  readonly warmupMs: number
  readonly lateAfterMs: number
  readonly settleMs: number
  readonly reconnectAfterMs: number | undefined
}

/** A plan and how its sockets are held. */
export type PlacedFanOut<D = never> = FanOutPlan<D> & Placement

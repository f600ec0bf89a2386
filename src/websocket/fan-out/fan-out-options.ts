import type { DataOption } from '../../load/data.ts'
import type { Arrivals } from '../../load/load.ts'
import type { Vu } from '../../load/vu.ts'
import type { Duration } from '../../options/checks.ts'
import type { Message, Outgoing } from '../message.ts'
import type { Placement, SocketOptions, SocketPlan } from '../sockets/socket-options.ts'
import type { IdentifyResult } from './identifier.ts'

/** One publication as `publish.send` gets it. */
export interface PublicationToSend {
  /** Unique in the world (a UUID). The target must carry it to every subscriber, for `identify` to find. */
  readonly id: string
  /** 1, 2, 3, … over the run. */
  readonly sequence: number
  /** 0, 1, 2, … over the run. */
  readonly index: number
  /** The group whose turn it is, if the run has groups. */
  readonly group: string | undefined
}

/** What a client does during the run: it joins a group, leaves one, or both. */
export interface Move {
  /** Since publishing began, warm-up included; or a share of the run's planned length (`'40%'`), which holds at every scale. */
  readonly time: Duration | `${number}%`
  /** A group, or several. @default none */
  readonly join?: string | readonly string[]
  /** A group, or several. @default none */
  readonly leave?: string | readonly string[]
  /** What the client sends to the target. @default nothing, if the target moves it by itself */
  readonly send?: Outgoing | readonly Outgoing[]
  /**
   * Whether a message says that the move is done. @default the run's `isSubscribed` if the client joins; otherwise it is
   * taken to be done after `joinDelay`. A response by which the protocol of `framing` reports a failure ends the move too
   */
  readonly isDone?: (message: Message) => boolean
}

/** How the run has the target publish. */
export interface PublishOptions {
  /** Publications due per second. Never reduced by the scale. */
  readonly rate: number
  /** @default `'uniform'` */
  readonly arrivals?: Arrivals
  /**
   * Makes the target publish. Not awaited by the schedule; a rejection, or a `Response` that is not ok, is counted as a
   * failed publication, and its deliveries stay expected. If the
   * target cannot carry a foreign id, return (or resolve to) the id that it gave: a text, a number, or an object with
   * `id`. Messages that arrive before it is known are kept until it is.
   */
  readonly send: (publication: PublicationToSend) => unknown
}

/** Options of `ws.fanOut()`. Every socket is that of one VU; VUs are numbered from 0. */
export interface FanOutOptions<D = undefined> extends SocketOptions<D> {
  /** @default `fan-out 1`, counted up within the scenario */
  readonly name?: string
  /** Sockets to open; reduced by the scale. */
  readonly connections: number
  /** Rows for `vu.data`: VU i gets row i, beginning again after the last, unless a source has another `order`. @default no data */
  readonly data?: DataOption<D>
  /**
   * What a client sends once connected, and again on every new connection: one message or several. `groups` are those that
   * the client is in by then.
   *
   * @default nothing, if the path or the target subscribes it
   */
  readonly subscribe?: (vu: Vu<D>, groups: readonly string[]) => Outgoing | readonly Outgoing[]
  /**
   * Whether a message says that a client is subscribed: `true` if it is so for everything that `subscribe` sent, or the
   * name of the group, or a list of them, if each is acknowledged alone. Called with every message until all is
   * acknowledged; of several messages that are acknowledged without a name, return `true` for the last.
   *
   * @default a client is taken to be subscribed `joinDelay` after its last message or, if it sends none, its handshake: an
   * assumption that a slow target proves wrong, and what it then does not deliver counts as missing
   */
  readonly isSubscribed?: (message: Message, vu: Vu<D>) => boolean | string | readonly string[]
  /**
   * How long the target has to join a client, or to let it go, if nothing acknowledges that. Publishing begins so long after
   * the last socket was opened. @default '500ms'
   */
  readonly joinDelay?: Duration
  /** A subscription not acknowledged by then has failed. @default `'10s'` */
  readonly subscribeTimeout?: Duration
  /**
   * Left out, the target publishes by itself (a feed): publications are taken from the messages, and one is missing for a
   * client if others received it and this one did not, or if its `sequence` was left out for everybody. Lag counts from the
   * message's `publishedAtMs`, less the distance between the clocks, or else from the first receipt.
   */
  readonly publish?: PublishOptions
  /**
   * Which publication a message is, or which publications it holds. Must depend on the message alone: equal messages are
   * identified once, unless the function records a custom metric. A run in which more than 1% of the messages are not identified is invalid. An error of the function
   * ends the run, except a `SyntaxError`: a message that is not valid JSON is not identified.
   */
  readonly identify: (message: Message) => IdentifyResult
  /**
   * The group (room, channel, topic) that a client subscribes to, or a list of several. Publications take turns over the
   * groups, and are expected by whoever is a member at that instant.
   *
   * @default no groups, everybody expects everything
   */
  readonly group?: (vu: Vu<D>) => string | readonly string[]
  /**
   * When the client joins and leaves groups during the run. From what it sends until that is acknowledged, deliveries of
   * the group are neither missing nor unexpected, nor is what was due less than `joinDelay` before it leaves.
   *
   * @default never
   */
  readonly moves?: (vu: Vu<D>) => readonly Move[]
  /** How long is published and counted; cut by the scale. */
  readonly duration: Duration
  /** Publishing before that which is not counted. @default 0; of a feed, 2 s, in which the distance of its clock is estimated */
  readonly warmup?: Duration
  /** A delivery is late past this lag. @default `'1s'` */
  readonly lateThreshold?: Duration
  /**
   * How long the run watches after the last publication: what has not come by then is missing; duplicates, and messages
   * that were not for their client, count until then. No shorter than `lateThreshold`; moves that are not acknowledged yet are
   * waited for beyond it.
   *
   * @default up to `'5s'`: at least `lateThreshold`, and until everything expected has come and half a second passed without a
   * message
   */
  readonly drainDuration?: Duration
  /** Whether a lost socket is opened anew, after so long (`true`: 1 s). @default false */
  readonly reconnect?: boolean | Duration
}

/** Options read, scaled and with defaults filled in. */
export interface FanOutPlan<D = never> extends SocketPlan<D> {
  readonly name: string
  /** Name of the scale that reduced sockets or duration. */
  readonly reducedTo: string | undefined
  readonly clients: number
  readonly subscribe: FanOutOptions<D>['subscribe']
  readonly isSubscribed: FanOutOptions<D>['isSubscribed']
  readonly subscribeTimeoutMs: number
  readonly joinDelayMs: number
  /** `undefined`: the target publishes by itself. */
  readonly publish: PublishPlan | undefined
  readonly identify: (message: Message) => IdentifyResult
  readonly group: FanOutOptions<D>['group']
  readonly moves: FanOutOptions<D>['moves']
  readonly durationMs: number
  readonly warmupMs: number
  readonly lateThresholdMs: number
  /** At most, after the last publication. */
  readonly drainDurationMs: number
  /** At least, though everything has come. */
  readonly watchMs: number
  readonly reconnectAfterMs: number | undefined
}

/** How a run publishes, read. */
export interface PublishPlan {
  readonly ratePerSec: number
  readonly arrivals: Arrivals
  readonly send: PublishOptions['send']
}

/** A plan and how its sockets are held. */
export type PlacedFanOut<D = never> = FanOutPlan<D> & Placement

import type { AbortRules, AbortWhen } from '../../execution/abort-when.ts'
import type { DataOption } from '../../load/data.ts'
import type { Load, ThinkTime } from '../../load/load.ts'
import type { Random } from '../../load/random.ts'
import type { Vu } from '../../load/vu.ts'
import type { Duration } from '../../options/checks.ts'
import type { Message, Outgoing } from '../message.ts'
import type { SocketOptions, SocketPlan } from '../sockets/socket-options.ts'

/** Context of a message to send. */
export interface StepContext<D> {
  /** The VU that sends the message. */
  readonly vu: Vu<D>
  /** Number of iterations that this VU began before this one. */
  readonly iteration: number
  /** Number of the iteration among those of all VUs and generators, from 0; see `RequestContext`. */
  readonly iterationInTest: number
  /** This VU's own stream of random numbers, the same in every run of one seed. */
  readonly random: Random
}

/** Context of a message that may be the response. */
export interface ResponseContext<D> {
  /** The VU that received the message. */
  readonly vu: Vu<D>
  /** Number of iterations that this VU began before this one. */
  readonly iteration: number
  /** Number of the iteration among those of all VUs and generators, from 0; see `RequestContext`. */
  readonly iterationInTest: number
  /** What `send` gave. */
  readonly sent: Outgoing
}

/** A message and its response. */
export interface ConversationStep<D> {
  /** @default `step`, numbered where there are several */
  readonly name?: string
  /** Message to send, or a function that returns it for each iteration. */
  readonly send: Outgoing | ((context: StepContext<D>) => Outgoing)
  /**
   * Whether a message is the response; others are passed over. A message that is not the JSON it is read as is an error of
   * kind `body`; anything else that the function throws, or a promise that it returns, ends the run as the scenario's error.
   *
   * @default the protocol's own response if `framing` has one for what was sent (an acknowledgement of Socket.IO), otherwise
   * the first message to come. If the target also sends messages by itself, those are then taken for responses: give `isResponse`.
   * A run in which more than 1% of the responses may be such messages is invalid
   */
  readonly isResponse?: (message: Message, context: ResponseContext<D>) => boolean
  /**
   * Whether the response is as it should be, by the rules of `http.run()`: `false`, a text (the reason), or a failed
   * `expect` is an error of kind `body`; it passes with `true`, or with nothing. Anything else it returns or throws ends the
   * run as the scenario's error.
   */
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a check may only call `expect`
  readonly check?: (message: Message, context: ResponseContext<D>) => boolean | string | void
  /**
   * Checks of every response by name that do not fail the step, by the rules of `check`. Each has a rate of its own:
   * `run.softCheck('cart is complete')`. A step without a response does not pass. @default none
   */
  readonly softChecks?: Readonly<Record<string, NonNullable<ConversationStep<D>['check']>>>
  /** Pause after the response. @default none */
  readonly thinkTime?:
    | Duration
    | {
        /** Shortest pause. */
        readonly min: Duration
        /** Longest pause. */
        readonly max: Duration
      }
}

/** Options of `ws.run()`: every VU has a connection of its own, open before the load begins. */
export interface ConversationOptions<D = undefined> extends SocketOptions<D> {
  /** @default `conversation 1`, counted up within the scenario */
  readonly name?: string
  /** Load: the number of VUs or the rate, and the duration. */
  readonly load: Load
  /** What an iteration says: one step, or several in order. One that ends in an error ends the iteration. */
  readonly steps: ConversationStep<D> | readonly ConversationStep<D>[]
  /** Rows for `vu.data`: VU i gets row i, beginning again after the last, unless a source assigns rows otherwise. @default no data */
  readonly data?: DataOption<D>
  /** Sent on every new connection, before anything else. @default nothing */
  readonly onOpen?: (vu: Vu<D>) => Outgoing | readonly Outgoing[]
  /** Whether a message says that the greeting was taken. @default nothing is waited for */
  readonly isReady?: (message: Message, vu: Vu<D>) => boolean
  /** A greeting without a response by then has failed. @default `'10s'` */
  readonly readyTimeout?: Duration
  /** From the send (with connecting, where needed) to the response. @default `'10s'` */
  readonly timeout?: Duration
  /** Load of the same shape as at the beginning, sent before and counted nowhere. @default none */
  readonly warmup?: Duration
  /** Open models: how long an iteration waits for a free VU before it is dropped. @default until the load ends */
  readonly maxQueueTime?: Duration
  /** Condition that aborts the run; `false`: never. @default `{ errorRateAbove: 0.9, duration: '5s' }` */
  readonly abortWhen?: AbortWhen | false
}

/** A step read. */
export interface Step<D> {
  readonly name: string
  readonly send: ConversationStep<D>['send']
  readonly isResponse: ConversationStep<D>['isResponse']
  readonly check: ConversationStep<D>['check']
  readonly softChecks: readonly (readonly [name: string, check: NonNullable<ConversationStep<D>['check']>])[]
  readonly thinkTime: ThinkTime
}

/** Options read, with defaults filled in; not scaled. */
export interface ConversationPlan<D> extends SocketPlan<D> {
  readonly name: string
  readonly load: Load
  readonly steps: readonly Step<D>[]
  readonly data: DataOption<D> | undefined
  readonly onOpen: ConversationOptions<D>['onOpen']
  readonly isReady: ConversationOptions<D>['isReady']
  readonly readyTimeoutMs: number
  readonly timeoutMs: number
  readonly warmupMs: number
  readonly maxQueueTimeMs: number
  readonly abortWhen: AbortRules | undefined
}

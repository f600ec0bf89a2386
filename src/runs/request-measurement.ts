import type { HeartbeatCounts } from '../evidence/fan-out-counts.ts'
import type { GeneratorLimits } from '../execution/generator-limits.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { Executed } from '../execution/workload.ts'
import type { History } from '../history/history.ts'
import type { Load } from '../load/load.ts'
import type { SlowRequest } from '../results/result.ts'

/** Connections of a run. Opening them before the load begins is no part of any latency; opening one again is. */
export interface ConnectionFigures {
  /** Of a WebSocket: messages that came during steps that timed out, and that were not taken for the response. */
  readonly notTaken?: number
  /** Of WebSocket steps without `response`; absent if each was followed by one message alone. */
  readonly firstMessages?: FirstMessageCounts
  readonly opened: number
  /** Attempts that failed. */
  readonly refused: number
  /** Connections the target closed while idle; each is opened again when its VU's next request is due. */
  readonly closedIdle: number
  /**
   * Connections replaced before they were used again: idle for longer than the target announces (`Keep-Alive: timeout=n`)
   * or was seen to keep them, or for longer than any other had been.
   */
  readonly replaced: number
  /** Requests reset on a connection that had been used before: none is sent again. */
  readonly resetAfterUse: number
  /** The shortest and the longest idle time before one of those; `undefined` if there were none. */
  readonly resetIdleMs?: { readonly min: number; readonly max: number } | undefined
  /** The idle time after which the target was seen to close connections; `undefined` if it was not. */
  readonly keptIdleMs?: number | undefined
  readonly openAtEnd: number
  readonly maxOpen: number
}

/** WebSocket steps in which the first message to come was taken for the response, as no `response` was given. */
export interface FirstMessageCounts {
  /** Responses taken so. */
  readonly taken: number
  /** Messages beyond the first. */
  readonly surplus: number
  /**
   * Responses that may be messages which the target sent by itself: all that were taken on a connection before a surplus
   * message came. 0 if every step brought the same number of messages.
   */
  readonly doubtful: number
}

/** What the engine hands over when a run has ended. */
export interface HttpMeasurement extends Executed {
  /** `conversation`: the requests were messages over WebSocket. */
  readonly kind: 'http' | 'conversation'
  readonly name: string
  /** As put on, after scaling. */
  readonly load: Load
  /** Name of the scale that reduced the load; absent if it is as written. */
  readonly reducedTo?: string
  /** Why the load is larger than its scale says. */
  readonly scaleNote?: string
  readonly series: readonly RequestSeries[]
  /** Worst first, of steady and spike phases. */
  readonly slowest: readonly SlowRequest[]
  /** In order, as written. */
  readonly steps: readonly string[]
  readonly limits: GeneratorLimits
  readonly connections: ConnectionFigures
  /** Application heartbeats of WebSockets; absent if none was to be sent. */
  readonly heartbeats?: HeartbeatCounts
  /** Where the target was asked for, without credentials. */
  readonly origin: string
  /** Why nothing that was sent got a response, and what to do, if that could be found out. */
  readonly diagnosis?: string
  readonly history: History | undefined
}

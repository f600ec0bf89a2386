import type { Companion } from '../evidence/companion.ts'
import type { HeartbeatCounts } from '../evidence/fan-out-counts.ts'
import type { MergedGenerators } from '../evidence/merged-generators.ts'
import type { GeneratorLimits } from '../execution/generator-limits.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { Executed } from '../execution/workload.ts'
import type { History } from '../history/history.ts'
import type { Load } from '../load/load.ts'
import type { SlowRequest } from '../results/result.ts'
import type { FirstMessageCounts, FirstMessageRecord } from './first-message-counts.ts'
import type { GeneratorFigures } from './generator-figures.ts'

/** Connections of a run. Opening one before the load is not part of any latency; reopening one is. */
export interface ConnectionFigures {
  /** WebSocket: messages that arrived during steps that timed out and did not count as the response. */
  readonly notTaken?: number
  /** WebSocket steps without `isResponse`; absent if each was followed by exactly one message. */
  readonly firstMessages?: FirstMessageCounts
  /** WebSocket: whether each VU could be connected. */
  readonly readiness?: Readiness
  /** Connections opened, reopened ones included. */
  readonly opened: number
  /** Failed attempts. */
  readonly refused: number
  /** Idle connections that the target closed. Each is reopened when its VU's next request is due. */
  readonly closedIdle: number
  /** WebSocket: the same connections by how they were closed: `closed with code 1012 (service restart)`; absent if there is none. */
  readonly closings?: Readonly<Record<string, number>>
  /**
   * Connections replaced before they were used again, because they were idle for longer than the target announces
   * (`Keep-Alive: timeout=n`), than it was observed to keep them, or than any other connection had been.
   */
  readonly replaced: number
  /** Requests reset on a connection that had been used before. None is sent again. */
  readonly resetAfterUse: number
  /** Shortest and longest idle time before such a reset; `undefined` if there was none. */
  readonly resetIdleMs?:
    | {
        /** Shortest, in milliseconds. */
        readonly min: number
        /** Longest, in milliseconds. */
        readonly max: number
      }
    | undefined
  /** Observed idle time after which the target closes connections; `undefined` if it closed none. */
  readonly idleTimeoutMs?: number | undefined
  /** HTTP: redirects that were followed; absent if there was none. */
  readonly redirects?: number
  /** Connections open at the end of the run. */
  readonly openAtEnd: number
  /** Highest number of connections open at one time. */
  readonly maxOpen: number
}

/** A journey of a mix. */
export interface WeightedJourney {
  readonly name: string
  readonly weight: number
}

/** Numbers of VUs that had a connection at any time, and that had none. */
export interface Readiness {
  /** VUs that began an iteration, in the warm-up or in the load. */
  readonly began: number
  /** Those that never had a connection on which they could send, by kind of failure. */
  readonly neverReady: Readonly<Record<string, number>>
  /** Those of them that the target rejected: no delay or limit of the generator can be the cause. */
  readonly rejected: number
  /** What to do about the failures; absent if their kinds do not show it. */
  readonly fix?: string
}

/** Measurement of a finished run. */
export interface HttpMeasurement extends Executed {
  /** `conversation`: the requests were messages over WebSocket. */
  readonly kind: 'http' | 'conversation'
  readonly name: string
  /** The applied load, after scaling. */
  readonly load: Load
  /** Name of the scale that reduced the load; absent at full scale. */
  readonly reducedTo?: string
  /** Why the load was reduced less than by its scale. */
  readonly scaleNote?: string
  readonly series: readonly RequestSeries[]
  /** Slowest requests of steady and spike phases, slowest first. */
  readonly slowest: readonly SlowRequest[]
  /** Names of the steps, in order. */
  readonly steps: readonly string[]
  /** Journeys of a mix, in order; absent in a run without a mix. */
  readonly journeys?: readonly WeightedJourney[]
  /** Whether a flow sent the requests: its iterations end only if its function does. Absent if not. */
  readonly hasFlow?: true
  readonly limits: GeneratorLimits
  readonly connections: ConnectionFigures
  /** WebSocket: from which `connections.firstMessages` is calculated. */
  readonly firstMessages?: FirstMessageRecord
  /** Application heartbeats of WebSockets; absent if none was configured. */
  readonly heartbeats?: HeartbeatCounts
  /** Origin of the target, without credentials. */
  readonly origin: string
  /** Why no request got a response, with a fix, if the cause was found. */
  readonly diagnosis?: string
  readonly history: History | undefined
  /** Runs that were in progress in parallel; absent if there was none. */
  readonly companions?: readonly Companion[]
  /** The generators of a merged run, in order of their index; absent if there was only one. */
  readonly generators?: MergedGenerators<GeneratorFigures>
}

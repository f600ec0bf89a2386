import type { Load } from '../load/load.ts'
import type { GeneratorLimits } from './generator-limits.ts'
import type { History } from './history.ts'
import type { RequestSeries } from './http-scope.ts'
import type { SlowRequest } from './result.ts'
import type { Executed } from './workload.ts'

/** How the connections of a run fared. Opening them before the load begins is no part of any latency. */
export interface ConnectionFigures {
  readonly opened: number
  /** Attempts that came to nothing. */
  readonly refused: number
  /** Connections the target closed while idle; each is opened again when its VU's next request is due. */
  readonly closedIdle: number
  /** Requests sent a second time because an idle connection turned out to be closed (safe methods and idempotency keys). */
  readonly resent: number
  readonly openAtEnd: number
  readonly maxOpen: number
}

/** What the engine hands over when a run has ended. */
export interface HttpMeasurement extends Executed {
  /** `conversation`: the requests were messages over WebSocket. */
  readonly kind: 'http' | 'conversation'
  readonly name: string
  /** As put on, after scaling. */
  readonly load: Load
  /** Name of the scale that reduced the load; absent where it is as written. */
  readonly reducedTo?: string
  readonly series: readonly RequestSeries[]
  /** Worst first, of steady and spike phases. */
  readonly slowest: readonly SlowRequest[]
  /** In order, as written. */
  readonly steps: readonly string[]
  readonly limits: GeneratorLimits
  readonly connections: ConnectionFigures
  /** Where the target was asked for, without credentials. */
  readonly origin: string
  readonly history: History | undefined
}

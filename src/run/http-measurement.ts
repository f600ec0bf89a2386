import type { Load, Phase } from '../load/load.ts'
import type { GeneratorLimits } from './generator-limits.ts'
import type { GeneratorHealth } from './generator.ts'
import type { History } from './history.ts'
import type { RequestSeries } from './http-scope.ts'
import type { Gauges } from './lookout.ts'
import type { SlowRequest } from './result.ts'

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

/**
 * Whose doing it was that a run's own `abortWhen` ended it. `target`: its errors were answers, refusals and resets, which
 * no shortage on the generator's side brings about. `target or generator`: it could have been either, such as time-outs.
 */
export type AbortBlame = 'target' | 'target or generator'

/** What the engine hands over when a run has ended. */
export interface HttpMeasurement {
  /** `conversation`: the requests were messages over WebSocket. */
  readonly kind: 'http' | 'conversation'
  readonly name: string
  /** As put on, after scaling. */
  readonly load: Load
  /** Name of the scale that reduced the load; absent where it is as written. */
  readonly reducedTo?: string
  /** Warm-up included, cut where the run ended. */
  readonly phases: readonly Phase[]
  readonly series: readonly RequestSeries[]
  /** Worst first, of steady and spike phases. */
  readonly slowest: readonly SlowRequest[]
  /** In order, as written. */
  readonly steps: readonly string[]
  /** At the end of each second: requests in flight and VUs taking part. */
  readonly gauges: readonly Gauges[]
  /** When it began, on this process's clock (`performance.now()`). */
  readonly startMs: number
  readonly durationMs: number
  readonly generator: GeneratorHealth
  readonly limits: GeneratorLimits
  readonly connections: ConnectionFigures
  /** Where the target was asked for, without credentials. */
  readonly origin: string
  readonly abortReason: string | undefined
  /** Set where the run's own `abortWhen` ended it. */
  readonly abortBlame: AbortBlame | undefined
  readonly history: History | undefined
  readonly warnings: readonly string[]
  /** VUs that would have carried the rate at the latency seen; `undefined` where those there were sufficed. */
  readonly vusNeeded: number | undefined
}

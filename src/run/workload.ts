import type { DrivenVu } from '../load/drivers.ts'
import type { Load, Phase } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { AbortRule } from './abort-when.ts'
import type { RunKind } from './evidence.ts'
import type { Execution } from './execution.ts'
import type { GeneratorLimits } from './generator-limits.ts'
import type { GeneratorHealth } from './generator.ts'
import type { AbortBlame } from './http-measurement.ts'
import type { RequestSeries } from './http-scope.ts'
import type { Gauges } from './lookout.ts'
import type { RunSnapshot } from './snapshot.ts'

export interface ExecutionOptions {
  readonly name: string
  readonly kind: RunKind
  /** After scaling. */
  readonly load: Load
  readonly warmupMs: number
  /** How long an iteration may go on after the load's end: as long as one request may take. */
  readonly graceMs: number
  /** Open models: what waited so long for a free VU is dropped. */
  readonly dropAfterMs: number
  readonly abortWhen: AbortRule | undefined
  readonly limits: GeneratorLimits
  readonly random: Random
  readonly signal: AbortSignal
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
}

/** What VUs do, and where it is counted: requests over HTTP, conversations over WebSocket. */
export interface Workload<V extends DrivenVu> {
  /** Makes the VUs and opens their connections, before the load begins. */
  open(execution: Execution<V>): Promise<readonly V[]>
  close(): Promise<void>
  /** Requests sent and not answered yet. */
  readonly inFlight: number
  readonly openSockets: number
  readonly series: readonly RequestSeries[]
  /** Where an iteration that was never begun is counted. */
  dropped(random: Random): RequestSeries
}

/** What an execution leaves, of itself; what was counted is in the workload's series. */
export interface Executed {
  /** Warm-up included, cut where the run ended. */
  readonly phases: readonly Phase[]
  readonly gauges: readonly Gauges[]
  readonly startMs: number
  readonly durationMs: number
  readonly generator: GeneratorHealth
  readonly abortReason: string | undefined
  readonly abortBlame: AbortBlame | undefined
  readonly vusNeeded: number | undefined
  readonly warnings: readonly string[]
}

import type { RunKind } from '../evidence/evidence.ts'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { DrivenVu } from '../load/drivers.ts'
import type { Load, Phase } from '../load/load.ts'
import type { Pacer } from '../load/pacer.ts'
import type { Random } from '../load/random.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { AbortBlame } from './abort-watch.ts'
import type { AbortRule } from './abort-when.ts'
import type { GeneratorLimits } from './generator-limits.ts'
import type { RequestSeries } from './request-scope.ts'
import type { Gauges } from './run-monitor.ts'
import type { Tally } from './tally.ts'
import type { VuDemand } from './vu-demand.ts'

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

/** An execution as its VUs see it. */
export interface RunningExecution<V> {
  readonly pacer: Pick<Pacer, 'at'>
  readonly tally: Tally
  /** When the run began, of `performance.now()`. */
  readonly startMs: number
  /** No request may be sent any more. */
  readonly isOver: boolean
  /** A VU has begun an iteration. @returns whether hardly any other VU is busy */
  iterationBegan(): boolean
  /**
   * An iteration that began in the warm-up is of it to its end, also the steps that are due when the load has begun.
   *
   * @param beganMs since the start of the run, when the iteration was due
   * @returns the last moment, since the start of the run, at which its requests are counted
   */
  countedUntilMs(beganMs: number): number
  /** A VU has ended its iteration. To be called once for each `begin`. */
  iterationEnded(vu: V, endMs: number): void
  /** The scenario's own code failed: the run is pointless. */
  scenarioFailed(error: unknown): void
}

/** What VUs do, and where it is counted: requests over HTTP, conversations over WebSocket. */
export interface Workload<V extends DrivenVu> {
  /** The think time within an iteration, between its steps, on average. */
  readonly stepThinkMs: number
  /** Makes the VUs and opens their connections, before the load begins. */
  open(execution: RunningExecution<V>): Promise<readonly V[]>
  close(): Promise<void>
  /** Requests sent, without a response yet. */
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
  /** At the end of each second: requests in flight and VUs taking part. */
  readonly gauges: readonly Gauges[]
  /** When it began, on this process's clock (`performance.now()`). */
  readonly startMs: number
  readonly durationMs: number
  readonly generator: GeneratorHealth
  readonly abortReason: string | undefined
  /** Set where the run's own `abortWhen` ended it. */
  readonly abortBlame: AbortBlame | undefined
  /** `undefined` in a closed model, and if a VU was free at every moment. */
  readonly vuDemand: VuDemand | undefined
  readonly warnings: readonly string[]
}

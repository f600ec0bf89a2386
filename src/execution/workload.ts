import type { RunKind } from '../evidence/evidence.ts'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import type { DrivenVu } from '../load/drivers.ts'
import type { Load, Phase } from '../load/load.ts'
import type { Pacer } from '../load/pacer.ts'
import type { Random } from '../load/random.ts'
import type { Division } from '../load/share.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { AbortCause } from './abort-watch.ts'
import type { AbortRules } from './abort-when.ts'
import type { MetricRecorder, MetricSeries } from './custom-metrics/metric-recorder.ts'
import type { GeneratorLimits } from './generator-limits.ts'
import type { IterationSeries, IterationTimes } from './iteration-times.ts'
import type { RequestSeries } from './request-scope.ts'
import type { Gauges } from './run-monitor.ts'
import type { Tally } from './tally.ts'
import type { VuDemand, VuUse } from './vu-demand.ts'

export interface ExecutionOptions {
  readonly name: string
  readonly kind: RunKind
  /** The load after scaling. */
  readonly load: Load
  readonly warmupMs: number
  /** Time for which an iteration may continue after the load has ended: the longest time of one request. */
  readonly graceMs: number
  /** Open models: time after which a request that waits for a free VU is dropped. */
  readonly maxQueueTimeMs: number
  readonly abortWhen: AbortRules | undefined
  /** Most requests that one iteration sends; `undefined` if that depends on the responses. */
  readonly maxRequestsPerIteration?: number | undefined
  readonly limits: GeneratorLimits
  readonly random: Random
  /** Share of this generator; `undefined` if it carries the whole load. */
  readonly division?: Division | undefined
  /** Called when the connections are open. The load begins when it resolves. @default at once */
  readonly ready?: (() => Promise<void>) | undefined
  readonly signal: AbortSignal
  readonly onSnapshot: ((snapshot: RunSnapshot) => void) | undefined
  /** Whether to time whole iterations; not needed if each is one request. */
  readonly timesIterations: boolean
}

/** An execution as its VUs see it. */
export interface RunningExecution<V> {
  readonly pacer: Pick<Pacer, 'at'>
  readonly tally: Tally
  /** `undefined` if iterations are not timed. */
  readonly iterationTimes: IterationTimes | undefined
  /** Custom metrics and soft checks of the run. */
  readonly metrics: MetricRecorder
  /** Start of the run on the machine clock. */
  readonly startMs: number
  /** Whether no more requests may be sent. */
  readonly isOver: boolean
  /** Counts an iteration that a VU has begun. @returns whether at most a tenth of the VUs are busy */
  iterationBegan(): boolean
  /**
   * An iteration that began in the warm-up belongs to it completely, including steps that are due after the load has begun.
   *
   * @param beganMs intended start of the iteration since the start of the run
   * @returns the latest time since the start of the run at which its requests are counted
   */
  countedUntilMs(beganMs: number): number
  /** Counts an iteration that a VU has ended. Called once for each `begin`. */
  iterationEnded(vu: V, endMs: number): void
  /** Aborts the run, because the scenario's code failed. */
  scenarioFailed(error: unknown): void
}

/** The work of the VUs and its counts: requests over HTTP, or conversations over WebSocket. */
export interface Workload<V extends DrivenVu> {
  /** Mean think time within an iteration, between its steps. */
  readonly stepThinkMs: number
  /** Creates the VUs of the share, in order of their ids, and opens their connections, before the load begins. */
  open(execution: RunningExecution<V>): Promise<readonly V[]>
  close(): Promise<void>
  /** Called when no more requests may be sent, before {@link close}. */
  onOver?(): void
  /** Sent requests without a response. */
  readonly inFlight: number
  readonly openSockets: number
  readonly series: readonly RequestSeries[]
  /** The series in which an iteration is counted that was never begun. */
  dropped(random: Random): RequestSeries
}

/** Result of an execution. The counts are in the workload's series. */
export interface Executed {
  /** Phases including the warm-up, cut at the end of the run. */
  readonly phases: readonly Phase[]
  /** Requests in flight and VUs taking part at the end of each second. */
  readonly gauges: readonly Gauges[]
  /** Start of the run on the machine clock. */
  readonly startMs: number
  readonly durationMs: number
  /** Times of iterations and groups; empty if they are not timed. */
  readonly iterations: readonly IterationSeries[]
  /** Custom metrics and soft checks. */
  readonly metrics: readonly MetricSeries[]
  readonly generator: GeneratorHealth
  readonly abortReason: string | undefined
  /** Set if `abortWhen` aborted the run. */
  readonly abortCause: AbortCause | undefined
  readonly vuUse: VuUse
  /** Calculated from `vuUse`, of this generator's share. `undefined` in a closed model, and if a VU was always free. */
  readonly vuDemand: VuDemand | undefined
  readonly warnings: readonly string[]
}

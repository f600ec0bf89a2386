import type { MetricRecorder } from '../execution/custom-metrics/metric-recorder.ts'
import { recordIn, recordInPromise, type RecordingContext } from '../execution/custom-metrics/recording-context.ts'
import type { Phase } from '../load/load.ts'
import type { ClientsPlan } from './fan-out/clients-plan.ts'

/** A run whose functions record custom metrics. */
export interface RecordedRun {
  readonly metrics: MetricRecorder
  readonly phases: readonly Phase[]
  /** Time since the load began; NaN before. */
  readonly elapsedMs: number
  /** Whether the run has ended: nothing counts any more. */
  readonly isOver: boolean
  scenarioFailed(error: unknown): void
}

/**
 * Context of the functions that open and subscribe connections. Values count when they are recorded. Like connect times,
 * connections that are opened before the load are judged: they count at the start of what is judged.
 */
export class ConnectionRecording implements RecordingContext {
  readonly #run: RecordedRun
  readonly #judgedFromMs: number

  constructor(run: RecordedRun) {
    this.#run = run
    const { phases } = run
    const judged = phases.find(({ name }) => name === 'steady' || name === 'spike')
    this.#judgedFromMs = (judged ?? phases.find(({ name }) => name !== 'warmup') ?? phases[0]!).startMs
  }

  get metrics(): MetricRecorder {
    return this.#run.metrics
  }

  get countedMs(): number {
    const { elapsedMs } = this.#run
    return Number.isNaN(elapsedMs) ? this.#judgedFromMs : elapsedMs
  }

  get elapsedMs(): number {
    const { elapsedMs } = this.#run
    return Number.isNaN(elapsedMs) ? 0 : elapsedMs
  }

  scenarioFailed(error: unknown): void {
    this.#run.scenarioFailed(error)
  }

  mayRecord(): boolean {
    return !this.#run.isOver
  }
}

type ConnectionFunctions<D> = Pick<ClientsPlan<D>, 'handshake' | 'subscribe' | 'isSubscribed'>

/** The functions of a plan, which then record in a context. */
export function recorded<D>(
  context: RecordingContext,
  { handshake, subscribe, isSubscribed }: ConnectionFunctions<D>,
): ConnectionFunctions<D> {
  return {
    handshake: (vu, instance) => recordInPromise(context, () => handshake(vu, instance)),
    subscribe: subscribe && ((vu) => recordIn(context, () => subscribe(vu))),
    isSubscribed: isSubscribed && ((message, vu) => recordIn(context, () => isSubscribed(message, vu))),
  }
}

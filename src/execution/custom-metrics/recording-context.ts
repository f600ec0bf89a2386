import { AsyncLocalStorage } from 'node:async_hooks'
import type { MetricRecorder } from './metric-recorder.ts'

/** A request or an iteration whose function of the scenario runs: what custom metrics record then belongs to it. */
export interface RecordingContext {
  readonly metrics: MetricRecorder
  /** When it counts, since the start of the run. */
  readonly countedMs: number
  /** Time since the start of the run. */
  readonly elapsedMs: number
  /** Ends the run with an error, which the function may catch. */
  scenarioFailed(error: unknown): void
  /**
   * Called before a value is recorded; absent if it always may be.
   *
   * @returns whether the value counts
   * @throws {ScenarioError} if the iteration has ended
   */
  mayRecord?(call: string): boolean
}

/** What a function runs for that returns without waiting, such as a request. */
export const metricContext: { current: RecordingContext | undefined } = { current: undefined }

/** What a function runs for that waits, such as the iteration of a flow: meanwhile, other functions run. */
const iterations = new AsyncLocalStorage<RecordingContext>()

/** Whether metrics were created in this process. If not, functions run without {@link iterations}, which costs time. */
let isUsed = false

export function useMetrics(): void {
  isUsed = true
}

/** Calls the flow of an iteration: what it records belongs to the iteration. */
export function callFlow<I extends RecordingContext>(flow: (iteration: I) => unknown, iteration: I): unknown {
  return isUsed ? iterations.run(iteration, flow, iteration) : flow(iteration)
}

/** Calls a function that returns without waiting: what it records belongs to the context. */
export function recordIn<T>(context: RecordingContext, call: () => T): T {
  const before = metricContext.current
  metricContext.current = context
  try {
    return call()
  } finally {
    metricContext.current = before
  }
}

/** Like {@link recordIn}, for a function that may return a promise. */
export function recordInPromise<T>(context: RecordingContext, call: () => T): T {
  return isUsed ? iterations.run(context, call) : call()
}

/** The request or iteration whose function runs. */
export function currentRecording(): RecordingContext | undefined {
  return metricContext.current ?? iterations.getStore()
}

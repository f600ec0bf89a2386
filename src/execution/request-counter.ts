import { now } from '../machine/clock.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import type { MetricRecorder } from './custom-metrics/metric-recorder.ts'
import type { RecordingContext } from './custom-metrics/recording-context.ts'
import type { RequestSeries } from './request-scope.ts'
import type { RequestWindow } from './request-timeline.ts'
import type { RunningExecution } from './workload.ts'

type CountingExecution = Pick<RunningExecution<never>, 'tally' | 'startMs' | 'metrics' | 'scenarioFailed'>

/** Counter of the requests that are sent one after another over one connection. */
export class RequestCounter implements RecordingContext {
  /** Intended start of the current request, in milliseconds since the start of the run. */
  intendedMs = 0
  /** When the request counts: its intended start, but the end of the warm-up for an iteration that began in it. */
  countedMs = 0
  #window: RequestWindow | undefined
  readonly #execution: CountingExecution

  constructor(execution: CountingExecution) {
    this.#execution = execution
  }

  get metrics(): MetricRecorder {
    return this.#execution.metrics
  }

  scenarioFailed(error: unknown): void {
    this.#execution.scenarioFailed(error)
  }

  get elapsedMs(): number {
    return now() - this.#execution.startMs
  }

  /**
   * @param intendedMs intended start of the next request since the start of the run
   * @param countedUntilMs latest time at which requests of its iteration are counted
   */
  setIntendedStart(intendedMs: number, countedUntilMs: number): void {
    this.intendedMs = intendedMs
    this.countedMs = Math.min(intendedMs, countedUntilMs)
  }

  /** Window in which the current request counts. */
  get window(): RequestWindow {
    return this.#window!
  }

  countSent({ timeline }: RequestSeries): void {
    const window = timeline.at(this.countedMs)
    this.#window = window
    window.offered++
    window.sent++
    this.#execution.tally.offered++
    this.#execution.tally.sent++
  }

  /** Counts a request that was due but is not sent. */
  countDropped({ timeline }: RequestSeries): void {
    const window = timeline.at(this.countedMs)
    window.offered++
    window.dropped++
    this.#execution.tally.offered++
    this.#execution.tally.dropped++
  }

  /**
   * Counts an ended request for live figures.
   *
   * Its latency is never shorter than its service time: a request cannot be due after it was sent, and an intended start
   * after that would be a pass for a target that is too slow.
   *
   * @param ending the status, or the kind of error instead of a response
   * @param sentMs when it was sent (`performance.now()`)
   * @returns its latency in milliseconds
   */
  countEnded(step: string, ending: number | ErrorKind | 'responded', sentMs: number, endMs: number): number {
    const { tally, startMs } = this.#execution
    const latencyMs = endMs - Math.min(startMs + this.intendedMs, sentMs)
    tally.completed++
    tally.responseTimes.record(step, ending, latencyMs * 1000)
    return latencyMs
  }

  /** How late a request is that is sent at `sentMs` (`performance.now()`). */
  lateMs(sentMs: number): number {
    return sentMs - this.#execution.startMs - this.intendedMs
  }
}

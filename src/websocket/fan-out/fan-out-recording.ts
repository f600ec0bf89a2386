import { MetricRecorder } from '../../execution/custom-metrics/metric-recorder.ts'
import type { RecordingContext } from '../../execution/custom-metrics/recording-context.ts'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { Phase } from '../../load/load.ts'
import { ConnectionRecording, type RecordedRun } from '../connection-recording.ts'
import { nowUs } from '../sockets/clock.ts'

/** Custom metrics that functions of a fan-out record, and the contexts of these functions. */
export class FanOutRecording implements RecordedRun {
  readonly phases: readonly Phase[]
  readonly metrics: MetricRecorder
  /** Context of the functions that open and subscribe clients. */
  readonly connections: ConnectionRecording
  /** Context of `identify`. */
  readonly messages: MessageRecording
  /** Instant at which publishing began, on the clock of `nowUs()`; NaN before. */
  startUs = Number.NaN
  isOver = false
  readonly scenarioFailed: (error: unknown) => void

  /** @param scenarioFailed called with an error that ends the run */
  constructor(phases: readonly Phase[], scenarioFailed: (error: unknown) => void) {
    this.phases = phases
    this.scenarioFailed = scenarioFailed
    this.metrics = new MetricRecorder(phases)
    this.connections = new ConnectionRecording(this)
    this.messages = new MessageRecording(this)
  }

  get elapsedMs(): number {
    return this.sinceStartMs(nowUs())
  }

  sinceStartMs(atUs: number): number {
    return (atUs - this.startUs) / 1000
  }
}

abstract class Recording implements RecordingContext {
  protected readonly run: FanOutRecording

  constructor(run: FanOutRecording) {
    this.run = run
  }

  abstract get countedMs(): number

  get metrics(): MetricRecorder {
    return this.run.metrics
  }

  get elapsedMs(): number {
    return this.run.elapsedMs
  }

  scenarioFailed(error: unknown): void {
    this.run.scenarioFailed(error)
  }

  mayRecord(_call: string): boolean {
    return !this.run.isOver
  }
}

/** Context of `identify`. Values count when the message was received; before publishing begins, none does. */
export class MessageRecording extends Recording {
  /** Instant at which the message was received. */
  receivedUs = 0
  /** Set when a value is recorded: `identify` must then be called for equal messages, too. */
  isUsed = false

  get countedMs(): number {
    return this.run.sinceStartMs(this.receivedUs)
  }

  override mayRecord(call: string): boolean {
    this.isUsed = true
    return !Number.isNaN(this.run.startUs) && super.mayRecord(call)
  }
}

/** Context of a call of `publish.send`, until its promise settles. Values count when the publication was due. */
export class PublicationRecording extends Recording {
  /** Set when `send` has resolved or failed. */
  isSettled = false
  readonly #countedMs: number

  constructor(run: FanOutRecording, intendedUs: number) {
    super(run)
    this.#countedMs = run.sinceStartMs(intendedUs)
  }

  get countedMs(): number {
    return this.#countedMs
  }

  override mayRecord(call: string): boolean {
    if (!super.mayRecord(call)) return false
    if (!this.isSettled) return true
    this.scenarioFailed(
      new ScenarioError(
        `publish.send: ${call} was called after the promise of send had settled\n` +
          'Fix: let send return a promise that settles when everything that it starts has ended',
      ),
    )
    return false
  }
}

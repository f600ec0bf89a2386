import { Histogram } from '../stats/histogram.ts'
import type { ClientSet } from './client-set.ts'

/** One publication and what became of its deliveries so far. */
export class Publication {
  readonly id: string
  /** From 1, ascending over the run. */
  readonly sequence: number
  /** When it was due, on the clock of `nowUs()`. */
  readonly intendedUs: number
  /** Which second of the counted part it was due in; `undefined` during warm-up. */
  readonly second: number | undefined
  readonly group: string | undefined
  /** Shared with other publications of the same subscribers; its bits are not to be changed. */
  expected: ClientSet
  readonly received: ClientSet
  onTime = 0
  late = 0
  duplicate = 0
  outOfOrder = 0
  maxUs = Number.NaN
  isFailed = false
  /** When `send` was called, and when it answered; on the clock of `nowUs()`. */
  sentUs = Number.NaN
  answeredUs = Number.NaN
  /** The publisher's own time stamp, on its clock. */
  stampedAtMs = Number.NaN
  #lags: Histogram | undefined = new Histogram()
  #p95Ms: number | undefined

  constructor(options: {
    id: string
    sequence: number
    intendedUs: number
    second: number | undefined
    group?: string | undefined
    expected: ClientSet
    received: ClientSet
  }) {
    this.id = options.id
    this.sequence = options.sequence
    this.intendedUs = options.intendedUs
    this.second = options.second
    this.group = options.group
    this.expected = options.expected
    this.received = options.received
  }

  get isCounted(): boolean {
    return this.second !== undefined
  }

  get missing(): number {
    return this.expected.size - this.received.size
  }

  recordLag(us: number): void {
    this.#lags?.record(us)
    if (!(us <= this.maxUs)) this.maxUs = us
    if (this.missing === 0) this.seal()
  }

  /** Gives up the histogram, some kilobytes, for the figures drawn from it. Deliveries that follow still count. */
  seal(): void {
    if (this.#lags === undefined) return
    this.#p95Ms = p95Of(this.#lags)
    this.#lags = undefined
  }

  /** Of the deliveries received before {@link seal}; `undefined` where there was none. */
  get p95Ms(): number | undefined {
    return this.#lags === undefined ? this.#p95Ms : p95Of(this.#lags)
  }
}

function p95Of(lags: Histogram): number | undefined {
  return lags.count === 0 ? undefined : lags.percentileUs(0.95) / 1000
}

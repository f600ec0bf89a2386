import { Histogram } from '../../stats/histogram.ts'
import type { ClientSet } from './client-set.ts'
import type { Group } from './group.ts'

/** A publication that is due. */
export interface PublicationDue {
  readonly id: string
  /** Number that ascends over the run; in a feed, the feed's sequence. */
  readonly sequence: number
  readonly group?: string | undefined
  /** Instant at which it was due, on the clock of `nowUs()`. */
  readonly intendedUs: number
  /** Second of the counted part in which it was due; `undefined` in the warm-up, which is not counted. */
  readonly second: number | undefined
  /** Whether another generator sends it; `undefined` if there is only one. */
  readonly isRemote?: boolean | undefined
}

/** A publication and its deliveries so far. */
export class Publication {
  readonly id: string
  readonly sequence: number
  intendedUs: number
  readonly second: number | undefined
  readonly group: Group
  /** Lane in which order is compared: that of its group, or of the group that `identify` returned. */
  lane: number
  /** Number by which a feed orders it; `undefined` if its messages have none. Always `sequence` if the run publishes. */
  orderedBy: 'sequence' | 'time stamps' | undefined = 'sequence'
  /** Clients that expect it. Shared with other publications of the same members; do not change it. */
  expected: ClientSet
  readonly received: ClientSet
  onTime = 0
  late = 0
  duplicate = 0
  outOfOrder = 0
  unexpected = 0
  maxUs = Number.NaN
  isFailed = false
  /** Whether only the number that a feed skipped shows that it was published. */
  isSkipped = false
  /** Whether several generators have deliveries of it. */
  readonly isShared: boolean
  /** Whether another generator sent it. */
  readonly isRemote: boolean
  /** Whether only its sender knows when it reached the target. */
  isUnknown: boolean
  /** Instants at which `send` was called and at which it resolved, on the clock of `nowUs()`. */
  sentUs = Number.NaN
  respondedUs = Number.NaN
  /** Instant at which `send` failed, on the same clock. */
  failedUs = Number.NaN
  /** Time stamp of the publisher, on its clock. */
  stampedAtMs = Number.NaN
  /** Whether its lags are unknown: a publication without a time stamp in a feed whose lags count from time stamps. */
  isLagUnknown = false
  /** Clients that were joining or leaving the group when it was due. */
  readonly #moving: ClientSet | undefined
  /** Clients that left the group while the delivery was in flight. */
  #withdrawn: Set<number> | undefined
  /** Clients that received it as an optional delivery. */
  #optional: Set<number> | undefined
  #lags: Histogram | undefined = new Histogram()
  #p95Ms: number | undefined

  constructor(due: PublicationDue, group: Group, received: ClientSet) {
    this.isShared = due.isRemote !== undefined
    this.id = due.id
    this.sequence = due.sequence
    this.intendedUs = due.intendedUs
    this.second = due.second
    this.group = group
    this.isRemote = due.isRemote === true
    this.isUnknown = this.isRemote
    this.lane = group.index
    this.expected = group.members()
    this.#moving = group.moving()
    this.received = received
  }

  /**
   * Instant at which the target certainly had it: when `send` resolved or, in a feed, when it was due. Infinite while `send`
   * is pending, and until the facts of another generator are known.
   */
  get atTargetUs(): number {
    if (this.isUnknown) return Number.POSITIVE_INFINITY
    if (Number.isNaN(this.sentUs) || this.isFailed) return this.intendedUs
    return Number.isNaN(this.respondedUs) ? Number.POSITIVE_INFINITY : this.respondedUs
  }

  get isCounted(): boolean {
    return this.second !== undefined
  }

  get missing(): number {
    return this.expected.size - this.received.size
  }

  /** Makes the delivery to a client that left optional, as it was in flight. */
  withdraw(client: number): void {
    if (this.#withdrawn === undefined) {
      this.#withdrawn = new Set()
      this.expected = this.expected.clone()
    }
    this.expected.delete(client)
    this.#withdrawn.add(client)
    if (this.missing === 0) this.seal()
  }

  /** Undoes {@link withdraw}, as the delivery should have arrived before the client left. @returns whether the client got it */
  reinstate(client: number): boolean {
    this.#withdrawn!.delete(client)
    this.expected.add(client)
    return this.#optional?.delete(client) === true
  }

  /** Number of clients whose deliveries are not judged, as they were joining or leaving. */
  get openCount(): number {
    return (this.#moving?.size ?? 0) + (this.#withdrawn?.size ?? 0)
  }

  /** Whether the delivery to a client that does not expect it is optional. */
  mayReach(client: number): boolean {
    return this.#moving?.has(client) === true || this.#withdrawn?.has(client) === true || this.group.mayReach(client)
  }

  /** @returns false if the client had already received it */
  receiveOptional(client: number): boolean {
    this.#optional ??= new Set()
    if (this.#optional.has(client)) return false
    this.#optional.add(client)
    return true
  }

  /** @param us infinite if the lag is unknown */
  recordLag(us: number): void {
    if (us === Number.POSITIVE_INFINITY) this.#lags?.recordInfinite()
    else {
      this.#lags?.record(us)
      if (!(us <= this.maxUs)) this.maxUs = us
    }
    if (this.missing === 0) this.seal()
  }

  /** Lags of its deliveries, until the histogram is released. */
  get lags(): Histogram | undefined {
    return this.#lags
  }

  /**
   * Releases the histogram, some kilobytes, and keeps its percentile. Later deliveries still count. It is kept if several
   * generators have deliveries of it, as percentiles cannot be merged.
   */
  seal(): void {
    if (this.#lags === undefined || this.isShared) return
    this.#p95Ms = p95Of(this.#lags, this.missing)
    this.#lags = undefined
  }

  /** 95th percentile of the lag, with missing deliveries as infinitely late; `undefined` if no delivery was expected. */
  get p95Ms(): number | undefined {
    if (this.#lags !== undefined) return p95Of(this.#lags, this.missing)
    if (this.isLagUnknown) return this.#p95Ms
    // Deliveries after the histogram was released are slower than all in it.
    const cameLater = this.#p95Ms === Number.POSITIVE_INFINITY && this.missing <= this.expected.size * 0.05
    return cameLater ? this.maxUs / 1000 : this.#p95Ms
  }
}

function p95Of(lags: Histogram, missing: number): number | undefined {
  const all = lags.withInfinite(missing)
  return all.count === 0 ? undefined : all.percentileUs(0.95) / 1000
}

import { Histogram } from '../../stats/histogram.ts'
import type { ClientSet } from './client-set.ts'
import type { Group } from './group.ts'

/** What is known about a publication when it is due. */
export interface PublicationDue {
  readonly id: string
  /** Ascending over the run; of a feed, the feed's own. */
  readonly sequence: number
  readonly group?: string | undefined
  /** When it was due, on the clock of `nowUs()`. */
  readonly intendedUs: number
  /** Which second of the counted part it was due in; `undefined` for warm-up, which is followed but in no count. */
  readonly second: number | undefined
}

/** One publication and what became of its deliveries so far. */
export class Publication {
  readonly id: string
  readonly sequence: number
  intendedUs: number
  readonly second: number | undefined
  readonly group: Group
  /** Order is compared with others of the same number: of its group, or of what `identify` named so. */
  lane: number
  /** Shared with other publications of the same subscribers; its bits are not to be changed. */
  expected: ClientSet
  readonly received: ClientSet
  onTime = 0
  late = 0
  duplicate = 0
  outOfOrder = 0
  unexpected = 0
  maxUs = Number.NaN
  isFailed = false
  /** When `send` was called, and when it responded; on the clock of `nowUs()`. */
  sentUs = Number.NaN
  respondedUs = Number.NaN
  /** The publisher's own time stamp, on its clock. */
  stampedAtMs = Number.NaN
  /** Who was joining or leaving the group when it was due. */
  readonly #moving: ClientSet | undefined
  /** Who left the group while its delivery was under way. */
  #withdrawn: Set<number> | undefined
  /** Who received it without being expected to, and without being unexpected. */
  #optional: Set<number> | undefined
  #lags: Histogram | undefined = new Histogram()
  #p95Ms: number | undefined

  constructor(due: PublicationDue, group: Group, received: ClientSet) {
    this.id = due.id
    this.sequence = due.sequence
    this.intendedUs = due.intendedUs
    this.second = due.second
    this.group = group
    this.lane = group.index
    this.expected = group.members()
    this.#moving = group.moving()
    this.received = received
  }

  /** When the target certainly had it: not while `send` is pending. Of a feed, when it was due. */
  get atTargetUs(): number {
    if (Number.isNaN(this.sentUs) || this.isFailed) return this.intendedUs
    return Number.isNaN(this.respondedUs) ? Number.POSITIVE_INFINITY : this.respondedUs
  }

  get isCounted(): boolean {
    return this.second !== undefined
  }

  get missing(): number {
    return this.expected.size - this.received.size
  }

  /** The delivery to a client was under way when it left: no longer expected, nor unexpected. */
  withdraw(client: number): void {
    if (this.#withdrawn === undefined) {
      this.#withdrawn = new Set()
      this.expected = this.expected.clone()
    }
    this.expected.delete(client)
    this.#withdrawn.add(client)
    if (this.missing === 0) this.seal()
  }

  /** Clients of which neither the delivery nor its absence says anything: joining or leaving meanwhile. */
  get openCount(): number {
    return (this.#moving?.size ?? 0) + (this.#withdrawn?.size ?? 0)
  }

  /** Whether a client that is not expected to receive it may do so all the same. */
  mayReach(client: number): boolean {
    return this.#moving?.has(client) === true || this.#withdrawn?.has(client) === true || this.group.mayReach(client)
  }

  /** @returns false if the client had received it already */
  receiveOptional(client: number): boolean {
    this.#optional ??= new Set()
    if (this.#optional.has(client)) return false
    this.#optional.add(client)
    return true
  }

  recordLag(us: number): void {
    this.#lags?.record(us)
    if (!(us <= this.maxUs)) this.maxUs = us
    if (this.missing === 0) this.seal()
  }

  /** Gives up the histogram, some kilobytes, for the figures drawn from it. Deliveries that follow still count. */
  seal(): void {
    if (this.#lags === undefined) return
    this.#p95Ms = p95Of(this.#lags, this.missing)
    this.#lags = undefined
  }

  /** Of the deliveries expected, missing ones infinitely late; `undefined` if none was expected. */
  get p95Ms(): number | undefined {
    if (this.#lags !== undefined) return p95Of(this.#lags, this.missing)
    // What came after the histogram was given up is slower than everything in it.
    const cameLater = this.#p95Ms === Number.POSITIVE_INFINITY && this.missing <= this.expected.size * 0.05
    return cameLater ? this.maxUs / 1000 : this.#p95Ms
  }
}

function p95Of(lags: Histogram, missing: number): number | undefined {
  const all = lags.withInfinite(missing)
  return all.count === 0 ? undefined : all.percentileUs(0.95) / 1000
}

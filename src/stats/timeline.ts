import { Histogram } from './histogram.ts'

/** Kind of an error. Dropped requests are counted separately, because they were never sent. */
export type ErrorKind = 'status' | 'timeout' | 'connect' | 'reset' | 'body'

/** Length of a window. */
export const WINDOW_MS = 1000

/** Times and statuses of requests that ended in the same way: in a good response, or in an error. */
export class Ending {
  /** Time from intended start to last byte, or to the failure. */
  readonly latency = new Histogram()
  /** Time from actual send to last byte, or to the failure. */
  readonly serviceTime = new Histogram()
  /** Responses by status code, without requests that got no response. */
  readonly statuses = new Map<number, number>()

  /** Bytes of response bodies as received. */
  bodyBytes = 0

  get count(): number {
    return this.latency.count
  }

  record(latencyUs: number, serviceTimeUs: number, status?: number, bodyBytes = 0): void {
    this.bodyBytes += bodyBytes
    this.latency.record(latencyUs)
    this.serviceTime.record(serviceTimeUs)
    if (status !== undefined) this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
  }

  takeBack(latencyUs: number, serviceTimeUs: number, status?: number, bodyBytes = 0): void {
    this.bodyBytes -= bodyBytes
    this.latency.takeBack(latencyUs)
    this.serviceTime.takeBack(serviceTimeUs)
    if (status === undefined) return
    const left = this.statuses.get(status)! - 1
    if (left === 0) this.statuses.delete(status)
    else this.statuses.set(status, left)
  }

  add(other: Ending): void {
    this.bodyBytes += other.bodyBytes
    this.latency.merge(other.latency)
    this.serviceTime.merge(other.serviceTime)
    for (const [status, count] of other.statuses) this.statuses.set(status, (this.statuses.get(status) ?? 0) + count)
  }
}

const NO_ENDING = new Ending()

/**
 * Counts of the requests that were *due* in one second of a run. Each request is in the window of its intended start,
 * whenever its response arrived: offered = sent + dropped, and every sent request ended in a good response or in an error,
 * except for requests in flight when a run was stopped.
 */
export class Window {
  /** Seconds since the start of the run (warm-up included), the window covers `[second, second + 1)`. */
  readonly second: number
  offered = 0
  sent = 0
  dropped = 0
  readonly errors = new Map<ErrorKind, number>()
  readonly good = new Ending()
  #failed: Ending | undefined
  #unfinished: Histogram | undefined

  constructor(second: number) {
    this.second = second
  }

  /** Requests that ended in an error, with the times up to their failure. */
  get failed(): Ending {
    return this.#failed ?? NO_ENDING
  }

  /** Times until the end of the run of iterations that had not ended by then. Their whole times are unknown. */
  get unfinished(): Histogram | undefined {
    return this.#unfinished
  }

  /** Number of sent requests with a response or an error. */
  get completed(): number {
    return this.good.count + this.failed.count
  }

  /** Number of requests due without a good response: errors, dropped requests, and requests still in flight. */
  get missed(): number {
    return this.offered - this.good.count
  }

  /** Bytes of response bodies as received. */
  get receivedBytes(): number {
    return this.good.bodyBytes + this.failed.bodyBytes
  }

  get errorCount(): number {
    let count = 0
    for (const n of this.errors.values()) count += n
    return count
  }

  /** Responses by status code, good or not. */
  get statuses(): ReadonlyMap<number, number> {
    if (this.#failed === undefined) return this.good.statuses
    const all = new Map(this.good.statuses)
    for (const [status, count] of this.#failed.statuses) all.set(status, (all.get(status) ?? 0) + count)
    return all
  }

  /** Latency of every request due; infinite for those without a good response. */
  latency(): Histogram {
    return this.good.latency.withInfinite(this.missed)
  }

  /** Service time of every request sent; infinite for those without a good response. */
  serviceTime(): Histogram {
    return this.good.serviceTime.withInfinite(this.sent - this.good.count)
  }

  /** Counts a request that got a good response. */
  recordGood(latencyUs: number, serviceTimeUs: number, status?: number, bodyBytes = 0): void {
    this.good.record(latencyUs, serviceTimeUs, status, bodyBytes)
  }

  /** Counts a request that ended in an error, with the times up to its failure. */
  recordError(kind: ErrorKind, latencyUs: number, serviceTimeUs: number, status?: number, bodyBytes = 0): void {
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1)
    this.#failed ??= new Ending()
    this.#failed.record(latencyUs, serviceTimeUs, status, bodyBytes)
  }

  /** Counts an iteration that had not ended when the run did, with the time until then. */
  recordUnfinished(timeUs: number): void {
    this.#unfinished ??= new Histogram()
    this.#unfinished.record(timeUs)
  }

  /** Adds iterations that had not ended when the run did. */
  addUnfinished(times: Histogram): void {
    this.#unfinished ??= new Histogram()
    this.#unfinished.merge(times)
  }

  /** Turns a good request into an error, if its fault is found only later. */
  turnToError(kind: ErrorKind, latencyUs: number, serviceTimeUs: number, status?: number, bodyBytes = 0): void {
    this.good.takeBack(latencyUs, serviceTimeUs, status, bodyBytes)
    this.recordError(kind, latencyUs, serviceTimeUs, status, bodyBytes)
  }

  /** Adds all counts of another window. */
  add(other: Window): void {
    this.offered += other.offered
    this.sent += other.sent
    this.dropped += other.dropped
    this.addEnding(other, 'good')
    this.addEnding(other, 'failed')
    if (other.unfinished !== undefined) this.addUnfinished(other.unfinished)
  }

  /** Adds the requests of another window that ended in one way, without counting them as due or sent. */
  addEnding(other: Window, ending: 'good' | 'failed'): void {
    if (ending === 'good') this.good.add(other.good)
    else if (other.#failed !== undefined) this.addErrors(other.errors, other.#failed)
  }

  /** Adds errors and the requests that ended in them, without counting these as due or sent. */
  addErrors(errors: ReadonlyMap<ErrorKind, number>, failed: Ending): void {
    for (const [kind, count] of errors) this.errors.set(kind, (this.errors.get(kind) ?? 0) + count)
    this.#failed ??= new Ending()
    this.#failed.add(failed)
  }
}

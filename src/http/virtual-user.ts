import { calledEachTime } from '../execution/checked-function.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { RequestWindow } from '../execution/request-timeline.ts'
import { VirtualUserBase } from '../execution/virtual-user-base.ts'
import type { RunningExecution } from '../execution/workload.ts'
import type { Random } from '../load/random.ts'
import { now } from '../machine/clock.ts'
import type { SlowRequest } from '../results/result.ts'
import type { SlowestRequests } from '../runs/slowest-requests.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { bodyExcerpt } from './body-excerpt.ts'
import type { Connection, FailureKind, RequestOwner } from './connection.ts'
import { ExpectedResponse, type WrongResponse } from './expected-response.ts'
import type { Recording } from './recording.ts'
import { isReadFirst, readBody } from './request-body.ts'
import type { EncodedRequest, RequestEncoder } from './request-encoder.ts'
import { RequestError } from './request-error.ts'
import { isRequestSpec, mistakesOf } from './request-options.ts'
import type { ResponseReader } from './response-reader.ts'
import { HttpResponse } from './response.ts'
import { drawStep, type Plan, type Step } from './steps.ts'
import type { TraceContext } from './trace-context.ts'
import type { RequestSpec } from './types.ts'

/** A path such as `//user:password@host/`. */
const USER_INFO = /\/\/[^/@]*@/g

/** What all VUs of one run share. */
export interface VuContext<D> {
  readonly plan: Plan<D>
  /** One for each instance of the target. */
  readonly encoders: readonly RequestEncoder[]
  readonly recording: Recording<D> | undefined
  readonly slowest: SlowestRequests
  /** Source of each `traceparent`; `undefined` if none is sent. */
  readonly traces: TraceContext | undefined
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  readonly execution: RunningExecution<VirtualUser<D>>
}

/** Identity of one VU. */
export interface VuIdentity<D> {
  readonly id: number
  readonly data: D
  /** Index of the target's instance. */
  readonly instance: number
}

/** A response that counts as an error. */
interface FailedResponse {
  readonly status: number
  readonly bodyBytes: number
  readonly sample: (() => string) | undefined
}

/** One VU: sends the requests of its iteration one after another over its connection, and counts their outcomes. */
export class VirtualUser<D> extends VirtualUserBase<D> implements RequestOwner {
  connection!: Connection
  /** Whether the body of the next request is being read. */
  isReadingBody = false
  readonly #all: VuContext<D>
  readonly #instance: number
  readonly #expected = new ExpectedResponse<D>()
  #place = 0
  #step!: Step<D>
  #spec!: RequestSpec
  #traceId: string | undefined
  #series!: RequestSeries
  #operation = -1
  /** Window that counted the last response as good; `undefined` if it was an error. */
  #goodWindow: RequestWindow | undefined
  #goodLatencyUs = 0
  #goodServiceTimeUs = 0
  #goodStatus = 0
  #goodBytes = 0

  constructor({ id, data, instance }: VuIdentity<D>, fork: () => Random, surroundings: VuContext<D>) {
    super(id, data, fork, surroundings.execution)
    this.#instance = instance
    this.#all = surroundings
  }

  get failedAttempts(): number {
    return this.connection.failedAttempts
  }

  get settleMs(): number {
    return this.connection.settleMs
  }

  protected sendFirst(intendedMs: number): void {
    this.#place = 0
    this.#send(intendedMs)
  }

  responded(reader: ResponseReader, endMs: number): void {
    const { status } = reader
    const response = this.#looksAtBody() ? new HttpResponse(reader, this.#all.maxBodyBytes) : undefined
    let wrong: WrongResponse | undefined
    calledEachTime.isRunning = true
    try {
      wrong = this.#expected.judge(status, response, this.vu.vars)
      if (this.#operation >= 0) wrong = this.#all.recording!.responded(this.#operation, endMs, status, response, wrong)
    } catch (error) {
      this.#all.execution.scenarioFailed(error)
      return
    } finally {
      calledEachTime.isRunning = false
    }
    if (wrong === undefined) {
      this.#countGood(endMs, status, reader.bodyBytes)
      this.#continue(endMs)
      return
    }
    this.#goodWindow = undefined
    const sample = wrong.kind === 'status' ? () => bodyExcerpt(reader) : wrong.sample
    this.#countError(wrong.kind, wrong.detail, endMs, { status, bodyBytes: reader.bodyBytes, sample })
    this.end(endMs)
  }

  failed(kind: FailureKind, detail: string, endMs: number): void {
    if (this.#operation >= 0) this.#all.recording!.failed(this.#operation, endMs, kind)
    this.#goodWindow = undefined
    this.#countError(kind, detail, endMs)
    this.end(endMs)
  }

  overran(detail: string): void {
    const window = this.#goodWindow
    if (window === undefined) return
    window.turnToError('body', this.#goodLatencyUs, this.#goodServiceTimeUs, this.#goodStatus, this.#goodBytes)
    window.countDetail(detail)
    this.#all.execution.tally.countError('body', detail)
    this.#goodWindow = undefined
  }

  /** An arrow function, because the pacer calls it. */
  readonly #resume = (dueMs: number): void => {
    const dueSinceStartMs = dueMs - this.#all.execution.startMs
    if (this.#place < this.#all.plan.slots.length) this.#send(dueSinceStartMs)
    else this.end(dueMs)
  }

  #send(intendedMs: number): void {
    const { plan, traces } = this.#all
    if (this.#all.execution.isOver) {
      this.end(now())
      return
    }
    const step = drawStep(plan.slots[this.#place++]!, () => this.random)
    this.#step = step
    this.setIntendedStart(intendedMs)
    if (typeof step.request !== 'function') {
      this.#series = step.series
      this.#dispatch(step.request, traces === undefined ? step.constants![this.#instance] : undefined)
      return
    }
    try {
      const spec = this.#callRequest(step.request)
      this.#series = plan.seriesOf(step, spec.tag)
      if (isReadFirst(spec.body)) void this.#readAndDispatch(spec)
      else this.#dispatch(spec)
    } catch (error) {
      this.#all.execution.scenarioFailed(error)
    }
  }

  /** @throws {OptionsError} naming every mistake in the returned request */
  #callRequest(request: Extract<Step<D>['request'], (...args: never[]) => unknown>): RequestSpec {
    calledEachTime.isRunning = true
    let spec: unknown
    try {
      spec = request({ vu: this.vu, iteration: this.iteration, random: this.random })
    } finally {
      calledEachTime.isRunning = false
    }
    if (!isRequestSpec(spec)) throw mistakesOf(this.#pathOfRequest, spec)
    return spec
  }

  /** Reads the body before the send. This is the generator's time: the latency includes it, the service time does not. */
  async #readAndDispatch(spec: RequestSpec): Promise<void> {
    this.isReadingBody = true
    try {
      const body = await readBody(spec.body, this.#all.timeoutMs)
      this.isReadingBody = false
      if (this.#all.execution.isOver) this.#drop()
      else this.#dispatch({ ...spec, body })
    } catch (error) {
      this.isReadingBody = false
      this.#all.execution.scenarioFailed(error)
    }
  }

  /** @param encoded `undefined` if the request must be encoded for this send */
  #dispatch(spec: RequestSpec, encoded?: EncodedRequest): void {
    const { recording, encoders, traces, execution } = this.#all
    let request: EncodedRequest
    let sentMs: number
    try {
      this.#spec = spec
      request = encoded ?? encoders[this.#instance]!.encode(spec, traces?.next())
      this.#traceId = request.traceId
      this.#expected.expect(this.#step, spec)
      sentMs = now()
      const times = { intendedMs: this.intendedMs, sentMs }
      const sent = { step: this.#step, spec, content: request.content }
      this.#operation = recording === undefined ? -1 : recording.begin(this.vu, this.iteration, sent, times)
    } catch (error) {
      const isRequest = error instanceof RequestError
      execution.scenarioFailed(isRequest ? (mistakesOf(this.#pathOfRequest, spec) ?? error) : error)
      return
    }
    this.countSent(this.#series)
    const lateMs = sentMs - execution.startMs - this.intendedMs
    this.connection.send(request, this.#looksAtBody(), sentMs, lateMs)
  }

  /** Drops a request whose body was read only after the end of the run. */
  #drop(): void {
    const window = this.#series.timeline.at(this.countedMs)
    window.offered++
    window.dropped++
    this.#all.execution.tally.offered++
    this.#all.execution.tally.dropped++
    this.end(now())
  }

  get #pathOfRequest(): string {
    return this.#all.plan.steps.length === 1 ? 'request' : `steps[${this.#step.index}].request`
  }

  #looksAtBody(): boolean {
    return this.#expected.looksAtBody || this.#all.recording?.looksAtBody === true
  }

  #countGood(endMs: number, status: number, bodyBytes: number): void {
    this.#goodLatencyUs = this.#observe(endMs, status) * 1000
    this.#goodServiceTimeUs = (endMs - this.connection.sentMs) * 1000
    this.#goodStatus = status
    this.#goodBytes = bodyBytes
    this.#goodWindow = this.#series.timeline.at(this.countedMs)
    this.#goodWindow.recordGood(this.#goodLatencyUs, this.#goodServiceTimeUs, status, bodyBytes)
  }

  /** @param response the response, if there was one */
  #countError(kind: ErrorKind, detail: string, endMs: number, response?: FailedResponse): void {
    const { status, bodyBytes = 0, sample } = response ?? {}
    const latencyUs = this.#observe(endMs, status ?? kind) * 1000
    const window = this.#series.timeline.at(this.countedMs)
    window.recordError(kind, latencyUs, (endMs - this.connection.sentMs) * 1000, status, bodyBytes)
    window.countDetail(detail, sample)
    this.#all.execution.tally.countError(kind, detail)
    this.hasError = true
  }

  /** @returns the latency in milliseconds */
  #observe(endMs: number, outcome: number | ErrorKind): number {
    const { slowest } = this.#all
    const latencyMs = this.countEnded(this.#step.name, outcome, endMs)
    if (slowest.wants(this.countedMs, latencyMs)) slowest.keep(this.#slowRequest(latencyMs, outcome))
    return latencyMs
  }

  /** Entry for the report. The query is left out, because its values may identify a person. */
  #slowRequest(latencyMs: number, outcome: number | ErrorKind): SlowRequest {
    const { method = 'GET', path } = this.#spec
    return {
      atMs: this.intendedMs,
      label:
        this.#all.plan.steps.length > 1
          ? this.#step.name
          : `${method} ${path.split('?', 1)[0]!.replace(USER_INFO, '//***@')}`,
      latencyMs,
      ...(typeof outcome === 'number' ? { status: outcome } : {}),
      ...(this.#traceId === undefined ? {} : { traceId: this.#traceId }),
    }
  }

  #continue(endMs: number): void {
    const hasNext = this.#place < this.#all.plan.slots.length
    const thinkMs = Math.max(this.draw(this.#step.thinkTime), hasNext ? this.settleMs : 0)
    if (thinkMs > 0) this.#all.execution.pacer.at(endMs + thinkMs, this.#resume)
    else if (hasNext) this.#send(endMs - this.#all.execution.startMs)
    else this.end(endMs)
  }
}

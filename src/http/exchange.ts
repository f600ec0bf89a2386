import { calledEachTime } from '../execution/checked-function.ts'
import type { FirstError } from '../execution/iteration-times.ts'
import { RequestCounter } from '../execution/request-counter.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { RequestWindow } from '../execution/request-timeline.ts'
import type { RunningExecution } from '../execution/workload.ts'
import type { Vu } from '../load/vu.ts'
import { now } from '../machine/clock.ts'
import type { SlowRequest } from '../results/result.ts'
import type { SlowestRequests } from '../runs/slowest-requests.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { bodyExcerpt } from './body-excerpt.ts'
import type { Connection, FailureKind, RequestOwner } from './connection.ts'
import type { VuCookies } from './cookies.ts'
import { ExpectedResponse, type WrongResponse } from './expected-response.ts'
import type { Recording } from './recording.ts'
import type { EncodedRequest, RequestEncoder } from './request-encoder.ts'
import { RequestError } from './request-error.ts'
import type { mistakesOf } from './request-options.ts'
import type { ResponseReader } from './response-reader.ts'
import { HttpResponse } from './response.ts'
import type { RequestKind } from './steps.ts'
import type { TraceContext } from './trace-context.ts'
import type { RequestSpec } from './types.ts'

/** A path such as `//user:password@host/`. */
const USER_INFO = /\/\/[^/@]*@/g

/** What all exchanges of one run share. */
export interface ExchangeContext<D> {
  /** One for each instance of the target. */
  readonly encoders: readonly RequestEncoder[]
  readonly recording: Recording<D> | undefined
  readonly slowest: SlowestRequests
  /** Source of each `traceparent`; `undefined` if none is sent. */
  readonly traces: TraceContext | undefined
  readonly maxBodyBytes: number
  /** Whether the report names the slowest requests by their steps instead of their paths. */
  readonly namesSteps: boolean
  /** Finds the mistakes in a request that cannot be sent. */
  readonly mistakesOf: typeof mistakesOf
  readonly execution: RunningExecution<never>
}

/** Method and path for reports, without credentials. */
export function labelOf(methodAndPath: string): string {
  return methodAndPath.replace(USER_INFO, '//***@')
}

/** The VU of an exchange. Exactly one of the methods is called for each request, once it has been counted. */
export interface ExchangeOwner<D> {
  readonly vu: Vu<D>
  readonly iteration: number
  /** Cookies of the VU; `undefined` for a run without cookies. */
  readonly cookies: VuCookies | undefined
  /** @param response `undefined` if nothing reads it */
  succeeded(endMs: number, response: HttpResponse | undefined, exchange: Exchange<D>): void
  failed(endMs: number, error: FirstError, response: HttpResponse | undefined, exchange: Exchange<D>): void
}

/** A response that counts as an error. */
interface FailedResponse {
  readonly status: number
  readonly bodyBytes: number
  readonly sample: (() => string) | undefined
}

/** One connection of a VU and the request in flight on it: sends requests one after another and counts their outcomes. */
export class Exchange<D> extends RequestCounter implements RequestOwner {
  connection!: Connection
  /** When the last request ended (`performance.now()`). */
  endedMs = Number.NEGATIVE_INFINITY
  readonly #all: ExchangeContext<D>
  readonly #owner: ExchangeOwner<D>
  readonly #instance: number
  readonly #keepsResponses: boolean
  readonly #expected = new ExpectedResponse()
  #kind!: RequestKind
  #spec!: RequestSpec
  #series!: RequestSeries
  #traceId: string | undefined
  #operation = -1
  /** Window that counted the last response as good; `undefined` if it was an error. */
  #goodWindow: RequestWindow | undefined
  #goodLatencyUs = 0
  #goodServiceTimeUs = 0
  #goodStatus = 0
  #goodBytes = 0

  /**
   * @param instance index of the target's instance
   * @param keepsResponses whether the owner reads every response
   */
  constructor(all: ExchangeContext<D>, owner: ExchangeOwner<D>, instance: number, keepsResponses: boolean) {
    super(all.execution)
    this.#all = all
    this.#owner = owner
    this.#instance = instance
    this.#keepsResponses = keepsResponses
  }

  get instance(): number {
    return this.#instance
  }

  /**
   * Sends a request. Set its intended start before.
   *
   * @param position number of the request in its iteration, which distinguishes operations in the history
   * @param encoded `undefined` if the request must be encoded for this send
   * @throws {OptionsError} naming every mistake in the request
   * @throws any error that a function of the scenario throws
   */
  send(kind: RequestKind, series: RequestSeries, spec: RequestSpec, position: number, encoded?: EncodedRequest): void {
    const { recording } = this.#all
    this.#kind = kind
    this.#spec = spec
    this.#series = series
    const { cookies } = this.#owner
    const request = encoded === undefined || cookies?.isEmpty === false ? this.#encode(spec, cookies) : encoded
    this.#traceId = request.traceId
    this.#expected.expect(kind, spec)
    const sentMs = now()
    if (recording === undefined) this.#operation = -1
    else {
      const times = { intendedMs: this.intendedMs, sentMs }
      const { vu, iteration } = this.#owner
      this.#operation = recording.begin(vu, iteration, { kind, spec, position, content: request.content }, times)
    }
    this.countSent(series)
    this.connection.send(request, this.#looksAtBody(), sentMs, this.lateMs(sentMs))
  }

  responded(reader: ResponseReader, endMs: number): void {
    const { status } = reader
    const { cookies } = this.#owner
    cookies?.store(reader.rawHeaders, this.#all.encoders[this.#instance]!.urlOf(this.#spec.path))
    const response = this.#looksAtBody() ? new HttpResponse(reader, this.#all.maxBodyBytes) : undefined
    let wrong: WrongResponse | undefined
    const wasRunning = calledEachTime.isRunning
    calledEachTime.isRunning = true
    try {
      wrong = this.#expected.judge(status, response, this.#owner.vu.vars)
      if (this.#operation >= 0) wrong = this.#all.recording!.responded(this.#operation, endMs, status, response, wrong)
    } catch (error) {
      cookies?.register()
      this.#all.execution.scenarioFailed(error)
      return
    } finally {
      calledEachTime.isRunning = wasRunning
    }
    this.endedMs = endMs
    if (wrong === undefined) {
      this.#countGood(endMs, status, reader.bodyBytes)
      this.#owner.succeeded(endMs, response, this)
      return
    }
    this.#goodWindow = undefined
    if (cookies?.isEmpty === false) wrong = withoutCookies(wrong, cookies)
    const sample = wrong.kind === 'status' ? () => this.#excerptOf(reader) : wrong.sample
    this.#countError(wrong.kind, wrong.detail, endMs, { status, bodyBytes: reader.bodyBytes, sample })
    this.#owner.failed(endMs, wrong, response, this)
  }

  failed(kind: FailureKind, detail: string, endMs: number): void {
    if (this.#operation >= 0) this.#all.recording!.failed(this.#operation, endMs, kind)
    this.endedMs = endMs
    this.#goodWindow = undefined
    this.#countError(kind, detail, endMs)
    this.#owner.failed(endMs, { kind, detail }, undefined, this)
  }

  overran(detail: string): void {
    this.turnToError(detail)
  }

  /** Turns the last request into an error of kind `body` if it was good. @returns whether it was */
  turnToError(detail: string): boolean {
    const window = this.#goodWindow
    if (window === undefined) return false
    window.turnToError('body', this.#goodLatencyUs, this.#goodServiceTimeUs, this.#goodStatus, this.#goodBytes)
    window.countDetail(detail)
    this.#all.execution.tally.countError('body', detail)
    this.#goodWindow = undefined
    return true
  }

  /** @throws {OptionsError} naming every mistake in the request */
  #encode(spec: RequestSpec, cookies?: VuCookies): EncodedRequest {
    try {
      return this.#all.encoders[this.#instance]!.encode(spec, this.#all.traces?.next(), cookies)
    } catch (error) {
      throw error instanceof RequestError ? (this.#all.mistakesOf(this.#kind.path, spec) ?? error) : error
    }
  }

  /** Beginning of the body of an error, for a hint. */
  #excerptOf(reader: ResponseReader): string {
    const excerpt = bodyExcerpt(reader)
    return this.#owner.cookies?.masked(excerpt) ?? excerpt
  }

  #looksAtBody(): boolean {
    return this.#keepsResponses || this.#expected.looksAtBody || this.#all.recording?.looksAtBody === true
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
  }

  /** @returns the latency in milliseconds */
  #observe(endMs: number, outcome: number | ErrorKind): number {
    const { slowest } = this.#all
    const latencyMs = this.countEnded(this.#kind.name, outcome, endMs)
    if (slowest.wants(this.countedMs, latencyMs)) slowest.keep(this.#slowRequest(latencyMs, outcome))
    return latencyMs
  }

  /** Entry for the report. The query is left out, because its values may identify a person. */
  #slowRequest(latencyMs: number, outcome: number | ErrorKind): SlowRequest {
    const { method = 'GET', path } = this.#spec
    return {
      atMs: this.intendedMs,
      label: this.#all.namesSteps ? this.#kind.name : labelOf(`${method} ${path.split('?', 1)[0]!}`),
      latencyMs,
      ...(typeof outcome === 'number' ? { status: outcome } : {}),
      ...(this.#traceId === undefined ? {} : { traceId: this.#traceId }),
    }
  }
}

/** An error whose texts do not contain the values of cookies. */
function withoutCookies({ kind, detail, sample }: WrongResponse, cookies: VuCookies): WrongResponse {
  return { kind, detail: cookies.masked(detail), sample: sample && (() => cookies.masked(sample())) }
}

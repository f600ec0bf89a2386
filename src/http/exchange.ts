import { calledEachTime } from '../execution/checked-function.ts'
import { metricContext } from '../execution/custom-metrics/recording-context.ts'
import { TIMINGS } from '../execution/custom-metrics/timings.ts'
import type { FirstError } from '../execution/iteration-times.ts'
import { RequestCounter } from '../execution/request-counter.ts'
import type { RequestSeries } from '../execution/request-scope.ts'
import type { RequestWindow } from '../execution/request-timeline.ts'
import type { RunningExecution } from '../execution/workload.ts'
import type { Vu } from '../load/vu.ts'
import { now } from '../machine/clock.ts'
import { maskKnown, MIN_SECRET_LENGTH } from '../options/known-secrets.ts'
import { remember } from '../options/registered-values.ts'
import type { SlowRequest } from '../results/result.ts'
import type { SlowestRequests } from '../runs/slowest-requests.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import type { CurrentToken } from './auth/tokens.ts'
import { bodyExcerpt } from './body-excerpt.ts'
import type { Connection, ConnectionCounts, FailureKind, RequestOwner } from './connection.ts'
import { setsCookie, type VuCookies } from './cookies.ts'
import { ExpectedResponse, softProblem, type WrongResponse } from './expected-response.ts'
import { hostNamed, type Host, type Hosts } from './hosts.ts'
import type { Recording } from './recording.ts'
import {
  destinationOf,
  foreignOrigin,
  forOtherOrigin,
  generatorMsOf,
  locationOf,
  redirectCount,
  redirected,
  type RedirectChain,
} from './redirect.ts'
import type { EncodedRequest, RequestEncoder } from './request-encoder.ts'
import { RequestError } from './request-error.ts'
import type { mistakesOf } from './request-options.ts'
import type { BodyError } from './response-body.ts'
import type { ResponseReader } from './response-reader.ts'
import { HttpResponse } from './response.ts'
import { mayRetryLater, retryAfterMs } from './retry-after.ts'
import { secretsOfHeaders, secretsOfRequest } from './sent-secrets.ts'
import type { RequestKind } from './steps.ts'
import type { Trace, TraceContext } from './trace-context.ts'
import type { RequestSpec } from './types.ts'

const NO_REDIRECT = ''
const NOTHING_SENT: RequestSpec = { path: '' }

/** A path such as `//user:password@host/`. */
const USER_INFO = /\/\/[^/@]*@/g

/** What all exchanges of one run share. */
export interface ExchangeContext<D> {
  /** One for each instance of the target. */
  readonly encoders: readonly RequestEncoder[]
  readonly hosts: Hosts
  /** Creates the connection of an exchange to a host. @param vu id of its VU */
  connectHost(host: Host, vu: number, owner: RequestOwner): Connection
  readonly recording: Recording<D> | undefined
  readonly slowest: SlowestRequests
  /** Source of each `traceparent`; `undefined` if none is sent. */
  readonly traces: TraceContext | undefined
  readonly maxBodyBytes: number
  /** Whether times within requests are measured. */
  readonly hasTimings: boolean
  /** Maximum number of redirects that a request follows. */
  readonly redirects: number
  readonly counts: Pick<ConnectionCounts, 'redirects'>
  /** Longest `Retry-After` that VUs observe, in milliseconds. */
  readonly retryAfterMs: number
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

/** The VU of an exchange. Exactly one of `succeeded` and `failed` is called for each request, once it has been counted. */
export interface ExchangeOwner<D> {
  readonly vu: Vu<D>
  readonly iteration: number
  /** Cookies of the VU; `undefined` for a run without cookies. */
  readonly cookies: VuCookies | undefined
  /** Token of the VU; `undefined` for a run without tokens that are refreshed. */
  readonly token: CurrentToken | undefined
  /** A text with the secrets of the VU masked. */
  masked(text: string): string
  registerSecrets(): void
  /** Sends nothing before an instant (`performance.now()`). */
  waitUntil(ms: number): void
  /** @param response `undefined` if nothing reads it */
  succeeded(endMs: number, response: HttpResponse | undefined, exchange: Exchange<D>): void
  failed(endMs: number, error: FirstError, response: HttpResponse | undefined, exchange: Exchange<D>): void
  /** Called for each failed attempt to read a body after its request was counted. Only if the owner reads every response. */
  unreadable(error: BodyError, exchange: Exchange<D>): void
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
  /** Connections to hosts of the run, opened when they are first needed. */
  #hostConnections: Map<Host, Connection> | undefined
  /** Where the current request is sent. */
  #active: Connection | undefined
  #encoder: RequestEncoder
  readonly #all: ExchangeContext<D>
  readonly #owner: ExchangeOwner<D>
  readonly #instance: number
  readonly #keepsResponses: boolean
  readonly #expected = new ExpectedResponse()
  #kind!: RequestKind
  #spec: RequestSpec = NOTHING_SENT
  #traceId: string | undefined
  #trace: Trace | undefined
  /** Redirects followed by the current request; `undefined` before the first one. */
  #chain: RedirectChain | undefined
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
    this.#encoder = all.encoders[instance]!
    this.#keepsResponses = keepsResponses
  }

  get instance(): number {
    return this.#instance
  }

  get isInFlight(): boolean {
    return this.#active?.isInFlight === true
  }

  /** Consecutive failed attempts to connect to the target, or to the host of the last request. */
  get failedAttempts(): number {
    return Math.max(this.connection.failedAttempts, this.#active?.failedAttempts ?? 0)
  }

  /** Pause after a response before the next request is due, whichever connection it will use. */
  get settleMs(): number {
    let pauseMs = this.connection.settleMs
    if (this.#hostConnections === undefined) return pauseMs
    const nowMs = now()
    for (const { settledMs } of this.#hostConnections.values()) pauseMs = Math.max(pauseMs, settledMs - nowMs)
    return pauseMs
  }

  /**
   * End of the pause on the connection that a request will use (`performance.now()`).
   *
   * @param name name of the host, `undefined` for the target
   * @throws {ScenarioError} for a name that the run does not have
   */
  settledMs(name: string | undefined): number {
    if (name === undefined) return this.connection.settledMs
    return this.#hostConnections?.get(hostNamed(this.#all.hosts, name))?.settledMs ?? 0
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
    this.#chain = undefined
    this.#use(spec.host === undefined ? undefined : hostNamed(this.#all.hosts, spec.host))
    const { cookies, token } = this.#owner
    const isConstant = encoded !== undefined && token === undefined && cookies?.isEmpty !== false
    const request = isConstant ? encoded : this.#encode(spec)
    this.#traceId = request.traceId
    this.#expected.expect(kind, spec)
    const sentMs = now()
    if (recording === undefined) this.#operation = -1
    else {
      const times = { intendedMs: this.intendedMs, sentMs }
      const { vu, iteration } = this.#owner
      metricContext.current = this
      try {
        this.#operation = recording.begin(vu, iteration, { kind, spec, position, content: request.content }, times)
      } finally {
        metricContext.current = undefined
      }
    }
    this.countSent(series)
    this.#active!.send(request, this.#looksAtBody(), sentMs, this.lateMs(sentMs))
  }

  /** Sends the next request to the target, or to another host. */
  #use(host: Host | undefined): void {
    if (host === undefined) {
      this.#active = this.connection
      this.#encoder = this.#ownEncoder
      return
    }
    this.#hostConnections ??= new Map()
    let connection = this.#hostConnections.get(host)
    if (connection === undefined) {
      connection = this.#all.connectHost(host, this.#owner.vu.id, this)
      this.#hostConnections.set(host, connection)
    }
    this.#active = connection
    this.#encoder = host.encoder
  }

  /** Closes the connections on which no request is in flight. */
  closeIdle(): void {
    this.connection.closeIdle()
    if (this.#hostConnections !== undefined)
      for (const connection of this.#hostConnections.values()) connection.closeIdle()
  }

  responded(reader: ResponseReader, endMs: number): void {
    const { status } = reader
    const { cookies } = this.#owner
    if (cookies !== undefined && setsCookie(reader.rawHeaders)) cookies.store(reader.rawHeaders, this.#url)
    let wrong: WrongResponse | undefined
    if (status >= 300 && status < 400) {
      const problem = this.#follow(reader, endMs)
      if (problem === undefined) return
      if (problem !== NO_REDIRECT) wrong = { kind: 'status', detail: `${status} ${problem}` }
    }
    const { retryAfterMs: maxMs } = this.#all
    if (maxMs > 0 && mayRetryLater(status)) {
      const waitMs = retryAfterMs(reader.rawHeaders)
      if (waitMs !== undefined) this.#owner.waitUntil(endMs + Math.min(waitMs, maxMs))
    }
    const chain = this.#chain
    const errors = this.#keepsResponses ? this : undefined
    const response = this.#looksAtBody()
      ? new HttpResponse(reader, this.#all.maxBodyBytes, chain?.urls, errors)
      : undefined
    const wasRunning = calledEachTime.isRunning
    calledEachTime.isRunning = true
    metricContext.current = this
    try {
      wrong ??= this.#expected.judge(status, response, this.#owner.vu.vars)
      if (this.#operation >= 0) wrong = this.#recorded(endMs, status, response, wrong)
      if (this.#expected.hasSoftChecks)
        this.#countSoftChecks(wrong?.kind === 'status' ? `status ${wrong.detail}` : response!)
    } catch (error) {
      this.registerSecrets()
      this.#all.execution.scenarioFailed(error)
      return
    } finally {
      calledEachTime.isRunning = wasRunning
      metricContext.current = undefined
    }
    if (wrong === undefined) {
      this.#countGood(endMs - this.#generatorMs, status, reader.bodyBytes)
      this.#owner.succeeded(endMs, response, this)
      return
    }
    this.#goodWindow = undefined
    wrong = masked(wrong, this)
    const sample = wrong.kind === 'status' ? () => this.#excerptOf(reader) : wrong.sample
    this.#countError(wrong.kind, wrong.detail, endMs - this.#generatorMs, {
      status,
      bodyBytes: reader.bodyBytes,
      sample,
    })
    this.#owner.failed(endMs, wrong, response, this)
  }

  failed(kind: FailureKind, detail: string, endMs: number): void {
    const chain = this.#chain
    if (this.#operation >= 0) this.#all.recording!.failed(this.#operation, endMs, kind, chain !== undefined)
    try {
      if (this.#expected.hasSoftChecks) this.#countSoftChecks(kind)
    } catch (error) {
      this.#all.execution.scenarioFailed(error)
      return
    }
    this.#goodWindow = undefined
    const error = {
      kind,
      detail: chain === undefined ? detail : `${detail}, after ${redirectCount(chain.urls.length)}`,
    }
    this.#countError(kind, error.detail, endMs - this.#generatorMs)
    this.#owner.failed(endMs, error, undefined, this)
  }

  overran(detail: string): void {
    this.turnToError(detail)
  }

  connected(connectMs: number, tlsMs: number | undefined): void {
    this.metrics.at(TIMINGS.connect, this.countedMs).record(connectMs)
    if (tlsMs !== undefined) this.metrics.at(TIMINGS.tls, this.countedMs).record(tlsMs)
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

  /** A text with the secrets masked that the last request sent, as well as those of the VU: a response may repeat them. */
  masked(text: string): string {
    if (text.length < MIN_SECRET_LENGTH) return text
    return this.#sentSecrets.reduce((clean, secrets) => maskKnown(clean, secrets), this.#owner.masked(text))
  }

  /** Registers these secrets, before an error that may contain them is reported. */
  registerSecrets(): void {
    this.#owner.registerSecrets()
    for (const secret of this.#sentSecrets.flat()) remember(secret)
  }

  /** Searched only for errors. A redirected request has sent the headers of each host. */
  get #sentSecrets(): readonly (readonly string[])[] {
    const encoders = new Set([this.#ownEncoder, this.#encoder])
    const common = [...encoders].map(({ headers }) => secretsOfHeaders(headers))
    return [...common, secretsOfRequest(this.#spec)].filter(({ length }) => length > 0)
  }

  /** Called if the owner cannot read the body of a response. In a check, the error is part of its result. */
  unreadable(error: BodyError): void {
    if (!calledEachTime.isRunning) this.#owner.unreadable(error, this)
  }

  /** URL of the request in flight. */
  get #url(): string {
    return this.#chain?.urls.at(-1) ?? this.#encoder.urlOf(this.#spec.path)
  }

  /** When the request was sent, before any redirect (`performance.now()`). */
  get #firstSentMs(): number {
    return this.#chain?.firstSentMs ?? this.#active!.sentMs
  }

  /** Time that the generator took between redirects. */
  get #generatorMs(): number {
    return this.#chain === undefined ? 0 : generatorMsOf(this.#chain, this.#active!.sentMs)
  }

  get #ownEncoder(): RequestEncoder {
    return this.#all.encoders[this.#instance]!
  }

  /** The token is meant for the target only. */
  get #authorization(): string | undefined {
    return this.#encoder === this.#ownEncoder ? this.#owner.token?.header : undefined
  }

  /**
   * Follows a redirect: sends the next request, which is part of the current one.
   *
   * @returns `undefined` if it has been followed, an empty text if the response is the result, else the error
   */
  #follow({ status, rawHeaders }: ResponseReader, endMs: number): string | undefined {
    const limit = this.#spec.redirects ?? this.#all.redirects
    const location = limit === 0 ? undefined : locationOf(status, rawHeaders)
    if (location === undefined) return NO_REDIRECT
    const chain = this.#chain
    const { urls = [], spec = this.#spec, isRewritten = false } = chain ?? {}
    if (urls.length === limit) return `after ${redirectCount(limit)}: the limit of this request, or a redirect loop`
    const url = destinationOf(location, this.#url)
    if (typeof url === 'string') return url
    const isSameOrigin = url.origin === this.#encoder.origin
    const host = isSameOrigin ? undefined : this.#hostAt(url.origin)
    if (!isSameOrigin && host === undefined && url.origin !== this.#ownEncoder.origin) return foreignOrigin(url)
    const next = redirected(isSameOrigin ? spec : forOtherOrigin(spec), status, url)
    const [firstSentMs, generatorMs] = [this.#firstSentMs, this.#generatorMs]
    if (!isSameOrigin) this.#use(host)
    const connection = this.#active!
    const encoder = this.#encoder.atRoot
    const request = encoder.encode(next.spec, this.#trace, this.#owner.cookies, this.#authorization)
    const beganMs = now()
    this.#chain = {
      urls: [...urls, url.href],
      spec: next.spec,
      encoder,
      isRewritten: isRewritten || next.isRewritten,
      firstSentMs,
      redirectedMs: endMs,
      beganMs,
      wasOpen: connection.isOpen,
      generatorMs,
    }
    this.#all.counts.redirects++
    connection.send(request, this.#looksAtBody(), beganMs, 0, firstSentMs)
    return undefined
  }

  #hostAt(origin: string): Host | undefined {
    for (const host of this.#all.hosts.values()) if (host.encoder.origin === origin) return host
    return undefined
  }

  /** @throws {OptionsError} naming every mistake in the request */
  #encode(spec: RequestSpec): EncodedRequest {
    this.#trace = this.#all.traces?.next()
    try {
      return this.#encoder.encode(spec, this.#trace, this.#owner.cookies, this.#authorization)
    } catch (error) {
      throw error instanceof RequestError ? (this.#all.mistakesOf(this.#kind.path, spec) ?? error) : error
    }
  }

  /** Beginning of the body of an error, for a hint. */
  #excerptOf(reader: ResponseReader): string {
    return this.masked(bodyExcerpt(reader))
  }

  /** @returns `wrong`, else the error of a body that cannot be read */
  #recorded(
    endMs: number,
    status: number,
    response: HttpResponse | undefined,
    wrong: WrongResponse | undefined,
  ): WrongResponse | undefined {
    const isRewritten = this.#chain?.isRewritten === true
    return this.#all.recording!.responded(this.#operation, endMs, { status, isRewritten, response }, wrong)
  }

  /**
   * Counts the soft checks of the request.
   *
   * @param response the response, or why the request got none with an expected status
   * @throws any error that a function of the scenario throws
   */
  #countSoftChecks(response: HttpResponse | string): void {
    for (const [name, check] of this.#expected.softChecks()) {
      const problem = typeof response === 'string' ? response : softProblem(check, response)
      const detail = problem === undefined ? undefined : this.masked(problem)
      this.metrics
        .at({ kind: 'softCheck', name, unit: undefined }, this.countedMs)
        .record(problem === undefined, detail)
    }
  }

  #looksAtBody(): boolean {
    return this.#keepsResponses || this.#expected.looksAtBody || this.#all.recording?.looksAtBody === true
  }

  #countGood(endMs: number, status: number, bodyBytes: number): void {
    this.#goodLatencyUs = this.#observe(endMs, status) * 1000
    this.#goodServiceTimeUs = (endMs - this.#firstSentMs) * 1000
    this.#goodStatus = status
    this.#goodBytes = bodyBytes
    this.#goodWindow = this.window
    this.#goodWindow.recordGood(this.#goodLatencyUs, this.#goodServiceTimeUs, status, bodyBytes)
    if (this.#all.hasTimings) {
      const firstByteMs = this.#active!.firstByteMs - this.#generatorMs - this.#firstSentMs
      this.metrics.at(TIMINGS.firstByte, this.countedMs).record(firstByteMs)
    }
  }

  /** @param response the response, if there was one */
  #countError(kind: ErrorKind, detail: string, endMs: number, response?: FailedResponse): void {
    const { status, bodyBytes = 0, sample } = response ?? {}
    const latencyUs = this.#observe(endMs, status ?? kind) * 1000
    const { window } = this
    window.recordError(kind, latencyUs, (endMs - this.#firstSentMs) * 1000, status, bodyBytes)
    window.countDetail(detail, sample)
    this.#all.execution.tally.countError(kind, detail)
  }

  /** @returns the latency in milliseconds */
  #observe(endMs: number, outcome: number | ErrorKind): number {
    const { slowest } = this.#all
    const latencyMs = this.countEnded(this.#kind.name, outcome, this.#firstSentMs, endMs)
    if (slowest.wants(this.countedMs, latencyMs)) slowest.keep(this.#slowRequest(latencyMs, outcome))
    return latencyMs
  }

  /** Entry for the report. The query is left out, because its values may identify a person. */
  #slowRequest(latencyMs: number, outcome: number | ErrorKind): SlowRequest {
    const { method = 'GET', host = '', path } = this.#spec
    return {
      atMs: this.intendedMs,
      label: this.#all.namesSteps ? this.#kind.name : labelOf(`${method} ${host}${path.split('?', 1)[0]!}`),
      latencyMs,
      ...(typeof outcome === 'number' ? { status: outcome } : {}),
      ...(this.#traceId === undefined ? {} : { traceId: this.#traceId }),
    }
  }
}

/** An error whose texts do not contain the secrets that were sent. */
function masked({ kind, detail, sample }: WrongResponse, by: Pick<ExchangeOwner<never>, 'masked'>): WrongResponse {
  return { kind, detail: by.masked(detail), sample: sample && (() => by.masked(sample())) }
}

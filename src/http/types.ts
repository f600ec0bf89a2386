import type { AbortWhen } from '../execution/abort-when.ts'
import type { ExpectedOutcome, OperationOutcome } from '../history/history.ts'
import type { DataSource } from '../load/data.ts'
import type { Load } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { Vu } from '../load/vu.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { Duration } from '../options/checks.ts'
import type { Auth } from './auth/auth.ts'
import type { ConnectTo } from './endpoint.ts'
import type { Check, ExpectedStatus, SoftChecks } from './expectation.ts'
import type { HostOption } from './hosts.ts'
import type { HeaderFields, HttpRequest } from './request-encoder.ts'
import type { ContentCoding } from './response-body.ts'
import type { HttpResponse } from './response.ts'

/** Argument of a request function. */
export interface RequestContext<D> {
  /** The VU that sends the request. */
  readonly vu: Vu<D>
  /** Number of iterations that this VU began before this one. */
  readonly iteration: number
  /**
   * Number of the iteration among those of all VUs and generators, from 0. No other iteration has it. The arrivals of an open
   * model and shared iterations are numbered in order, those that are dropped included. In the other closed models,
   * iterations are numbered as they begin; with several generators, numbers may be left out. Those of a warm-up follow
   * those of the load, if their number is known in advance.
   */
  readonly iterationInTest: number
  /** Random numbers of this VU, the same in every run with one seed. */
  readonly random: Random
}

/** A request and the expectations of its response. */
export interface RequestSpec extends HttpRequest {
  /** Expected status. @default that of the step, else of the run, else every status below 400 */
  readonly expectStatus?: ExpectedStatus
  /** Check of the response. @default that of the step */
  readonly check?: Check
  /**
   * Checks by name that do not fail the request. Each has a rate of its own: `run.softCheck('cart is complete')`. At most 100
   * different names in a run. @default those of the step
   */
  readonly softChecks?: SoftChecks
  /** Name of the host to send the request to, from `hosts` of the run. @default the target */
  readonly host?: string
  /** Maximum number of redirects to follow, 0–20. @default that of the run */
  readonly redirects?: number
  /** Name under which the request is also counted, as `run.tag('search')`. At most 100 different tags in a run. */
  readonly tag?: string
}

/** A constant request, or a function that returns the request for each send. */
export type RequestOption<D> = RequestSpec | ((context: RequestContext<D>) => RequestSpec)

/** Source of a value for `vu.vars`: a JSON path (`$.access.token`) or a function of the response. */
export type Extract = string | ((response: HttpResponse) => unknown)

/** One request of an iteration. A step that ends in an error ends its iteration, because later steps may depend on it. */
export interface StepOption<D> {
  /** Name of the step, unique within the run. */
  readonly name: string
  /**
   * Weight among alternatives: of adjacent steps with a weight, one is drawn in each iteration. A step without a weight is
   * always sent.
   */
  readonly weight?: number
  /** The request of this step. */
  readonly request: RequestOption<D>
  /** Name of a group that adjacent steps with the same name form; its time is judged as `run.group('checkout')`. */
  readonly group?: string
  /** Sources of values for `vu.vars`, by name. If a value is undefined or null, the step ends in an error of kind `body`. */
  readonly extract?: Readonly<Record<string, Extract>>
  /** Check of every response. @default none */
  readonly check?: Check
  /**
   * Checks of every response by name that do not fail the request. Each has a rate of its own:
   * `run.softCheck('cart is complete')`. @default none
   */
  readonly softChecks?: SoftChecks
  /** Expected status. @default that of the run */
  readonly expectStatus?: ExpectedStatus
  /** Pause after this step's response. @default 0 */
  readonly thinkTime?:
    | Duration
    | {
        /** Shortest pause. */
        readonly min: Duration
        /** Longest pause. */
        readonly max: Duration
      }
}

/** A request, as passed to the functions of `record`. */
export interface RecordedRequest<D = unknown> {
  /** The VU that sends the request. */
  readonly vu: Vu<D>
  /** Name of the step. */
  readonly step: string
  /** Method, in uppercase. */
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Headers by lowercase name. */
  readonly headers: Readonly<Record<string, string>>
  /** Body, as the request has it. */
  readonly body: unknown
}

/** What `run.history` records of each request. */
export interface RecordOption<D = unknown> {
  /**
   * Key of the operation. If keys are unique only for each user, include the user. Keys appear in messages and reports, so
   * they must not contain tokens. An array of strings is a composite key, as `key: ['tenant', 'id']` of a ledger matcher.
   * A request for which the function returns `undefined` is not recorded.
   * @default the `Idempotency-Key` header, else VU, iteration and step
   */
  readonly key?: (request: RecordedRequest<D>) => string | readonly string[] | undefined
  /** Content of the request, or `false` if two requests with one key may differ. @default the body as sent */
  readonly payload?: false | ((request: RecordedRequest<D>) => string | Uint8Array | undefined)
  /** Content of the response, without parts that differ between two responses to one key. @default nothing */
  readonly response?: (response: HttpResponse) => string | Uint8Array | undefined
  /**
   * Outcome of the operation; not called if a check failed or there was no response.
   * @default 2xx `ok`, 4xx `failed`, any other status `unknown`
   */
  readonly outcome?: (response: HttpResponse) => OperationOutcome
  /** Expected effect of the request. @default 'applied' */
  readonly expected?: (request: RecordedRequest<D>) => ExpectedOutcome
}

/** A request of a flow. */
export interface FlowRequestSpec extends RequestSpec {
  /**
   * Name under which the request is counted, as `run.step('order')`. Set it if the path contains an id: at most 100
   * different names in a run. @default method and path without the query: `GET /cart`
   */
  readonly name?: string
}

/** Sends requests of a flow. */
export interface FlowRequester {
  /**
   * Sends a request over the VU's connection and resolves to its response, which stays readable.
   *
   * Rejects with a {@link RequestFailedError} if the request ends in an error, which is counted. The iteration then ends,
   * unless the flow catches it.
   */
  (request: FlowRequestSpec): Promise<HttpResponse>
  /**
   * Sends requests at the same time, over up to `connectionsPerVu` connections of the VU, and resolves to their responses in the same
   * order. The additional connections are opened when they are first needed, and kept. Latencies count from the call.
   *
   * Rejects after all of them have ended, with the first error in their order.
   */
  all(requests: readonly FlowRequestSpec[]): Promise<HttpResponse[]>
}

/** Argument of a flow: the functions of one iteration. */
export interface FlowContext<D> extends RequestContext<D> {
  /** Sends requests of the iteration. */
  readonly request: FlowRequester
  /**
   * Calls a function and times it as `run.group(name)`: from the call to the end of the function, sleeps included. The
   * first group of an iteration begins at its intended start. At most 100 different names in a run.
   *
   * @returns the result of the function
   */
  readonly group: <T>(name: string, steps: () => T | Promise<T>) => Promise<T>
  /** Waits, as a user who reads a page: for a fixed or a random time. */
  readonly sleep: (duration: Duration | { readonly min: Duration; readonly max: Duration }) => Promise<void>
}

/** An iteration as a function of its requests. */
export type Flow<D> = (context: FlowContext<D>) => Promise<unknown>

/** Journeys with weights, of which each iteration is one. */
export interface Mix<D> {
  /** Weight of each journey, above 0. */
  readonly weights: Readonly<Record<string, number>>
  /** Flow of each journey, by the same names. */
  readonly journeys: Readonly<Record<string, Flow<D>>>
}

/** An iteration of one request. */
export interface OneRequest<D> {
  /** The request of every iteration. */
  readonly request: RequestOption<D>
  /** Not allowed together with `request`. */
  readonly steps?: undefined
  /** Not allowed together with `request`. */
  readonly flow?: undefined
}

/** An iteration of several requests, one after another. */
export interface SeveralSteps<D> {
  /** The requests of an iteration, in order. */
  readonly steps: readonly StepOption<D>[]
  /** Not allowed together with `steps`. */
  readonly request?: undefined
  /** Not allowed together with `steps`. */
  readonly flow?: undefined
}

/** An iteration as code. */
export interface FlowFunction<D> {
  /** The iteration, or journeys with weights, as `mix()` returns them. */
  readonly flow: Flow<D> | Mix<D>
  /** Not allowed together with `flow`. */
  readonly request?: undefined
  /** Not allowed together with `flow`. */
  readonly steps?: undefined
}

/** What each iteration of a run sends. */
export type IterationOption<D> = OneRequest<D> | SeveralSteps<D> | FlowFunction<D>

/** Options of `http.run()`: the load, and one of `request`, `steps` and `flow`. */
export type HttpRunOptions<D = undefined> = HttpLoadOptions<D> & IterationOption<D>

/** How long a VU keeps a connection. */
export type ConnectionScope = 'per-vu' | 'per-iteration' | 'per-request'

/** Options of `http.run()` except `request`, `steps` and `flow`. */
export interface HttpLoadOptions<D = undefined> {
  /** Load: the number of VUs or the rate, and the duration. */
  readonly load: Load
  /** Name of the run in messages and reports. @default `http 1`, `http 2`, … */
  readonly name?: string
  /**
   * Rows for `vu.data`: VU i gets row i, beginning again after the last. A source may assign them otherwise, for example to
   * iterations: `csv('users.csv', { assignment: 'per-iteration' })`.
   */
  readonly data?: readonly D[] | AsyncIterable<D> | Iterable<D> | DataSource<D>
  /** Time limit of a request, from the send (including a connection that has to be opened) to the last byte. @default '10s' */
  readonly timeout?: Duration
  /** Duration of a warm-up before the load: the load's initial VUs or rate, which no result counts. @default 0 */
  readonly warmup?: Duration
  /**
   * Time after which the run opens its connections and begins: after the start of the runs that {@link parallel} begins
   * together, or else after the call. @default 0
   */
  readonly startAfter?: Duration
  /** Expected status. @default every status below 400 */
  readonly expectStatus?: ExpectedStatus
  /** Open models: how long a request waits for a free VU before it is dropped. @default until the load ends */
  readonly maxQueueTime?: Duration
  /** Whether to record every operation and its outcome in `run.history`, or what to record. @default false */
  readonly record?: boolean | RecordOption<D>
  /** Headers of every request that does not set them itself. */
  readonly headers?: HeaderFields
  /**
   * Further hosts by name, to which requests are sent with `host: 'identity'`: their base URLs, or `{ baseUrl, tls }`. Each
   * VU opens a connection to a host when it first needs it. Every host other than this machine must be in `allowRemote`.
   * `auth`, `tls`, and the headers `host`, `authorization`, `cookie` and others with the name of a secret of the run are for
   * the target only.
   * @default none
   */
  readonly hosts?: Readonly<Record<string, HostOption>>
  /**
   * Authentication of every request that has no `authorization` header of its own: {@link basicAuth} or
   * {@link bearerAuth}. It replaces credentials in the base URL.
   * @default credentials in the base URL
   */
  readonly auth?: Auth<D>
  /**
   * Maximum number of redirects that a request follows, 0–20, with the methods that `fetch` sends. A request counts as one,
   * and its latency, time-out and response include those of its redirects. One more redirect is an error of kind `status`,
   * and so is one to an origin other than those of the target and of `hosts`.
   * @default 0, so that a redirect is the response
   */
  readonly redirects?: number
  /**
   * Whether each VU has a cookie jar, which works as in a browser: it stores the cookies that responses set, and sends them
   * with the requests to which they apply. With `'per-iteration'`, each iteration begins without cookies, like a new
   * visitor; with `'per-vu'`, a VU keeps them for the whole run. `true` is `'per-iteration'` with `flow` and `steps`, and
   * `'per-vu'` with `request`, where an iteration is one request. A `cookie` header of the request or of the run is sent
   * instead of the jar's cookies.
   * @default true with `flow`, else false
   */
  readonly cookies?: boolean | 'per-iteration' | 'per-vu'
  /**
   * How long a VU keeps a connection: for the whole run, as a browser does; for an iteration, like a new visitor; or for one
   * request, which is then sent with `Connection: close`. Opening a connection is part of the latency of the request that
   * needs it, and not of its service time. @default 'per-vu'
   */
  readonly connections?: ConnectionScope
  /**
   * Maximum number of connections of a VU to each host, 1–100, of which `request.all()` of a flow uses more than one.
   * @default 6, as browsers have
   */
  readonly connectionsPerVu?: number
  /**
   * Longest `Retry-After` that a VU observes: after a response of status 429 or 503 with this header, it sends nothing until
   * that time has passed, at most this long. The request is not repeated and counts like any other. The wait is part of the
   * time of the iteration and its groups if a request of the iteration follows, and of no latency: the next request is due
   * when the wait has ended. @default 0, so that the header has no effect
   */
  readonly retryAfter?: Duration
  /**
   * `false` to connect directly although `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` names a proxy for a host that is neither
   * this machine nor in `NO_PROXY`. Load is never sent through a proxy. @default such a host is refused
   */
  readonly proxy?: false
  /**
   * Accepted content codings of responses, sent as `Accept-Encoding`, preferred ones first. Bodies are decoded if they are
   * read. @default [], no `Accept-Encoding`
   */
  readonly acceptEncoding?: readonly ContentCoding[]
  /**
   * Largest body that `check`, `extract` or `record` may read, in bytes, both compressed and decoded. Reading a larger one
   * is an error of kind `body`. Bodies that nothing reads are never kept. @default 10_485_760
   */
  readonly maxBodyBytes?: number
  /**
   * Base URL of this run: `http://…`, `https://…`, or `unix:/run/app.sock`. Its credentials are sent; if its origin is the
   * target's, the target's credentials and `tls` apply. @default that of the target
   */
  readonly baseUrl?: string
  /** Host and port to connect to instead of those of the URL, whose host stays in the `Host` header and in SNI. @default those of the URL */
  readonly connectTo?: ConnectTo
  /** @default that of the target, if `baseUrl` has the target's origin */
  readonly tls?: TlsOptions
  /**
   * Condition that ends the run early; `false` for never. The default ends the run within seconds if the target is down.
   * @default { errorRateAbove: 0.9, duration: '5s' }
   */
  readonly abortWhen?: AbortWhen | false
  /**
   * Whether to measure times inside requests: until the first byte of the response, and of opening connections and of TLS
   * handshakes during the load. Host names are resolved before the load, so no request contains a DNS lookup. Judged by
   * `toHaveFirstByteP95Below()`, `toHaveConnectP95Below()` and `toHaveTlsP95Below()`. @default false
   */
  readonly timings?: boolean
  /**
   * Whether every request without a `traceparent` (W3C Trace Context) gets one, so that the target's traces can be found by
   * the trace ids of the slowest requests in the report. `true` marks every trace as sampled, which costs the target time
   * under load; `sampledRatio` (0–1) marks only that ratio. @default false
   */
  readonly traceparent?:
    | boolean
    | {
        /** Ratio of traces marked as sampled, 0–1. */
        readonly sampledRatio: number
      }
}

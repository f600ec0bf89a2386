import type { AbortWhen } from '../execution/abort-when.ts'
import type { OperationDue, OperationOutcome } from '../history/history.ts'
import type { DataSource } from '../load/data.ts'
import type { Load } from '../load/load.ts'
import type { Random } from '../load/random.ts'
import type { Vu } from '../load/vu.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { Duration } from '../options/checks.ts'
import type { ConnectTo } from './endpoint.ts'
import type { Check, ExpectedStatus } from './expectation.ts'
import type { HeaderFields, HttpRequest } from './request-encoder.ts'
import type { ContentCoding } from './response-body.ts'
import type { HttpResponse } from './response.ts'

export interface RequestContext<D> {
  readonly vu: Vu<D>
  /** How many iterations this VU began before this one. */
  readonly iteration: number
  /** This VU's own stream of random numbers, the same in every run of one seed. */
  readonly random: Random
}

/** A request and what is expected of its response. */
export interface RequestSpec extends HttpRequest {
  /** Default: the step's, else the run's, else below 400. */
  readonly expectStatus?: ExpectedStatus
  readonly check?: Check
  /** Counts the request under this name as well: `run.tag('search')`. At most 100 different ones in a run. */
  readonly tag?: string
}

export type RequestOption<D> = RequestSpec | ((context: RequestContext<D>) => RequestSpec)

/** Where a value for `vu.vars` comes from: a JSON path (`$.access.token`) or a function of the response. */
export type Extract = string | ((response: HttpResponse) => unknown)

/** One request of an iteration. A step that ends in an error ends its iteration: what follows would build on it. */
export interface StepOption<D> {
  readonly name: string
  /**
   * Steps beside each other that have a weight are alternatives: in each iteration one of them is drawn.
   * A step without one is always sent.
   */
  readonly weight?: number
  readonly request: RequestOption<D>
  /** Values for `vu.vars`, by name. One that finds nothing (undefined or null) is an error of this step, kind `body`. */
  readonly extract?: Readonly<Record<string, Extract>>
  readonly check?: Check
  readonly expectStatus?: ExpectedStatus
  /** Pause after this step's response. Default: none. */
  readonly thinkTime?: Duration | { readonly min: Duration; readonly max: Duration }
}

/** A request as the functions of `record` see it. */
export interface RecordedRequest<D = unknown> {
  /** Who sends it. */
  readonly vu: Vu<D>
  readonly step: string
  readonly method: string
  readonly path: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** What of each request goes into `run.history`. */
export interface RecordOption<D = unknown> {
  /**
   * Names the intent. Where a key belongs to its user, the user is part of it. Shown in messages and reports: never put a
   * token into it. A list of texts is a composite key: `key: ['tenant', 'id']` of a ledger matcher reads it. Default: the
   * `Idempotency-Key` header, else VU, iteration and step. `undefined`: not recorded.
   */
  readonly key?: (request: RecordedRequest<D>) => string | readonly string[] | undefined
  /** Default: the body as sent. `false`: none; where two sends of one key may differ. */
  readonly payload?: false | ((request: RecordedRequest<D>) => string | Uint8Array | undefined)
  /** What the VU received, without parts that differ between two responses to one key. Default: nothing. */
  readonly response?: (response: HttpResponse) => string | Uint8Array | undefined
  /** Default: 2xx `ok`, 4xx `failed`, all else `unknown`. Not asked where a check failed or no response came. */
  readonly outcome?: (response: HttpResponse) => OperationOutcome
  /** What the sender is owed. Default: `applied`. */
  readonly due?: (request: RecordedRequest<D>) => OperationDue
}

/** An iteration of one request. */
export interface OneRequest<D> {
  readonly request: RequestOption<D>
  readonly steps?: undefined
}

/** An iteration of several requests, one after another. */
export interface SeveralSteps<D> {
  readonly steps: readonly StepOption<D>[]
  readonly request?: undefined
}

/** Options of `http.run()`: either `request` or `steps`, and how it is put on. */
export type HttpRunOptions<D = undefined> = HttpLoadOptions<D> & (OneRequest<D> | SeveralSteps<D>)

/** Options of `http.run()` but for `request` and `steps`. */
export interface HttpLoadOptions<D = undefined> {
  readonly load: Load
  /** The name of the run in messages and reports. Default: `http 1`, `http 2`, … */
  readonly name?: string
  /** Gives VU i its row: row i, beginning again after the last. */
  readonly data?: readonly D[] | AsyncIterable<D> | Iterable<D> | DataSource<D>
  /** From the send (with connecting, where needed) to the last byte. Default: `'10s'`. */
  readonly timeout?: Duration
  /** Load of the same shape as at the beginning, sent before and counted nowhere. Default: none. */
  readonly warmup?: Duration
  /** Default: every status below 400. */
  readonly expectStatus?: ExpectedStatus
  /** Open models: a request that waited so long for a free VU is dropped. Default: it waits until the load ends. */
  readonly dropAfter?: Duration
  /** Keeps every operation and what the VU was told, as `run.history`. Default: `false`. */
  readonly record?: boolean | RecordOption<D>
  /** Sent with every request that does not set them itself. */
  readonly headers?: HeaderFields
  /**
   * Codings that each response may be compressed with, sent as `Accept-Encoding`, most wanted first. Bodies that somebody
   * looks at are decoded. @default [], no `Accept-Encoding`
   */
  readonly acceptEncoding?: readonly ContentCoding[]
  /**
   * The largest body that `check`, `extract` or `record` look at, in bytes, compressed or not. A larger one that they read
   * is an error of kind `body`. Bodies that nobody looks at are never kept. @default 10_485_760
   */
  readonly maxBodyBytes?: number
  /**
   * Another place than the target: `http://…`, `https://…`, or `unix:/run/app.sock`. Credentials in it are sent; if it is
   * the target's own origin, the target's credentials and `tls` are used. @default the target's
   */
  readonly baseUrl?: string
  readonly connectTo?: ConnectTo
  /** @default the target's, for the target */
  readonly tls?: TlsOptions
  /**
   * Default: `{ errorRateAbove: 0.9, duration: '5s' }`, so that a target that died ends the run within seconds.
   * `false`: never.
   */
  readonly abortWhen?: AbortWhen | false
  /**
   * Sends a `traceparent` (W3C Trace Context) with every request that has none of its own, so that the target's traces
   * can be found by the ids beside the slowest requests in the report. `true` asks the target to keep every trace,
   * which costs it something under load; `sampledRatio` (0–1) only that share. Default: `false`.
   */
  readonly traceparent?: boolean | { readonly sampledRatio: number }
}

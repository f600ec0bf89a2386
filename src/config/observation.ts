import { validateHeaderName, validateHeaderValue } from 'node:http'
import { urlBelow } from '../machine/base-url.ts'
import { plainTls, type TlsOptions } from '../machine/tls.ts'
import { checkHost } from '../options/base-url.ts'
import type { Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { isRecord, object, optional, reading, readVariable, type Reader, type ReadOf } from '../options/schema.ts'
import { isSecretName } from '../options/secret-names.ts'
import { TLS } from '../options/tls-options.ts'
import { duration, isText, matching, number, numeric, oneOf, oneOrMore } from '../options/values.ts'
import type { TargetDetails } from '../services/environment.ts'
import { postgresHosts } from '../services/postgres/postgres-client.ts'

/** Location of the target's Prometheus metrics. */
export interface MetricsOptions {
  /** Path on every instance. @default `'/metrics'` */
  readonly path?: string
  /** Listener of the target; `'internal'` requires an internal one. @default `'public'` */
  readonly listener?: 'public' | 'internal'
  /** URLs, one per instance, if no listener of the target serves them. `PERF_METRICS_URL` (comma-separated) overrides it. */
  readonly url?: string | readonly string[]
  /** Time between scrapes, and the limit of each. @default `'1s'` */
  readonly interval?: Duration
  /** Sent as `authorization: Bearer …` with each scrape. Masked in everything that is printed or written. */
  readonly bearerToken?: string
  /** Headers of each scrape. Values of headers for credentials, such as `authorization` and `x-api-key`, are masked. */
  readonly headers?: Readonly<Record<string, string>>
  /** TLS of the metrics route. @default that of the target */
  readonly tls?: TlsOptions
  /**
   * The target's counter of all requests, e.g. `'http_requests_total'`. If it counts far fewer requests than a run sent, the
   * metrics come from one of several processes and are invalid. `false` if the target counts only a part of its requests.
   *
   * @default the names that common libraries use
   */
  readonly requestCounter?: string | false
}

/** Capacity options that services and target do not determine. */
export interface CapacityOptions {
  /** Names or ids of the target's containers, whose CPU is then measured. `PERF_TARGET_CONTAINER` overrides it. */
  readonly container?: string | readonly string[]
  /** Number of cores that the target may use. `PERF_TARGET_CORES` overrides it. @default by affinity or the container's limits */
  readonly cores?: number
  /** pgBouncer's console: `postgres://stats:…@127.0.0.1:6432/pgbouncer`. `PERF_PGBOUNCER_URL` overrides it. */
  readonly pgBouncerUrl?: string
}

export interface ObservationOptions {
  readonly metrics?: string | MetricsOptions
  readonly capacity?: CapacityOptions
}

/** Locations of metrics and capacity for the workers. Contains secrets: never logged or reported. */
export interface ProvidedObservation {
  readonly metrics: {
    readonly urls: readonly string[]
    readonly interval: Duration
    /** Whether the URL is the default, not configured. */
    readonly isGuessed: boolean
    /** TLS options of the metrics route; default: the target's. */
    readonly tls?: TlsOptions
    readonly headers?: Readonly<Record<string, string>>
    readonly requestCounter?: string | false
  }
  readonly capacity: {
    readonly containers: readonly string[]
    readonly cores?: number
    readonly pgBouncerUrl?: string
  }
}

const METRICS_URL = oneOrMore(matching<string>(isHttpUrl, 'must be an http URL', "'http://127.0.0.1:9464/metrics'"))
const TOKEN_EXAMPLE = 'process.env.METRICS_TOKEN'
const HEADERS_EXAMPLE = "headers: { 'x-api-key': process.env.METRICS_KEY }"

const METRICS = object<MetricsOptions>()({
  path: optional(matching<string>(isPath, 'must be a path that starts with a slash', "'/metrics'"), '/metrics'),
  listener: optional(oneOf(['public', 'internal'], 'internal'), 'public'),
  url: optional(METRICS_URL, []),
  interval: optional(duration({ min: 100 }), 1_000),
  bearerToken: optional(matching<string>(isToken, 'must be a string that a header can hold', TOKEN_EXAMPLE)),
  headers: optional(reading(readHeaders)),
  tls: optional(TLS),
  requestCounter: optional(
    matching<string | false>(
      (value) => value === false || isText(value),
      'must be the name of a counter, or false',
      "'http_requests_total'",
    ),
  ),
}).rule([], (_, { bearerToken, headers }) =>
  bearerToken !== undefined && isRecord(headers) && Object.keys(headers).some((name) => /^authorization$/i.test(name))
    ? { option: 'bearerToken', rule: 'must be the only authorization', example: `bearerToken: ${TOKEN_EXAMPLE}` }
    : undefined,
)

const CONTAINER = oneOrMore(matching<string>(isText, 'must be the name of a container', "'shop'"))
const CORES = number({ above: 0, example: 2 })
const PGBOUNCER_URL = matching<string>(
  (value) => typeof value === 'string' && /^postgres(ql)?:\/\//.test(value),
  "must be the URL of pgBouncer's console, the database pgbouncer",
  "'postgres://stats@127.0.0.1:6432/pgbouncer'",
)

const CAPACITY = object<CapacityOptions>()({
  container: optional(CONTAINER, []),
  cores: optional(CORES),
  pgBouncerUrl: optional(PGBOUNCER_URL),
})

/** Options and variables of metrics and capacity, read and checked. */
export class Observation {
  readonly #metrics: ReadOf<typeof METRICS>
  readonly #urls: readonly string[]
  readonly #isGuessed: boolean
  readonly #capacity: ProvidedObservation['capacity']

  /** @throws {OptionsError} naming every invalid option and variable */
  constructor({ metrics, capacity = {} }: ObservationOptions, env: NodeJS.ProcessEnv) {
    const problems = new Problems()
    const variable = <T>(name: string, reader: Reader<T>, parse?: (text: string) => unknown) =>
      readVariable(problems, env, name, reader, parse)
    this.#metrics = METRICS.read(problems, 'metrics', typeof metrics === 'string' ? { path: metrics } : (metrics ?? {}))
    const urls = variable('PERF_METRICS_URL', METRICS_URL, list)
    this.#urls = urls ?? this.#metrics.url ?? []
    for (const url of this.#urls)
      checkHost(problems, urls === undefined ? 'metrics.url' : 'PERF_METRICS_URL', new URL(url).hostname)
    this.#isGuessed = metrics === undefined && urls === undefined
    const read = CAPACITY.read(problems, 'capacity', capacity)
    const cores = variable('PERF_TARGET_CORES', CORES, numeric) ?? read.cores
    const pgBouncer = variable('PERF_PGBOUNCER_URL', PGBOUNCER_URL)
    const pgBouncerUrl = pgBouncer ?? read.pgBouncerUrl
    if (pgBouncerUrl !== undefined && URL.canParse(pgBouncerUrl))
      for (const host of postgresHosts(new URL(pgBouncerUrl)))
        checkHost(problems, pgBouncer === undefined ? 'capacity.pgBouncerUrl' : 'PERF_PGBOUNCER_URL', host)
    this.#capacity = {
      containers: variable('PERF_TARGET_CONTAINER', CONTAINER, list) ?? read.container ?? [],
      ...(cores !== undefined && { cores }),
      ...(pgBouncerUrl !== undefined && { pgBouncerUrl }),
    }
    problems.throwIfAny('definePerfConfig()')
  }

  /** Locations for a running target. @param target `undefined` if there is none */
  of(target: TargetDetails | undefined): ProvidedObservation {
    const { path, listener, intervalMs: interval, requestCounter } = this.#metrics
    const places = target?.instances.map(({ baseUrl, internalUrl }) => (listener === 'public' ? baseUrl : internalUrl))
    const derived = places?.flatMap((place) => (place === undefined ? [] : [urlBelow(place, path)])) ?? []
    const urls = this.#urls.length > 0 ? this.#urls : derived
    const tls = this.#metrics.tls === undefined ? target?.tls : plainTls(this.#metrics.tls)
    const headers = this.#headers
    const metrics = {
      ...{ urls, interval, isGuessed: this.#isGuessed },
      ...(tls && { tls }),
      ...(headers && { headers }),
      ...(requestCounter !== undefined && { requestCounter }),
    }
    return { metrics, capacity: this.#capacity }
  }

  /** URLs that may contain a password. */
  get secretUrls(): readonly string[] {
    const { pgBouncerUrl } = this.#capacity
    return [...this.#urls, ...(pgBouncerUrl === undefined ? [] : [pgBouncerUrl])]
  }

  /** Credentials of the metrics route. */
  get secrets(): readonly string[] {
    const { bearerToken, tls } = this.#metrics
    const headers = Object.entries(this.#headers ?? {})
    const values = headers.filter(([name]) => isSecretName(name)).map(([, value]) => value)
    return [...values, bearerToken, tls?.passphrase].filter((value) => value !== undefined)
  }

  get #headers(): Readonly<Record<string, string>> | undefined {
    const { headers, bearerToken } = this.#metrics
    const authorization = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }
    const all = { ...headers, ...authorization }
    return Object.keys(all).length === 0 ? undefined : all
  }
}

/** Reads headers without showing their values. */
function readHeaders(problems: Problems, path: string, value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) problems.add(path, typeof value, 'must be an object of strings by name', HEADERS_EXAMPLE)
  else
    for (const [name, text] of Object.entries(value))
      if (!isHeader(name, text)) problems.add(`${path}.${name}`, hidden(text), 'must be a header', HEADERS_EXAMPLE)
  return value as Readonly<Record<string, string>>
}

function isToken(value: unknown): boolean {
  return isText(value) && isHeader('authorization', value)
}

function isPath(value: unknown): boolean {
  return typeof value === 'string' && value.startsWith('/')
}

function isHttpUrl(value: unknown): boolean {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value)
}

function isHeader(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

function hidden(value: unknown): unknown {
  return typeof value === 'string' ? `a string of ${value.length} characters` : value
}

function list(variable: string): readonly string[] {
  return variable
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

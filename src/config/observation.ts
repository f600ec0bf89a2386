import { validateHeaderName, validateHeaderValue } from 'node:http'
import { refusalOf } from '../machine/allowed-hosts.ts'
import { urlBelow } from '../machine/base-url.ts'
import { plainTls, type TlsOptions } from '../machine/tls.ts'
import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { isSecretName } from '../options/secret-names.ts'
import { checkTls } from '../options/tls-options.ts'
import type { TargetDetails } from '../services/environment.ts'
import { postgresHosts } from '../services/postgres/postgres-client.ts'

/** Where the target's Prometheus metrics are. */
export interface MetricsPlace {
  /** Path on every instance. Default: `'/metrics'`. */
  readonly path?: string
  /** On which listener of the target; `'internal'` needs one. Default: `'public'`. */
  readonly listener?: 'public' | 'internal'
  /** Whole URLs, one for each instance, where they are not on a listener of the target. `PERF_METRICS_URL` (comma-separated) beats it. */
  readonly url?: string | readonly string[]
  /** Time between scrapes, and the limit of each. Default: `'1s'`. */
  readonly interval?: Duration
  /** Sent as `authorization: Bearer …` with each scrape. Masked in everything that is printed or written. */
  readonly bearerToken?: string
  /** Headers of each scrape. Their values are masked if a name is that of a credential, as `authorization` and `x-api-key`. */
  readonly headers?: Readonly<Record<string, string>>
  /** TLS of the metrics route. @default that of the target */
  readonly tls?: TlsOptions
  /**
   * The target's counter of all requests, as `'http_requests_total'`. If it counts far fewer than a run sent, the metrics
   * are of one of several processes, and invalid. `false` for a target that counts only a part of its requests.
   *
   * @default by the names that common libraries use
   */
  readonly requestCounter?: string | false
}

/** What cannot be told from services and target alone. */
export interface CapacityPlace {
  /** Names or ids of the containers the target runs in, whose CPU is then taken. `PERF_TARGET_CONTAINER` beats it. */
  readonly container?: string | readonly string[]
  /** How many cores the target may use. Default: by affinity or the container's limits. `PERF_TARGET_CORES` beats it. */
  readonly cores?: number
  /** pgBouncer's console: `postgres://stats:…@127.0.0.1:6432/pgbouncer`. `PERF_PGBOUNCER_URL` beats it. */
  readonly pgBouncerUrl?: string
}

export interface ObservationOptions {
  readonly metrics?: string | MetricsPlace
  readonly capacity?: CapacityPlace
}

/** Where workers look. Holds secrets: not for a log or a report. */
export interface ProvidedObservation {
  readonly metrics: {
    readonly urls: readonly string[]
    readonly interval: Duration
    /** The URL is the default, not configured. */
    readonly isGuessed: boolean
    /** Of the metrics route; else the target's. */
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

/** Options and variables, read and checked. */
export class Observation {
  readonly #place: MetricsPlace
  readonly #urls: readonly string[]
  readonly #isGuessed: boolean
  readonly #capacity: ProvidedObservation['capacity']

  /** @throws {OptionsError} naming every option and variable that cannot be used */
  constructor({ metrics, capacity = {} }: ObservationOptions, env: NodeJS.ProcessEnv) {
    const problems = new Problems()
    const fromEnv = list(env['PERF_METRICS_URL'])
    this.#place = readPlace(problems, metrics)
    this.#urls = readUrls(problems, fromEnv, this.#place)
    this.#isGuessed = metrics === undefined && fromEnv.length === 0
    this.#capacity = readCapacity(problems, capacity, env)
    problems.throwIfAny('definePerfConfig()')
  }

  /** @param target as it runs; `undefined` if there is none */
  of(target: TargetDetails | undefined): ProvidedObservation {
    const { path = '/metrics', listener = 'public', interval = '1s' } = this.#place
    const places = target?.instances.map(({ baseUrl, internalUrl }) => (listener === 'public' ? baseUrl : internalUrl))
    const derived = places?.flatMap((place) => (place === undefined ? [] : [urlBelow(place, path)])) ?? []
    const urls = this.#urls.length > 0 ? this.#urls : derived
    const tls = this.#place.tls === undefined ? target?.tls : plainTls(this.#place.tls)
    const { requestCounter } = this.#place
    const headers = headersOf(this.#place)
    const metrics = {
      ...{ urls, interval, isGuessed: this.#isGuessed },
      ...(tls && { tls }),
      ...(headers && { headers }),
      ...(requestCounter !== undefined && { requestCounter }),
    }
    return { metrics, capacity: this.#capacity }
  }

  /** URLs that may hold a password. */
  get secretUrls(): readonly string[] {
    const { pgBouncerUrl } = this.#capacity
    return [...this.#urls, ...(pgBouncerUrl === undefined ? [] : [pgBouncerUrl])]
  }

  /** Credentials of the metrics route. */
  get secrets(): readonly string[] {
    const { bearerToken, tls } = this.#place
    const headers = Object.entries(headersOf(this.#place) ?? {})
    const values = headers.filter(([name]) => isSecretName(name)).map(([, value]) => value)
    return [...values, bearerToken, tls?.passphrase].filter((value) => value !== undefined)
  }
}

function headersOf({ headers, bearerToken }: MetricsPlace): Readonly<Record<string, string>> | undefined {
  const authorization = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` }
  const all = { ...headers, ...authorization }
  return Object.keys(all).length === 0 ? undefined : all
}

const PLACE = [
  ...(['path', 'listener', 'url', 'interval'] as const),
  ...(['bearerToken', 'headers', 'tls', 'requestCounter'] as const),
] as const

function readPlace(problems: Problems, metrics: ObservationOptions['metrics'] = {}): MetricsPlace {
  const place = typeof metrics === 'string' ? { path: metrics } : metrics
  const { path = '/metrics', listener = 'public', interval = '1s' } = place
  checkKnownKeys(problems, 'metrics', place, PLACE)
  if (typeof path !== 'string' || !path.startsWith('/'))
    problems.add('metrics.path', path, 'must be a path that starts with a slash', "metrics: '/metrics'")
  if (listener !== 'public' && listener !== 'internal')
    problems.add('metrics.listener', listener, "must be 'public' or 'internal'", "listener: 'internal'")
  checkDuration(problems, 'metrics.interval', interval, { min: 100 })
  const { requestCounter } = place
  if (
    requestCounter !== undefined &&
    requestCounter !== false &&
    (typeof requestCounter !== 'string' || requestCounter === '')
  )
    problems.add(
      'metrics.requestCounter',
      requestCounter,
      'must be the name of a counter, or false',
      "requestCounter: 'http_requests_total'",
    )
  checkCredentials(problems, place)
  return place
}

/** Values are not shown. */
function checkCredentials(problems: Problems, { bearerToken, headers = {}, tls }: MetricsPlace): void {
  const ofTls = new Problems()
  checkTls(ofTls, tls)
  problems.adopt('metrics', ofTls.found)
  const example = "headers: { 'x-api-key': process.env.METRICS_KEY }"
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    problems.add('metrics.headers', typeof headers, 'must be an object of strings by name', example)
    return
  }
  for (const [name, value] of Object.entries(headers))
    if (!isHeader(name, value)) problems.add(`metrics.headers.${name}`, hidden(value), 'must be a header', example)
  if (bearerToken === undefined) return
  const rule = 'must be a string that a header can hold'
  if (bearerToken === '' || !isHeader('authorization', bearerToken))
    problems.add('metrics.bearerToken', hidden(bearerToken), rule, 'bearerToken: process.env.METRICS_TOKEN')
  if (Object.keys(headers).some((name) => name.toLowerCase() === 'authorization'))
    problems.add(
      'metrics.bearerToken',
      'a token beside headers.authorization',
      'must be the only authorization',
      'bearerToken: process.env.METRICS_TOKEN',
    )
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
  return typeof value === 'string' ? `a text of ${value.length} characters` : value
}

function readUrls(problems: Problems, fromEnv: readonly string[], { url = [] }: MetricsPlace): readonly string[] {
  const name = fromEnv.length > 0 ? 'PERF_METRICS_URL' : 'metrics.url'
  const urls = fromEnv.length > 0 ? fromEnv : [url].flat()
  const example = 'http://127.0.0.1:9464/metrics'
  for (const one of urls) {
    if (typeof one === 'string' && /^https?:\/\//.test(one) && URL.canParse(one))
      checkHost(problems, name, new URL(one).hostname)
    else problems.add(name, one, 'must be an http URL', fromEnv.length > 0 ? `${name}=${example}` : `url: '${example}'`)
  }
  return urls
}

function checkHost(problems: Problems, path: string, host: string): void {
  const refusal = refusalOf(host)
  if (refusal !== undefined) problems.add(path, host, `${refusal.problem} (${refusal.received})`, refusal.fix)
}

function readCapacity(
  problems: Problems,
  options: CapacityPlace,
  env: NodeJS.ProcessEnv,
): ProvidedObservation['capacity'] {
  checkKnownKeys(problems, 'capacity', options, ['container', 'cores', 'pgBouncerUrl'])
  const fromEnv = list(env['PERF_TARGET_CONTAINER'])
  const containers = fromEnv.length > 0 ? fromEnv : [options.container ?? []].flat()
  for (const container of containers) {
    if (typeof container === 'string' && container !== '') continue
    problems.add('capacity.container', container, 'must be the name of a container', "container: 'shop'")
  }
  const cores = env['PERF_TARGET_CORES'] ? Number(env['PERF_TARGET_CORES']) : options.cores
  const coresName = env['PERF_TARGET_CORES'] ? 'PERF_TARGET_CORES' : 'capacity.cores'
  if (cores !== undefined) checkNumber(problems, coresName, cores, { above: 0, example: 2 })
  const pgBouncerUrl = env['PERF_PGBOUNCER_URL'] || options.pgBouncerUrl
  const pgBouncerName = env['PERF_PGBOUNCER_URL'] ? 'PERF_PGBOUNCER_URL' : 'capacity.pgBouncerUrl'
  if (pgBouncerUrl !== undefined && /^postgres(ql)?:\/\//.test(pgBouncerUrl) && URL.canParse(pgBouncerUrl))
    for (const host of postgresHosts(new URL(pgBouncerUrl))) checkHost(problems, pgBouncerName, host)
  if (pgBouncerUrl !== undefined && !/^postgres(ql)?:\/\//.test(pgBouncerUrl)) {
    const rule = "must be the URL of pgBouncer's console, the database pgbouncer"
    const example = 'postgres://stats@127.0.0.1:6432/pgbouncer'
    if (env['PERF_PGBOUNCER_URL'])
      problems.add('PERF_PGBOUNCER_URL', pgBouncerUrl, rule, `PERF_PGBOUNCER_URL=${example}`)
    else problems.add('capacity.pgBouncerUrl', pgBouncerUrl, rule, `pgBouncerUrl: '${example}'`)
  }
  return { containers, ...(cores !== undefined && { cores }), ...(pgBouncerUrl !== undefined && { pgBouncerUrl }) }
}

function list(variable: string | undefined): readonly string[] {
  return (variable ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

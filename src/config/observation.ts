import { refusalOf } from '../machine/allowed-hosts.ts'
import { urlBelow } from '../machine/base-url.ts'
import type { TlsOptions } from '../machine/tls.ts'
import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { postgresHosts } from '../services/postgres-client.ts'
import type { TargetDetails } from '../services/environment.ts'

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
    /** Nobody said that they are there. */
    readonly isGuessed: boolean
    /** The target's. */
    readonly tls?: TlsOptions
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

  /** @param target as it runs; `undefined` where there is none */
  of(target: TargetDetails | undefined): ProvidedObservation {
    const { path = '/metrics', listener = 'public', interval = '1s' } = this.#place
    const places = target?.instances.map(({ baseUrl, internalUrl }) => (listener === 'public' ? baseUrl : internalUrl))
    const derived = places?.flatMap((place) => (place === undefined ? [] : [urlBelow(place, path)])) ?? []
    const urls = this.#urls.length > 0 ? this.#urls : derived
    const tls = target?.tls
    return { metrics: { urls, interval, isGuessed: this.#isGuessed, ...(tls && { tls }) }, capacity: this.#capacity }
  }

  /** URLs that may hold a password. */
  get secretUrls(): readonly string[] {
    const { pgBouncerUrl } = this.#capacity
    return [...this.#urls, ...(pgBouncerUrl === undefined ? [] : [pgBouncerUrl])]
  }
}

const PLACE = ['path', 'listener', 'url', 'interval'] as const

function readPlace(problems: Problems, metrics: ObservationOptions['metrics'] = {}): MetricsPlace {
  const place = typeof metrics === 'string' ? { path: metrics } : metrics
  const { path = '/metrics', listener = 'public', interval = '1s' } = place
  checkKnownKeys(problems, 'metrics', place, PLACE)
  if (typeof path !== 'string' || !path.startsWith('/'))
    problems.add('metrics.path', path, 'must be a path that starts with a slash', "metrics: '/metrics'")
  if (listener !== 'public' && listener !== 'internal')
    problems.add('metrics.listener', listener, "must be 'public' or 'internal'", "listener: 'internal'")
  checkDuration(problems, 'metrics.interval', interval, { min: 100 })
  return place
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

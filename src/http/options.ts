import { ABORT_WHEN, unreachableOf } from '../execution/abort-when.ts'
import { LOAD } from '../load/builders.ts'
import { dataOption } from '../load/data.ts'
import { queueOfClosedLoad } from '../load/describe.ts'
import { parseBaseUrl } from '../machine/base-url.ts'
import { checkLoadHost } from '../options/base-url.ts'
import { Problems } from '../options/problems.ts'
import { checkProxy, PROXY } from '../options/proxy.ts'
import { asWritten, choose, isRecord, map, object, optional, type ReadOf } from '../options/schema.ts'
import { TLS } from '../options/tls-options.ts'
import { constant, duration, flag, func, integer, listOf, matching, number, oneOf, text } from '../options/values.ts'
import { AUTH, type Auth } from './auth/auth.ts'
import { baseUrl, CONNECT_TO } from './connection-options.ts'
import type { CookieScope } from './cookies.ts'
import { flow, journeysOf } from './flow/mix.ts'
import { baseUrlOf, HOSTS } from './hosts.ts'
import { EXPECT_STATUS, HEADERS, REDIRECTS, request, steps } from './request-options.ts'
import { CODINGS, type ContentCoding } from './response-body.ts'
import type { ConnectionScope, HttpRunOptions, RecordOption, StepOption } from './types.ts'

/** Defaults of a run from the target in the config. */
interface TargetDefaults {
  readonly baseUrl?: string | undefined
  readonly otherInstances?: readonly string[]
}

/** Longest time-out: the upper limit of histograms. */
const MAX_TIMEOUT_MS = 600_000

/** Most connections of one VU, for `request.all()`. */
const MAX_CONNECTIONS_PER_VU = 100

const DEFAULT_MAX_BODY_BYTES = 10_485_760
/** Largest body that fits into a string. */
const MAX_BODY_BYTES = 500_000_000

const RECORD_EXAMPLE = `(request) => request.headers['idempotency-key']`

function record<D>() {
  const part = <F>() => optional(func<F>(RECORD_EXAMPLE))
  const parts = object<RecordOption<D>>()(
    {
      key: part<RecordOption<D>['key']>(),
      payload: optional(
        matching<RecordOption<D>['payload']>(
          (value) => value === false || typeof value === 'function',
          'must be a function or false',
          'false',
        ),
      ),
      response: part(),
      outcome: part(),
      expected: part(),
    },
    { rule: 'must be true, false or an object of functions', example: `record: { key: ${RECORD_EXAMPLE} }` },
  )
  return choose<RecordOption<D> | undefined>((value) =>
    typeof value === 'boolean' ? constant(value ? {} : undefined) : asWritten<RecordOption<D>>(parts),
  )
}

/** Reader of `traceparent`, which returns the ratio of sampled requests. */
const TRACEPARENT = choose<number | undefined>((value) =>
  typeof value === 'boolean' ? constant(value ? 1 : undefined) : SAMPLED,
)
const SAMPLED = map(
  object<Extract<HttpRunOptions['traceparent'], object>>()(
    { sampledRatio: number({ min: 0, max: 1, example: 0.1 }) },
    { rule: 'must be true, false or an object', example: 'traceparent: { sampledRatio: 0.1 }' },
  ),
  ({ sampledRatio }) => sampledRatio,
)

const COOKIES = matching<boolean | CookieScope>(
  (value) => typeof value === 'boolean' || value === 'per-iteration' || value === 'per-vu',
  "must be true, false, 'per-iteration' or 'per-vu'",
  "'per-vu'",
)

/** Reader of `auth`, which returns it unchanged. */
const auth = <D>() => asWritten<Auth<D>>(AUTH)

/** @param isOneRequest whether an iteration is one request, so that cookies of an iteration would never be sent */
function cookieScope(given: boolean | CookieScope, isOneRequest: boolean): CookieScope | undefined {
  if (typeof given === 'string') return given
  if (!given) return undefined
  return isOneRequest ? 'per-vu' : 'per-iteration'
}

const CONNECTIONS = oneOf<ConnectionScope>(['per-vu', 'per-iteration', 'per-request'], 'per-request')

const isCoding = (value: unknown) => (CODINGS as readonly unknown[]).includes(value)

const runOptions = <D>(target: TargetDefaults) =>
  map(
    object<HttpRunOptions<D>>()(
      {
        load: LOAD,
        request: optional(request<D>()),
        steps: optional(steps<D>()),
        flow: optional(flow<D>()),
        name: optional(text("'votes'")),
        data: optional(dataOption<D>()),
        timeout: optional(duration({ above: 0, max: MAX_TIMEOUT_MS }), 10_000),
        warmup: optional(duration({ min: 0 }), 0),
        startAfter: optional(duration({ min: 0 }), 0),
        expectStatus: optional(EXPECT_STATUS),
        maxQueueTime: optional(duration({ min: 0 }), Number.POSITIVE_INFINITY),
        record: optional(record<D>()),
        headers: optional(HEADERS, {}),
        auth: optional(auth<D>()),
        hosts: optional(HOSTS, {}),
        cookies: optional(COOKIES),
        connections: optional(CONNECTIONS, 'per-vu'),
        connectionsPerVu: optional(integer({ min: 1, max: MAX_CONNECTIONS_PER_VU, example: 6 }), 6),
        retryAfter: optional(duration({ min: 0 }), 0),
        proxy: optional(PROXY),
        redirects: optional(REDIRECTS, 0),
        baseUrl: baseUrl(target.baseUrl),
        connectTo: optional(CONNECT_TO),
        tls: optional(TLS),
        abortWhen: ABORT_WHEN,
        timings: optional(flag(true), false),
        traceparent: optional(TRACEPARENT),
        maxBodyBytes: optional(integer({ min: 1, max: MAX_BODY_BYTES, example: 1_000_000 }), DEFAULT_MAX_BODY_BYTES),
        acceptEncoding: optional(listOf<ContentCoding>(isCoding, CODINGS.join(', '), "['gzip']"), []),
      },
      { example: `http.run({ load: …, request: { path: '/' } })` },
    )
      .rule(['auth', 'headers'], ({ auth: given, headers }) => {
        const name = given && Object.keys(headers).find((header) => header.toLowerCase() === 'authorization')
        if (name === undefined || headers[name] === undefined) return undefined
        // The value is not shown: it is a secret.
        const rule = 'must not have an authorization header together with auth'
        return { option: 'headers', received: name, rule, example: 'auth: bearerAuth({ token })' }
      })
      .rule(['abortWhen', 'load', 'retryAfter'], ({ retryAfterMs, ...read }, { flow }) =>
        unreachableOf(read, flow !== undefined ? 'flow' : retryAfterMs > 0 ? 'retryAfter' : undefined),
      )
      .rule(['load'], ({ load }, given) => queueOfClosedLoad(load, given))
      .rule([], (_, given) =>
        [given.request, given.steps, given.flow].filter((each) => each !== undefined).length === 1
          ? undefined
          : {
              option: 'request',
              rule: 'exactly one of `request`, `steps` and `flow` must be given',
              example: `request: { path: '/api/me' }`,
            },
      ),
    ({ request: only, steps: several, flow: given, traceparent: tracedRatio, cookies, ...read }) => ({
      ...read,
      cookies: cookieScope(cookies ?? given !== undefined, only !== undefined),
      /** Empty if the iteration is steps. */
      journeys: given === undefined ? [] : journeysOf(given),
      /** Empty if the iteration is a flow. */
      steps: several ?? (only === undefined ? [] : [{ name: 'request', request: only } satisfies StepOption<D>]),
      tracedRatio,
    }),
  )

/** Validated options of a run, with durations in milliseconds and defaults. */
export type RunOptions<D> = ReadOf<ReturnType<typeof runOptions<D>>>

/** @throws {OptionsError} naming every invalid option */
export function readRunOptions<D>(options: HttpRunOptions<D>, target: TargetDefaults): RunOptions<D> {
  const problems = new Problems()
  const read = runOptions<D>(target).read(problems, '', options)
  if (isRecord(options)) {
    checkOtherInstances<D>(problems, options, target)
    checkProxies<D>(problems, options, target)
  }
  problems.throwIfAny('http.run()')
  return read
}

/** The first instance is checked as `baseUrl`. */
function checkOtherInstances<D>(
  problems: Problems,
  { baseUrl: own, connectTo }: HttpRunOptions<D>,
  { otherInstances = [] }: TargetDefaults,
): void {
  if (own !== undefined || connectTo !== undefined) return
  for (const instance of otherInstances) {
    const base = parseBaseUrl(instance)
    if (base !== undefined && base.socketPath === undefined) checkLoadHost(problems, 'baseUrl', base.url.hostname)
  }
}

/** Refuses hosts for which the environment names a proxy. `connectTo` is where to connect, whatever the environment. */
function checkProxies<D>(
  problems: Problems,
  { baseUrl: own, connectTo, hosts, proxy }: HttpRunOptions<D>,
  target: TargetDefaults,
): void {
  if (proxy === false) return
  const all = [target.baseUrl, ...(target.otherInstances ?? [])]
  const bases = connectTo === undefined ? (own === undefined ? all : [own]) : []
  const urls = [
    ...bases.map((url) => ['baseUrl', url] as const),
    ...Object.entries(hosts ?? {}).map(([name, host]) => [`hosts.${name}`, baseUrlOf(host)] as const),
  ]
  for (const [path, url] of urls) checkProxy(problems, path, url)
}

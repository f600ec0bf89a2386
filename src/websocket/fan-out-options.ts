import type { Arrivals } from '../load/load.ts'
import { scaleTime, scaleUsers, type Scale } from '../load/scale.ts'
import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import type { IdentifyResult } from './identifier.ts'
import type { Message, Outgoing } from './message.ts'

/** One publication as `publish.send` gets it. */
export interface PublicationToSend {
  /** Unique in the world (a UUID). The target must carry it to every subscriber, for `identify` to find. */
  readonly id: string
  /** 1, 2, 3, … over the run. */
  readonly sequence: number
  /** 0, 1, 2, … over the run. */
  readonly index: number
  /** Whose turn it is, where `group` is used. */
  readonly group: string | undefined
}

export interface FanOutOptions {
  /** Default: `fan-out 1`, counted up within the scenario. */
  readonly name?: string
  /** Path and query below the target's base URL. */
  readonly path: string
  /** Sockets to open; reduced by the scale. */
  readonly connections: number
  /** Handshakes started per second. Default: as fast as `maxHandshakes` allows. */
  readonly connectRate?: number
  /** Handshakes in flight at one time. Default: 200. */
  readonly maxHandshakes?: number
  /** A handshake not answered by then has failed. Default: `'10s'`. */
  readonly handshakeTimeout?: Duration
  /** Request headers of the handshake, such as authorization. `client` counts from 0. */
  readonly headers?: Readonly<Record<string, string>> | ((client: number) => Readonly<Record<string, string>>)
  readonly subprotocols?: readonly string[]
  /** What a client sends once connected. Default: nothing. */
  readonly subscribe?: (client: number) => Outgoing | readonly Outgoing[]
  /**
   * Whether a message tells a client that it is subscribed. Left out, a client counts as subscribed when it has sent its
   * subscription, and publishing begins half a second after the last one did: a guess that a slow target proves wrong.
   */
  readonly acknowledged?: (message: Message, client: number) => boolean
  /** A subscription not acknowledged by then has failed. Default: `'10s'`. */
  readonly acknowledgeTimeout?: Duration
  readonly publish: {
    /** Publications due per second. Never reduced by the scale. */
    readonly rate: number
    /** Default: `'uniform'`. */
    readonly arrivals?: Arrivals
    /** Makes the target publish. Not awaited by the schedule; a rejection is counted, its deliveries stay expected. */
    readonly send: (publication: PublicationToSend) => unknown
  }
  /** Which publication a message is. Must depend on the message alone: equal messages are identified once. */
  readonly identify: (message: Message) => IdentifyResult
  /** Which group a client subscribes to. Publications take turns over the groups, and only the group's clients expect them. */
  readonly group?: (client: number) => string
  /** How long is published and counted; cut by the scale. */
  readonly duration: Duration
  /** Publishing before that which is not counted. Default: 0. */
  readonly warmup?: Duration
  /** A delivery is late past this lag. Default: `'1s'`. */
  readonly lateAfter?: Duration
  /**
   * How long stragglers are waited for after the last publication; what has not come by then is missing. Ends early
   * when everything expected has come and half a second passed without a message. Default: `'5s'`.
   */
  readonly settle?: Duration
  /** Whether a lost socket is opened anew, after so long (`true`: 1 s). Default: false. */
  readonly reconnect?: boolean | Duration
  /** Whether a server certificate must be valid. Default: true. */
  readonly rejectUnauthorized?: boolean
}

/** Options read, scaled and with defaults filled in. */
export interface FanOutPlan {
  readonly name: string
  readonly url: string
  readonly clients: number
  readonly connectRatePerSec: number | undefined
  readonly maxHandshakes: number
  readonly handshakeTimeoutMs: number
  readonly headers: (client: number) => Readonly<Record<string, string>>
  readonly subprotocols: readonly string[]
  readonly subscribe: ((client: number) => Outgoing | readonly Outgoing[]) | undefined
  readonly acknowledged: ((message: Message, client: number) => boolean) | undefined
  readonly acknowledgeTimeoutMs: number
  readonly publishRatePerSec: number
  readonly arrivals: Arrivals
  readonly send: (publication: PublicationToSend) => unknown
  readonly identify: (message: Message) => IdentifyResult
  readonly group: ((client: number) => string) | undefined
  readonly durationMs: number
  readonly warmupMs: number
  readonly lateAfterMs: number
  readonly settleMs: number
  readonly reconnectAfterMs: number | undefined
  readonly rejectUnauthorized: boolean
}

const KNOWN = [
  'path',
  'name',
  'connections',
  'connectRate',
  'maxHandshakes',
  'handshakeTimeout',
  'headers',
  'subprotocols',
  'subscribe',
  'acknowledged',
  'acknowledgeTimeout',
  'publish',
  'identify',
  'group',
  'duration',
  'warmup',
  'lateAfter',
  'settle',
  'reconnect',
  'rejectUnauthorized',
] as const

/** @throws {OptionsError} naming every option that cannot be used */
export function readFanOutOptions(
  options: FanOutOptions,
  { baseUrl, scale, defaultName }: { baseUrl: string; scale: Scale; defaultName: string },
): FanOutPlan {
  const problems = new Problems()
  if (!isRecord(options)) {
    problems.add('options', options, 'must be an object', "ws.fanOut({ path: '/ws', connections: 100, … })")
    problems.throwIfAny('ws.fanOut()')
  }
  checkKnownKeys(problems, '', options, KNOWN)
  const number = (path: keyof FanOutOptions, value: unknown, bounds: Parameters<typeof checkNumber>[3]) =>
    checkNumber(problems, path, value, bounds)
  const time = (path: keyof FanOutOptions, otherwise: Duration | undefined, min: { min: number } | { above: number }) =>
    checkDuration(problems, path, options[path] ?? otherwise, min)
  const connections = number('connections', options.connections, { min: 1, integer: true, example: 1000 })
  const plan = {
    name: text(problems, 'name', options.name ?? defaultName),
    url: readUrl(problems, baseUrl, options.path),
    clients: scaleUsers(connections, scale),
    connectRatePerSec:
      options.connectRate === undefined
        ? undefined
        : number('connectRate', options.connectRate, { above: 0, example: 500 }),
    maxHandshakes: number('maxHandshakes', options.maxHandshakes ?? 200, { min: 1, integer: true, example: 200 }),
    handshakeTimeoutMs: time('handshakeTimeout', '10s', { above: 0 }),
    headers: readHeaders(problems, options.headers),
    subprotocols: options.subprotocols ?? [],
    subscribe: optionalFunction(problems, 'subscribe', options.subscribe, '() => ({ type: "subscribe" })'),
    acknowledged: optionalFunction(
      problems,
      'acknowledged',
      options.acknowledged,
      "(message) => message.toString() === 'OK'",
    ),
    acknowledgeTimeoutMs: time('acknowledgeTimeout', '10s', { above: 0 }),
    ...readPublish(problems, options.publish),
    identify: requiredFunction(problems, 'identify', options.identify, '(message) => ({ id: message.json().id })'),
    group: optionalFunction(problems, 'group', options.group, '(client) => rooms[client % rooms.length]'),
    durationMs: scaleTime(time('duration', undefined, { above: 0 }), scale),
    warmupMs: time('warmup', 0, { min: 0 }),
    lateAfterMs: time('lateAfter', '1s', { above: 0 }),
    settleMs: time('settle', '5s', { min: 0 }),
    reconnectAfterMs: readReconnect(problems, options.reconnect),
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  }
  if (plan.settleMs < plan.lateAfterMs) {
    const rule = `must not be shorter than lateAfter (${plan.lateAfterMs} ms): a delivery of the last publication could not be late`
    problems.add('settle', options.settle, rule, "settle: '5s'")
  }
  if (plan.durationMs * plan.publishRatePerSec < 1000)
    problems.add(
      'duration',
      options.duration,
      `must hold at least one publication at ${plan.publishRatePerSec}/s`,
      "duration: '60s'",
    )
  problems.throwIfAny('ws.fanOut()')
  return plan
}

function readPublish(
  problems: Problems,
  publish: FanOutOptions['publish'],
): Pick<FanOutPlan, 'publishRatePerSec' | 'arrivals' | 'send'> {
  if (!isRecord(publish)) {
    problems.add('publish', publish, 'must be an object with rate and send', 'publish: { rate: 2, send: publishIt }')
    return { publishRatePerSec: Number.NaN, arrivals: 'uniform', send: () => undefined }
  }
  checkKnownKeys(problems, 'publish', publish, ['rate', 'send', 'arrivals'])
  const arrivals = publish.arrivals ?? 'uniform'
  if (arrivals !== 'uniform' && arrivals !== 'poisson')
    problems.add('publish.arrivals', arrivals, "must be 'uniform' or 'poisson'", "arrivals: 'poisson'")
  return {
    publishRatePerSec: checkNumber(problems, 'publish.rate', publish.rate, { above: 0, example: 2 }),
    arrivals,
    send: requiredFunction(
      problems,
      'publish.send',
      publish.send,
      '({ id }) => target.internal.post("/publish", { id })',
    ),
  }
}

function readUrl(problems: Problems, baseUrl: string, path: unknown): string {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    problems.add('path', path, 'must be a text that begins with /', "path: '/ws'")
    return baseUrl
  }
  const url = new URL(path, baseUrl)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  url.hash = ''
  return url.href
}

function readHeaders(problems: Problems, headers: FanOutOptions['headers']): FanOutPlan['headers'] {
  if (typeof headers === 'function') return headers
  if (headers !== undefined && !isRecord(headers))
    problems.add(
      'headers',
      typeof headers,
      'must be an object or a function of the client number',
      'headers: { cookie: … }',
    )
  return () => headers ?? {}
}

function readReconnect(problems: Problems, reconnect: FanOutOptions['reconnect']): number | undefined {
  if (reconnect === undefined || reconnect === false) return undefined
  if (reconnect === true) return 1000
  return checkDuration(problems, 'reconnect', reconnect, { min: 0 })
}

function text(problems: Problems, path: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  problems.add(path, value, 'must be a text that is not empty', `${path}: 'updates'`)
  return ''
}

function optionalFunction<F>(problems: Problems, path: string, value: F, example: string): F {
  if (value !== undefined && typeof value !== 'function')
    problems.add(path, value, 'must be a function', `${path.split('.').at(-1)}: ${example}`)
  return value
}

function requiredFunction<F>(problems: Problems, path: string, value: F, example: string): F {
  if (typeof value !== 'function') problems.add(path, value, 'must be a function', `${path.split('.').at(-1)}: ${example}`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

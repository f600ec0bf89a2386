import { isIP } from 'node:net'
import { scaleTime, scaleUsers, type Scale } from '../load/scale.ts'
import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { descriptorLimit } from '../run/descriptor-limit.ts'
import type { FanOutOptions, FanOutPlan, PlacedFanOut } from './fan-out-options.ts'
import type { Framing } from './framing.ts'
import { layOut } from './socket-limits.ts'
import { findAddress, loopbackSources, portRange } from './source-addresses.ts'

const KNOWN = [
  'path',
  'name',
  'connections',
  'connectRate',
  'maxHandshakes',
  'handshakeTimeout',
  'headers',
  'subprotocols',
  'framing',
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
  'pingEvery',
  'processes',
  'sourceAddresses',
  'tls',
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
    url: readUrl(problems, baseUrl, options.path, options.framing?.query),
    clients: scaleUsers(connections, scale),
    connectRatePerSec:
      options.connectRate === undefined
        ? undefined
        : number('connectRate', options.connectRate, { above: 0, example: 500 }),
    maxHandshakes: number('maxHandshakes', options.maxHandshakes ?? 200, { min: 1, integer: true, example: 200 }),
    handshakeTimeoutMs: time('handshakeTimeout', '10s', { above: 0 }),
    headers: readHeaders(problems, options.headers),
    subprotocols: options.subprotocols ?? [],
    framing: readFraming(problems, options.framing),
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
    pingEveryMs: options.pingEvery === undefined ? undefined : time('pingEvery', undefined, { above: 0 }),
    processes:
      options.processes === undefined
        ? undefined
        : number('processes', options.processes, { min: 1, integer: true, example: 2 }),
    sourceAddresses: readAddresses(problems, options.sourceAddresses),
    tls: options.tls ?? {},
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

/**
 * Finds the target's address, and how the sockets are to be held within the limits of this machine.
 *
 * @throws {OptionsError} where the limits do not allow it, with the command that raises them
 */
export async function place(plan: FanOutPlan): Promise<PlacedFanOut> {
  const { protocol, hostname, port } = new URL(plan.url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const address = await findAddress(host, Number(port || (protocol === 'wss:' ? 443 : 80)))
  const problems = new Problems()
  const wanted = { processes: plan.processes, sources: plan.sourceAddresses }
  const limits = { descriptors: descriptorLimit(), ports: portRange(), sources: loopbackSources(address ?? '') }
  const layout = layOut(problems, plan.clients, wanted, limits)
  problems.throwIfAny('ws.fanOut()')
  return { ...plan, layout, address }
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

function readUrl(problems: Problems, baseUrl: string, path: unknown, query: Framing['query']): string {
  if (typeof path !== 'string' || !path.startsWith('/')) {
    problems.add('path', path, 'must be a text that begins with /', "path: '/ws'")
    return baseUrl
  }
  const url = new URL(path, baseUrl)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  url.hash = ''
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value)
  return url.href
}

function readFraming(problems: Problems, framing: FanOutOptions['framing']): Framing | undefined {
  if (framing !== undefined && (!isRecord(framing) || typeof framing.open !== 'function'))
    problems.add('framing', framing, 'must be a framing, an object with name and open()', 'framing: socketIo()')
  return framing
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

function readAddresses(problems: Problems, addresses: FanOutOptions['sourceAddresses']): readonly string[] | undefined {
  if (
    addresses === undefined ||
    (Array.isArray(addresses) && addresses.length > 0 && addresses.every((it) => isIP(it)))
  )
    return addresses
  problems.add(
    'sourceAddresses',
    addresses,
    'must be a list of IP addresses',
    "sourceAddresses: ['127.0.0.1', '127.0.0.2']",
  )
  return undefined
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
  if (typeof value !== 'function')
    problems.add(path, value, 'must be a function', `${path.split('.').at(-1)}: ${example}`)
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

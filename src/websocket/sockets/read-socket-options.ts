import { isIP } from 'node:net'
import { descriptorLimit } from '../../machine/descriptor-limit.ts'
import { NO_TARGET, NO_TARGET_FIX, runPlace, type RunPlace, type TargetPlace } from '../../machine/target-location.ts'
import { checkLoadHost, checkOwnBaseUrl } from '../../options/base-url.ts'
import { checkDuration, checkKnownKeys, checkNumber } from '../../options/checks.ts'
import { Problems } from '../../options/problems.ts'
import { checkTls } from '../../options/tls-options.ts'
import type { Outgoing } from '../message.ts'
import { readHandshake } from './read-handshake.ts'
import { layOut } from './socket-limits.ts'
import type { Placement, SocketOptions, SocketPlan } from './socket-options.ts'
import { findAddress, loopbackSources, portRange } from './source-addresses.ts'

/** Names of the options that {@link readSocketOptions} reads. */
export const SOCKET_OPTIONS = [
  'path',
  'baseUrl',
  'query',
  'connectRate',
  'maxHandshakes',
  'handshakeTimeout',
  'headers',
  'cookies',
  'subprotocols',
  'framing',
  'pingEvery',
  'heartbeat',
  'perMessageDeflate',
  'processes',
  'sourceAddresses',
  'tls',
] as const satisfies readonly (keyof SocketOptions<never>)[]

/** Reads how sockets are opened and held; every mistake is added to `problems`. */
export function readSocketOptions<D>(
  problems: Problems,
  options: SocketOptions<D>,
  target: TargetPlace,
): SocketPlan<D> {
  const { connectRate, maxHandshakes = 200, handshakeTimeout = '10s', pingEvery, processes } = options
  const { bases, tls } = readPlace(problems, options, target)
  const whole = { min: 1, integer: true }
  for (const { url, socketPath } of bases)
    if (options.baseUrl === undefined && socketPath === undefined) checkLoadHost(problems, 'baseUrl', url.hostname)
  return {
    urls: bases.map(({ bare }) => bare.replace(/^http/, 'ws')),
    handshake: readHandshake(problems, options, bases),
    connectRatePerSec: ifGiven(connectRate, (rate) =>
      checkNumber(problems, 'connectRate', rate, { above: 0, example: 500 }),
    ),
    maxHandshakes: checkNumber(problems, 'maxHandshakes', maxHandshakes, { ...whole, example: 200 }),
    handshakeTimeoutMs: checkDuration(problems, 'handshakeTimeout', handshakeTimeout),
    framing: readFraming(problems, options.framing),
    pingEveryMs: ifGiven(pingEvery, (every) => checkDuration(problems, 'pingEvery', every)),
    heartbeat: readHeartbeat(problems, options),
    perMessageDeflate: readFlag(problems, 'perMessageDeflate', options.perMessageDeflate),
    processes: ifGiven(processes, (count) => checkNumber(problems, 'processes', count, { ...whole, example: 2 })),
    sourceAddresses: readAddresses(problems, options.sourceAddresses),
    tls,
  }
}

/**
 * Finds the target's address, and how so many sockets are to be held within the limits of this machine.
 *
 * @param subject what was called, for the error
 * @throws {OptionsError} if the limits do not allow it, with the command that raises them
 */
export async function place(subject: string, plan: SocketPlan<never>, sockets: number): Promise<Placement> {
  const addresses = await Promise.all(plan.urls.map(addressOf))
  const problems = new Problems()
  const wanted = { processes: plan.processes, sources: plan.sourceAddresses }
  const limits = { descriptors: descriptorLimit(), ports: portRange(), sources: loopbackSources(addresses[0] ?? '') }
  const layout = layOut(problems, { sockets, instances: plan.urls.length }, wanted, limits)
  problems.throwIfAny(subject)
  return { layout, addresses }
}

function addressOf(url: string): Promise<string | undefined> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol === 'unix:') return Promise.resolve(undefined)
  return findAddress(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'wss:' ? 443 : 80)))
}

function readPlace<D>(problems: Problems, options: SocketOptions<D>, target: TargetPlace): RunPlace {
  const before = problems.found.length
  if (options.baseUrl !== undefined) checkOwnBaseUrl(problems, options.baseUrl)
  checkTls(problems, options.tls)
  const place = problems.found.length > before ? undefined : runPlace(options, target)
  if (place === undefined && problems.found.length === before)
    problems.add('baseUrl', undefined, `${NO_TARGET}: ${NO_TARGET_FIX}`, `baseUrl: 'http://127.0.0.1:3000'`)
  return place ?? { bases: [], tls: {} }
}

/** Reads the name of a run. */
export function readName(problems: Problems, name: unknown): string {
  if (typeof name === 'string' && name.trim() !== '') return name
  problems.add('name', name, 'must be a string that is not empty', "name: 'updates'")
  return ''
}

/** Reads a function that may be left out. @param example the function as code */
export function readFunction<F>(problems: Problems, path: string, value: F, example: string): F {
  return value === undefined ? value : readRequiredFunction(problems, path, value, example)
}

/** Reads a function. @param example the function as code */
export function readRequiredFunction<F>(problems: Problems, path: string, value: F, example: string): F {
  const name = path.split('.').at(-1)
  if (typeof value !== 'function') problems.add(path, value, 'must be a function', `${name}: ${example}`)
  return value
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readFlag(problems: Problems, path: string, value: boolean | undefined): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    problems.add(path, value, 'must be true or false', `${path}: true`)
  return value === true
}

/** Whether a value can be sent. */
export function isOutgoing(value: unknown): value is Outgoing {
  return typeof value === 'string' || value instanceof Uint8Array || isRecord(value)
}

/** What `read` makes of a value, or `undefined` if none was given. */
export function ifGiven<T>(value: T | undefined, read: (value: T) => number): number | undefined {
  return value === undefined ? undefined : read(value)
}

function readFraming(problems: Problems, framing: SocketOptions<never>['framing']): SocketPlan<never>['framing'] {
  if (framing === undefined) return undefined
  if (!isRecord(framing) || typeof framing.open !== 'function')
    problems.add('framing', framing, 'must be a framing, an object with name and open()', 'framing: socketIo()')
  else if (framing.heartbeat !== undefined)
    checkDuration(problems, 'framing.heartbeat.every', framing.heartbeat.every, { above: 0 })
  return framing
}

function readHeartbeat<D>(problems: Problems, { heartbeat, framing }: SocketOptions<D>): SocketPlan<D>['heartbeat'] {
  if (heartbeat === undefined) return undefined
  const example = "heartbeat: { every: '25s', message: { type: 'ping' } }"
  if (!isRecord(heartbeat)) {
    problems.add('heartbeat', heartbeat, 'must be an object with every and message', example)
    return undefined
  }
  checkKnownKeys(problems, 'heartbeat', heartbeat, ['every', 'message', 'response'])
  if (isRecord(framing) && framing.heartbeat !== undefined)
    problems.add(
      'heartbeat',
      heartbeat,
      `must not be given with a framing that has its own (${framing.name})`,
      'framing',
    )
  const { every, message, response } = heartbeat
  if (!isOutgoing(message) && typeof message !== 'function') {
    const rule = 'must be a message (a string, bytes, or an object to go as JSON), or a function that returns one'
    problems.add('heartbeat.message', message, rule, "message: { type: 'ping' }")
  }
  return {
    everyMs: checkDuration(problems, 'heartbeat.every', every, { above: 0 }),
    message: typeof message === 'function' ? message : () => message,
    response: readFunction(problems, 'heartbeat.response', response, "(message) => message.json().type === 'pong'"),
  }
}

function readAddresses(
  problems: Problems,
  addresses: SocketOptions<never>['sourceAddresses'],
): readonly string[] | undefined {
  if (addresses === undefined) return undefined
  if (Array.isArray(addresses) && addresses.length > 0 && addresses.every((it) => isIP(String(it)))) return addresses
  const example = "sourceAddresses: ['127.0.0.1', '127.0.0.2']"
  problems.add('sourceAddresses', addresses, 'must be a list of IP addresses', example)
  return undefined
}

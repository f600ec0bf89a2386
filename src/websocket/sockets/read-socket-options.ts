import { isIP } from 'node:net'
import { shareOf, type Share } from '../../load/share.ts'
import { descriptorBudget } from '../../machine/descriptors.ts'
import { availableMemory } from '../../machine/memory.ts'
import { loopbackSources, portRange } from '../../machine/ports.ts'
import {
  NO_TARGET,
  NO_TARGET_FIX,
  runLocation,
  type OwnTarget,
  type RunLocation,
  type TargetLocation,
} from '../../machine/target-location.ts'
import { checkLoadHost, OWN_BASE_URL } from '../../options/base-url.ts'
import { Problems } from '../../options/problems.ts'
import { checkProxy, PROXY } from '../../options/proxy.ts'
import { choose, isRecord, map, object, optional, reading, type ReadFields } from '../../options/schema.ts'
import { TLS } from '../../options/tls-options.ts'
import { any, duration, flag, integer, matching, rate } from '../../options/values.ts'
import type { Framing } from '../framing.ts'
import { checkedMessage, isOutgoing, synchronous } from '../returned-values.ts'
import { readHandshake } from './read-handshake.ts'
import { planSockets, MOST_PROCESSES } from './socket-limits.ts'
import type { HeartbeatOption, HeartbeatPlan, Placement, SocketOptions, SocketPlan } from './socket-options.ts'
import { checkSources, findAddress } from './source-addresses.ts'

/** The name of a run. */
export const NAME = matching<string>(
  (value) => typeof value === 'string' && value.trim() !== '',
  'must be a string that is not empty',
  "'updates'",
)

const FRAMING = reading((problems, path, framing) => {
  if (!isRecord(framing) || typeof framing['open'] !== 'function')
    problems.add(path, framing, 'must be a framing, an object with name and open()', 'framing: socketIo()')
  else if (isRecord(framing['heartbeat']))
    duration().read(problems, `${path}.heartbeat.every`, framing['heartbeat']['every'])
  return framing as Framing
})

const heartbeat = <D>() =>
  map(
    object<HeartbeatOption<D>>()(
      {
        every: duration(),
        message: choose<HeartbeatOption<D>['message']>((value) =>
          typeof value === 'function'
            ? synchronous("() => ({ type: 'ping' })")
            : matching(
                isOutgoing,
                'must be a message (a string, bytes, or an object to go as JSON), or a function that returns one',
                "{ type: 'ping' }",
              ),
        ),
        response: optional(
          synchronous<NonNullable<HeartbeatOption<D>['response']>>("(message) => message.json().type === 'pong'"),
        ),
      },
      {
        rule: 'must be an object with every and message',
        example: "heartbeat: { every: '25s', message: { type: 'ping' } }",
      },
    ),
    ({ message, ...read }): HeartbeatPlan<D> => ({
      ...read,
      message: typeof message === 'function' ? (vu) => checkedMessage('heartbeat.message', message(vu)) : () => message,
    }),
  )

/** How sockets are opened and held. What a handshake says, and where it goes, is read by {@link readSocketPlan}. */
export const socketFields = <D>() => ({
  path: any(),
  startAfter: optional(duration({ min: 0 }), 0),
  proxy: optional(PROXY),
  baseUrl: optional(OWN_BASE_URL),
  query: any(),
  connectRate: optional(rate({ above: 0, example: 500 })),
  maxHandshakes: optional(integer({ min: 1, example: 200 }), 200),
  handshakeTimeout: optional(duration(), 10_000),
  headers: any(),
  cookies: any(),
  subprotocols: any(),
  framing: optional(FRAMING),
  pingInterval: optional(duration()),
  heartbeat: optional(heartbeat<D>()),
  perMessageDeflate: optional(flag(true), false),
  processes: optional(integer({ min: 1, max: MOST_PROCESSES, example: 2 })),
  sourceAddresses: optional(
    matching<readonly string[]>(
      (value) => Array.isArray(value) && value.length > 0 && value.every((it) => isIP(String(it)) > 0),
      'must be a list of IP addresses',
      "['127.0.0.1', '127.0.0.2']",
    ),
  ),
  tls: optional(TLS),
})

/** A rule of all that have these options: the heartbeat is the framing's or the run's. */
export function heartbeatOnce({ heartbeat: own, framing }: { readonly heartbeat: unknown; readonly framing: unknown }) {
  if (own === undefined || !isRecord(framing) || framing['heartbeat'] === undefined) return undefined
  const rule = `must not be given with a framing that has its own (${String(framing['name'])})`
  return { option: 'heartbeat', rule, example: 'framing' } as const
}

/** A rule of all that have these options. @param sockets before scaling */
export function processesAtMost(processes: number | undefined, sockets: number) {
  if (processes === undefined || processes <= sockets) return undefined
  const rule = `must not be more than the connections (${sockets}), as each process holds at least one`
  return { option: 'processes', rule, example: `processes: ${sockets}` } as const
}

/** Adds where sockets go, and what their handshake says. */
export function readSocketPlan<D>(
  problems: Problems,
  read: ReadFields<ReturnType<typeof socketFields<D>>>,
  options: SocketOptions<D>,
  target: TargetLocation,
): SocketPlan<D> {
  const { bases, tls } = placeOf(problems, read, options, target)
  for (const { url, socketPath } of bases)
    if (options.baseUrl === undefined && socketPath === undefined) checkLoadHost(problems, 'baseUrl', url.hostname)
  if (options.proxy !== false) for (const { bare } of bases) checkProxy(problems, 'baseUrl', bare)
  const handshake = readHandshake(problems, options, bases)
  return { ...read, urls: bases.map(({ bare }) => bare.replace(/^http/, 'ws')), handshake, tls }
}

/** The option by which a run states how many sockets it needs. */
const SOCKETS_OPTION = { 'ws.fanOut()': 'connections', 'ws.run()': 'load' } as const

/**
 * Finds the target's address, and how so many sockets are to be held within the limits of this machine.
 *
 * Generators that divide a load need only the descriptors of their share. A target on loopback is on their machine, so they
 * share the ports of this machine; otherwise each is assumed to have source addresses of its own.
 *
 * @param subject what was called, for the error
 * @param sockets of all generators
 * @throws {OptionsError} if the limits do not allow it, with the command that raises them
 */
export async function place(
  subject: keyof typeof SOCKETS_OPTION,
  plan: SocketPlan<never>,
  sockets: number,
  share: Share,
): Promise<Placement> {
  const addresses = await Promise.all(plan.urls.map(addressOf))
  const problems = new Problems()
  const wanted = { processes: plan.processes, sources: plan.sourceAddresses }
  const address = addresses[0] ?? ''
  const limits = {
    memoryBytes: availableMemory(),
    descriptors: descriptorBudget(),
    ports: portRange(),
    sources: loopbackSources(address),
  }
  const own = shareOf(share, sockets)
  await checkSources(problems, plan.sourceAddresses ?? [])
  const onMachine = address.startsWith('127.') ? sockets : own
  const needed = { option: SOCKETS_OPTION[subject], sockets: own, onMachine, instances: plan.urls.length }
  const layout = planSockets(problems, needed, wanted, limits)
  problems.throwIfAny(subject)
  return { layout, addresses, share }
}

function addressOf(url: string): Promise<string | undefined> {
  const { protocol, hostname, port } = new URL(url)
  if (protocol === 'unix:') return Promise.resolve(undefined)
  return findAddress(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'wss:' ? 443 : 80)))
}

function placeOf<D>(
  problems: Problems,
  { baseUrl, tls }: OwnTarget,
  options: SocketOptions<D>,
  target: TargetLocation,
): RunLocation {
  const isWrong = options.baseUrl !== undefined && baseUrl === undefined
  const place = isWrong ? undefined : runLocation({ baseUrl, tls }, target)
  if (place === undefined && !isWrong)
    problems.add('baseUrl', undefined, `${NO_TARGET}: ${NO_TARGET_FIX}`, `baseUrl: 'http://127.0.0.1:3000'`)
  return place ?? { bases: [], tls: {} }
}

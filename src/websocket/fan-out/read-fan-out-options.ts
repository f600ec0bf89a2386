import { dataOption } from '../../load/data.ts'
import { RATE_LIMIT, VU_LIMIT } from '../../load/load-limits.ts'
import { ARRIVALS } from '../../load/load-options.ts'
import { scaleTime, scaleUsers, type Scale } from '../../load/scale.ts'
import type { TargetLocation } from '../../machine/target-location.ts'
import { Problems } from '../../options/problems.ts'
import { choose, isRecord, object, optional } from '../../options/schema.ts'
import { constant, duration, func, integer, rate } from '../../options/values.ts'
import { synchronous } from '../returned-values.ts'
import { heartbeatOnce, NAME, processesAtMost, readSocketPlan, socketFields } from '../sockets/read-socket-options.ts'
import type { FanOutOptions, FanOutPlan, PublishOptions } from './fan-out-options.ts'

/** In which the distance of a feed's clock is estimated. */
const FEED_WARMUP_MS = 2000
const SETTLE_MS = 5000

const PUBLISH = object<PublishOptions>()(
  {
    rate: rate({ above: 0, ...RATE_LIMIT, example: 2 }),
    send: func<PublishOptions['send']>("({ id }) => target.internal.post('/publish', { id })"),
    arrivals: optional(ARRIVALS, 'uniform'),
  },
  { rule: 'must be an object with rate and send', example: 'publish: { rate: 2, send: publishIt }' },
)

/** Milliseconds; `undefined` if lost sockets stay lost. */
const RECONNECT = choose<number | undefined>((value) =>
  typeof value === 'boolean' ? constant(value ? 1000 : undefined) : duration({ min: 0 }),
)

const fanOut = <D>(scale: Scale) =>
  object<FanOutOptions<D>>()(
    {
      ...socketFields<D>(),
      name: optional(NAME),
      connections: integer({ min: 1, ...VU_LIMIT, example: 1000 }),
      data: optional(dataOption<D>('VUs')),
      subscribe: optional(synchronous<NonNullable<FanOutOptions<D>['subscribe']>>("() => ({ type: 'subscribe' })")),
      isSubscribed: optional(
        func<NonNullable<FanOutOptions<D>['isSubscribed']>>("(message) => message.toString() === 'OK'"),
      ),
      subscribeTimeout: optional(duration(), 10_000),
      joinDelay: optional(duration({ min: 0 }), 500),
      publish: optional(PUBLISH),
      identify: synchronous<FanOutOptions<D>['identify']>('(message) => ({ id: message.json().id })'),
      group: optional(synchronous<NonNullable<FanOutOptions<D>['group']>>('(vu) => rooms[vu.id % rooms.length]')),
      moves: optional(
        synchronous<NonNullable<FanOutOptions<D>['moves']>>(
          "(vu) => [{ time: '2s', join: 'room 7', send: { join: 7 } }]",
        ),
      ),
      duration: duration(),
      warmup: optional(duration({ min: 0 })),
      lateThreshold: optional(duration(), 1_000),
      drainDuration: optional(duration({ min: 0 })),
      reconnect: optional(RECONNECT),
    },
    { example: "ws.fanOut({ path: '/ws', connections: 100, … })" },
  )
    .rule([], (_, given) => heartbeatOnce(given))
    .rule(['processes', 'connections'], ({ processes, connections }) => processesAtMost(processes, connections))
    .rule(['drainDuration', 'lateThreshold'], ({ drainDurationMs = SETTLE_MS, lateThresholdMs }) =>
      drainDurationMs < lateThresholdMs
        ? {
            option: 'drainDuration',
            rule: `must not be shorter than lateThreshold (${lateThresholdMs} ms): a delivery of the last publication could not be late`,
            example: "drainDuration: '5s'",
          }
        : undefined,
    )
    .rule(['publish', 'warmup', 'lateThreshold'], ({ publish, warmupMs = FEED_WARMUP_MS, lateThresholdMs }) =>
      publish === undefined && warmupMs < lateThresholdMs
        ? {
            option: 'warmup',
            rule: `must not be shorter than lateThreshold (${lateThresholdMs} ms) for a feed: what it sent before all had joined could be counted`,
            example: "warmup: '2s'",
          }
        : undefined,
    )
    .rule(['publish', 'duration'], ({ publish, durationMs }) =>
      publish !== undefined && scaleTime(durationMs, scale) * publish.ratePerSec < 1000
        ? {
            option: 'duration',
            rule: `must hold at least one publication at ${publish.ratePerSec}/s`,
            example: "duration: '60s'",
          }
        : undefined,
    )

/** @throws {OptionsError} naming every option that cannot be used */
export function readFanOutOptions<D>(
  options: FanOutOptions<D>,
  { target, scale }: { target: TargetLocation; scale: Scale },
): Omit<FanOutPlan<D>, 'name'> & { readonly name: string | undefined } {
  const problems = new Problems()
  const read = fanOut<D>(scale).read(problems, '', options)
  if (!isRecord(options)) problems.throwIfAny('ws.fanOut()')
  const { name, connections, publish, reconnect, lateThresholdMs, drainDurationMs = SETTLE_MS, ...others } = read
  const { warmupMs = publish === undefined ? FEED_WARMUP_MS : 0 } = read
  const sockets = readSocketPlan(problems, read, options, target)
  problems.throwIfAny('ws.fanOut()')
  const clients = scaleUsers(connections, scale)
  const durationMs = scaleTime(read.durationMs, scale)
  return {
    ...{
      ...others,
      ...sockets,
      name,
      clients,
      publish,
      lateThresholdMs,
      durationMs,
      warmupMs,
      drainDurationMs: drainDurationMs,
    },
    watchMs: read.drainDurationMs === undefined ? Math.min(lateThresholdMs, drainDurationMs) : drainDurationMs,
    reconnectAfterMs: reconnect,
    reducedTo: clients < connections || durationMs < read.durationMs ? scale.name : undefined,
  }
}

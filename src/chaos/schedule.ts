import type { Disruption } from '../control/disruption.ts'
import type { Duration } from '../options/checks.ts'
import { choose, map, object, optional, readOptions, type Reader } from '../options/schema.ts'
import { duration, integer, matching, text } from '../options/values.ts'

/**
 * Time since the start of the run, including the warm-up, or a percentage of its planned length (`'40%'`), which fits every
 * scale. Nothing is disrupted in the first second of the run.
 */
export type Moment = Duration | `${number}%`

/** A validated disruption and its time. Created by the functions of this file. */
export interface ScheduledDisruption {
  /** Function and time: `killTarget at 40%`. */
  readonly label: string
  /** Milliseconds since the start of the run; if it is not set, `share` is. */
  readonly atMs?: number
  /** Ratio of the planned length of the run, 0–1. */
  readonly share?: number
  /** What is disrupted. */
  readonly disruption: Disruption
}

/** Time of a disruption. */
export interface DisruptionTime {
  /** When it happens, counted from the start of the run, warm-up included. */
  readonly time: Moment
}

/**
 * Kills an instance of the target like a crash (SIGKILL), and restarts it on its ports. The next disruption waits until it
 * is ready.
 * @param options `instance` counts from 0, default 0; `downtime` is how long it stays down, default `'1s'`
 * @throws {OptionsError}
 *
 * @example
 * const crash = killTarget({ time: '40%', downtime: '2s' })
 */
export function killTarget(
  options: DisruptionTime & { readonly instance?: number; readonly downtime?: Duration },
): ScheduledDisruption {
  const { instance, downtimeMs, ...read } = readOptions('killTarget()', KILL_TARGET, options)
  return scheduled('killTarget', options, read, { kind: 'killTarget', instance, downMs: downtimeMs })
}

/**
 * Makes Postgres close all connections to its database except those of the measurement, like a failover or a restart.
 * @param options `service` names it in the config; default: the only Postgres
 * @throws {OptionsError}
 *
 * @example
 * const failover = dropPostgresConnections({ time: '40%' })
 */
export function dropPostgresConnections(options: DisruptionTime & { readonly service?: string }): ScheduledDisruption {
  const read = readOptions('dropPostgresConnections()', DROP_POSTGRES_CONNECTIONS, options)
  return scheduled('dropPostgresConnections', options, read, { kind: 'dropConnections', ...named(read) })
}

/**
 * Pauses Redis, like a machine that swaps or a lost network: connections stay open, and nothing responds until it continues.
 * @param options `service` names it in the config; default: the only Redis
 * @throws {OptionsError}
 *
 * @example
 * const pause = pauseRedis({ time: '30s', duration: '5s' })
 */
export function pauseRedis(
  options: DisruptionTime & { readonly duration: Duration; readonly service?: string },
): ScheduledDisruption {
  const read = readOptions('pauseRedis()', PAUSE_REDIS, options)
  return scheduled('pauseRedis', options, read, { kind: 'pause', ...named(read), forMs: read.durationMs })
}

/**
 * Stops Redis and restarts it on its address with its settings and without its data, like after a crash without
 * persistence.
 * @param options `service` names it in the config; default: the only Redis
 * @throws {OptionsError}
 *
 * @example
 * const restart = restartRedis({ time: '40%' })
 */
export function restartRedis(options: DisruptionTime & { readonly service?: string }): ScheduledDisruption {
  const read = readOptions('restartRedis()', RESTART_REDIS, options)
  return scheduled('restartRedis', options, read, { kind: 'restart', ...named(read) })
}

/** A validated time: `atMs` for a duration, `share` for a percentage. */
type ReadMoment = Pick<ScheduledDisruption, 'atMs' | 'share'>

const PERCENT = /^\d+(?:\.\d+)?%$/
const MOMENT = choose<ReadMoment>((value) => (typeof value === 'string' && PERCENT.test(value) ? SHARE : TIME))
const TIME: Reader<ReadMoment> = map(duration({ min: 0 }), (atMs) => ({ atMs }))
const SHARE: Reader<ReadMoment> = map(
  matching<string>(
    (share) => Number.parseFloat(String(share)) < 100,
    'must be a percentage of the run below 100%',
    "'40%'",
  ),
  (share) => ({ share: Number.parseFloat(share) / 100 }),
)
const NAME = text("'orders'", 'must be the name of a service of the config')
const REDIS_NAME = text("'sessions'", 'must be the name of a service of the config')

const KILL_TARGET = object<Parameters<typeof killTarget>[0]>()(
  {
    time: MOMENT,
    instance: optional(integer({ min: 0, example: 0 }), 0),
    downtime: optional(duration({ min: 0 }), 1_000),
  },
  { example: "killTarget({ time: '40%' })" },
)
const DROP_POSTGRES_CONNECTIONS = object<Parameters<typeof dropPostgresConnections>[0]>()(
  { time: MOMENT, service: optional(NAME) },
  { example: "dropPostgresConnections({ time: '40%' })" },
)
const PAUSE_REDIS = object<Parameters<typeof pauseRedis>[0]>()(
  { time: MOMENT, service: optional(REDIS_NAME), duration: duration() },
  { example: "pauseRedis({ time: '40%', duration: '5s' })" },
)
const RESTART_REDIS = object<Parameters<typeof restartRedis>[0]>()(
  { time: MOMENT, service: optional(REDIS_NAME) },
  { example: "restartRedis({ time: '40%' })" },
)

function scheduled(
  name: string,
  { time }: DisruptionTime,
  read: { readonly time: ReadMoment },
  disruption: Disruption,
): ScheduledDisruption {
  return { label: `${name} at ${typeof time === 'number' ? `${time}ms` : time}`, ...read.time, disruption }
}

function named({ service }: { readonly service: string | undefined }): { readonly service?: string } {
  return service === undefined ? {} : { service }
}

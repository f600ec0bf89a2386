import type { Disruption } from '../control/disruption.ts'
import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'

/**
 * When: a time since the start of the run, warm-up included, or a share of its planned length (`'40%'`), which holds at
 * every scale. Not before the run's first second is over.
 */
export type Moment = Duration | `${number}%`

/** A disruption and its moment, checked. Made by the functions of this file. */
export interface ScheduledDisruption {
  /** The call in short: `killTarget at 40%`. */
  readonly label: string
  /** Given a time; else `share` is set. */
  readonly atMs?: number
  /** 0–1 of the planned length of the run. */
  readonly share?: number
  readonly disruption: Disruption
}

export interface DisruptionTime {
  readonly time: Moment
}

/**
 * Kills an instance of the target as a crash does (SIGKILL), and starts it again on its ports. The next disruption waits
 * until it is ready.
 * @param options `instance` counts from 0, default 0; `downFor` is how long it stays down, default `'1s'`
 * @throws {OptionsError}
 */
export function killTarget(
  options: DisruptionTime & { readonly instance?: number; readonly downFor?: Duration },
): ScheduledDisruption {
  return scheduled('killTarget', options, ['instance', 'downFor'], (problems, { instance = 0, downFor = '1s' }) => ({
    kind: 'killTarget',
    instance: checkNumber(problems, 'instance', instance, { min: 0, integer: true, example: 0 }),
    downMs: checkDuration(problems, 'downFor', downFor, { min: 0 }),
  }))
}

/**
 * Has Postgres end every connection to its database but those of the measurement, as a failover or a restart does.
 * @param options `service` names it in the config; default: the only Postgres
 * @throws {OptionsError}
 */
export function dropPostgresConnections(options: DisruptionTime & { readonly service?: string }): ScheduledDisruption {
  return scheduled('dropPostgresConnections', options, ['service'], (problems, { service }) => ({
    kind: 'dropConnections',
    ...readName(problems, service, 'orders'),
  }))
}

/**
 * Stops Redis where it stands, as a machine that swaps or a lost network does: connections stay open, and nothing is
 * responded until it goes on.
 * @param options `service` names it in the config; default: the only Redis
 * @throws {OptionsError}
 */
export function pauseRedis(
  options: DisruptionTime & { readonly duration: Duration; readonly service?: string },
): ScheduledDisruption {
  return scheduled('pauseRedis', options, ['duration', 'service'], (problems, { duration, service }) => ({
    kind: 'pause',
    ...readName(problems, service, 'sessions'),
    forMs: checkDuration(problems, 'duration', duration),
  }))
}

/**
 * Ends Redis and starts it again on its address with its settings and without its data, as after a crash where nothing
 * is kept.
 * @param options `service` names it in the config; default: the only Redis
 * @throws {OptionsError}
 */
export function restartRedis(options: DisruptionTime & { readonly service?: string }): ScheduledDisruption {
  return scheduled('restartRedis', options, ['service'], (problems, { service }) => ({
    kind: 'restart',
    ...readName(problems, service, 'sessions'),
  }))
}

function scheduled<Options extends DisruptionTime>(
  name: string,
  options: Options,
  known: readonly (keyof Options & string)[],
  read: (problems: Problems, options: Options) => Disruption,
): ScheduledDisruption {
  const problems = new Problems()
  if (typeof options !== 'object' || options === null) {
    problems.add('options', options, 'must be an object', `${name}({ time: '40%' })`)
    problems.throwIfAny(`${name}()`)
  }
  checkKnownKeys(problems, '', options, ['time', ...known])
  const moment = readMoment(problems, options.time)
  const disruption = read(problems, options)
  problems.throwIfAny(`${name}()`)
  const { time } = options
  return { label: `${name} at ${typeof time === 'number' ? `${time}ms` : time}`, ...moment, disruption }
}

function readMoment(problems: Problems, time: unknown): { readonly atMs: number } | { readonly share: number } {
  const percent = typeof time === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(time) : null
  if (percent === null) return { atMs: checkDuration(problems, 'time', time, { min: 0 }) }
  const share = Number(percent[1]) / 100
  if (share >= 1) problems.add('time', time, 'must be a share of the run below 100%', "time: '40%'")
  return { share }
}

function readName(problems: Problems, service: unknown, example: string): { readonly service?: string } {
  if (service === undefined) return {}
  if (typeof service === 'string' && service !== '') return { service }
  problems.add('service', service, 'must be the name of a service of the config', `service: '${example}'`)
  return {}
}

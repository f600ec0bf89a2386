import { Problems } from '../options/problems.ts'
import { isRecord, reading, type Reader } from '../options/schema.ts'
import { durationOf, maxVusOf, offeredIterations } from './describe.ts'
import {
  LOADS,
  SPIKE,
  type ConstantArrivalRateOptions,
  type ConstantVusOptions,
  type RampingArrivalRateOptions,
  type RampingVusOptions,
  type SharedIterationsOptions,
  type SpikeOptions,
} from './load-options.ts'
import type {
  ConstantArrivalRate,
  ConstantVus,
  Load,
  RampingArrivalRate,
  RampingVus,
  SharedIterations,
} from './load.ts'

/**
 * Closed model: a number of VUs, each sending again after its response and its think time. A slow target receives fewer
 * requests, so the rate is a result, and the latency is that of users who wait for each response.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const load = constantVus({ vus: 50, duration: '2m', thinkTime: '1s' })
 */
export function constantVus(options: ConstantVusOptions): ConstantVus {
  return build('constantVus', LOADS.constantVus, options)
}

/**
 * Closed model with a number of VUs that changes linearly from stage to stage.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const load = rampingVus({
 *   stages: [
 *     { target: 50, duration: '30s' },
 *     { target: 50, duration: '2m' },
 *   ],
 * })
 */
export function rampingVus(options: RampingVusOptions): RampingVus {
  return build('rampingVus', LOADS.rampingVus, options)
}

/**
 * Open model: iterations due at a fixed rate, independent of the target, each executed by a free VU.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const load = constantArrivalRate({ rate: 200, vus: 500, duration: '2m' })
 */
export function constantArrivalRate(options: ConstantArrivalRateOptions): ConstantArrivalRate {
  return build('constantArrivalRate', LOADS.constantArrivalRate, options)
}

/**
 * Open model with a rate that changes linearly from stage to stage; the number of iterations is the area under it.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const load = rampingArrivalRate({
 *   startRate: 10,
 *   stages: [
 *     { target: 200, duration: '30s' },
 *     { target: 200, duration: '2m' },
 *   ],
 *   vus: 500,
 * })
 */
export function rampingArrivalRate(options: RampingArrivalRateOptions): RampingArrivalRate {
  return build('rampingArrivalRate', LOADS.rampingArrivalRate, options)
}

/**
 * Closed model: a fixed number of iterations, shared by the VUs as fast as responses arrive. Use it for a fixed amount of
 * work, not for latency objectives: it keeps no rate.
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const load = sharedIterations({ vus: 20, iterations: 1_000 })
 */
export function sharedIterations(options: SharedIterationsOptions): SharedIterations {
  return build('sharedIterations', LOADS.sharedIterations, options)
}

/**
 * Burst as a {@link rampingArrivalRate}: `baseRate` (phase `steady`), the ramp up (`ramp`), `rate` (`spike`), and
 * `baseRate` again (`cooldown`).
 *
 * @throws {OptionsError} naming every invalid option
 *
 * @example
 * const load = spike({ baseRate: 20, rate: 200, vus: 500, duration: '30s' })
 */
export function spike(options: SpikeOptions): RampingArrivalRate {
  return build('spike', SPIKE, options)
}

/** A load as plain data. */
export const LOAD = reading((problems, path, value): Load => {
  const { kind, ...values }: Readonly<Record<string, unknown>> = isRecord(value) ? value : {}
  if (typeof kind !== 'string' || !Object.hasOwn(LOADS, kind)) {
    const rule = `must be a load, created by one of ${Object.keys(LOADS).join(', ')}, spike`
    problems.add(path, value, rule, `${path}: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' })`)
    return undefined as never
  }
  const found = new Problems()
  const load = readLoad<Load>(found, path, LOADS[kind as Load['kind']].ofData!, values)
  if (found.count === 0) return load
  if (isOptionsOf(kind as Load['kind'], values))
    problems.add(path, value, `must be a load, created by ${kind}()`, `${path}: ${kind}({ … })`)
  else problems.merge('', found.found)
  return load
})

/** Whether values are the options of the function that creates a load, instead of a load. */
function isOptionsOf(kind: Load['kind'], values: Readonly<Record<string, unknown>>): boolean {
  if ('duration' in values || 'maxDuration' in values) return true
  const problems = new Problems()
  LOADS[kind].read(problems, '', values)
  return problems.count === 0
}

function build<L extends Load>(name: string, reader: Reader<L>, options: unknown): L {
  const problems = new Problems()
  const load = readLoad(problems, '', reader, options)
  problems.throwIfAny(`${name}()`)
  return load
}

function readLoad<L extends Load>(problems: Problems, path: string, reader: Reader<L, string>, value: unknown): L {
  const before = problems.count
  const load = reader.read(problems, path, value)
  if (problems.count > before) return load
  const size = offeredIterations(load) ?? maxVusOf(load) * durationOf(load)
  if (size === 0)
    problems.add(
      path === '' ? 'options' : path,
      load,
      'must offer at least one request: raise a rate, a target or a duration',
      `rate: 50, duration: '2m'`,
    )
  return load
}

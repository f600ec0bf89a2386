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
 * Closed model: a number of VUs, each sending again after its response and its think time. A slow target is asked less
 * often, so the rate is a result, and latency is what a user of a slow system has got used to.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function constantVus(options: ConstantVusOptions): ConstantVus {
  return build('constantVus', LOADS.constantVus, options)
}

/**
 * Closed model with a number of VUs that moves in straight lines from stage to stage.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function rampingVus(options: RampingVusOptions): RampingVus {
  return build('rampingVus', LOADS.rampingVus, options)
}

/**
 * Open model: iterations due at a fixed rate, whatever the target does, carried by whichever VU is free.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function constantArrivalRate(options: ConstantArrivalRateOptions): ConstantArrivalRate {
  return build('constantArrivalRate', LOADS.constantArrivalRate, options)
}

/**
 * Open model with a rate that moves in straight lines from stage to stage: as many iterations as the area under it.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function rampingArrivalRate(options: RampingArrivalRateOptions): RampingArrivalRate {
  return build('rampingArrivalRate', LOADS.rampingArrivalRate, options)
}

/**
 * Closed model: a fixed number of iterations, shared by the VUs as fast as responses come. For work that must be done
 * once over, not for latency objectives: no rate is kept.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function sharedIterations(options: SharedIterationsOptions): SharedIterations {
  return build('sharedIterations', LOADS.sharedIterations, options)
}

/**
 * A burst as a {@link rampingArrivalRate}: `baseRate` (phase `steady`), the way up (`ramp`), `rate` (`spike`), and
 * `baseRate` again (`cooldown`).
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function spike(options: SpikeOptions): RampingArrivalRate {
  return build('spike', SPIKE, options)
}

/** A load that comes as plain data. */
export const LOAD = reading((problems, path, value): Load => {
  const { kind, ...values }: Readonly<Record<string, unknown>> = isRecord(value) ? value : {}
  if (typeof kind !== 'string' || !Object.hasOwn(LOADS, kind)) {
    const rule = `must be a load, made by one of ${Object.keys(LOADS).join(', ')}, spike`
    problems.add(path, value, rule, `${path}: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' })`)
    return undefined as never
  }
  return readLoad<Load>(problems, path, LOADS[kind as Load['kind']].ofData!, values)
})

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
  const due = offeredIterations(load) ?? maxVusOf(load) * durationOf(load)
  if (due === 0)
    problems.add(
      path === '' ? 'options' : path,
      load,
      'must offer at least one request: raise a rate, a target or a duration',
      `rate: 50, duration: '2m'`,
    )
  return load
}

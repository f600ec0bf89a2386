import type { Duration } from '../options/checks.ts'
import { OptionsError, Problems } from '../options/problems.ts'
import { durationOf, maxVusOf, offeredIterations } from './describe.ts'
import { Fields, isRecord, type StageOption, type ThinkTimeOption } from './fields.ts'
import type {
  Arrivals,
  ConstantArrivalRate,
  ConstantVus,
  Load,
  LoadKind,
  RampingArrivalRate,
  RampingVus,
  SharedIterations,
} from './load.ts'
import { READERS } from './read.ts'

export interface ConstantVusOptions {
  readonly vus: number
  readonly duration: Duration
  /** Pause of a VU between a response and its next iteration. Default: none. */
  readonly thinkTime?: ThinkTimeOption
  /**
   * Whether VUs that start together spread their first iterations evenly over one think time (of the load and of the
   * steps), as users do who did not all arrive at the same moment. `false`: all begin at once, and stay in step for as
   * long as responses take equally long. Without think time they begin at once in any case.
   *
   * @default true
   */
  readonly isStaggered?: boolean
}

export interface RampingVusOptions {
  /** VUs at the start. Default: 0. */
  readonly startVus?: number
  readonly stages: readonly StageOption[]
  /** Pause of a VU between a response and its next iteration. Default: none. */
  readonly thinkTime?: ThinkTimeOption
  /**
   * Whether VUs that start together spread their first iterations evenly over one think time (of the load and of the
   * steps), as users do who did not all arrive at the same moment. `false`: all begin at once, and stay in step for as
   * long as responses take equally long. Without think time they begin at once in any case.
   *
   * @default true
   */
  readonly isStaggered?: boolean
}

export interface ConstantArrivalRateOptions {
  /** Iterations due per second. */
  readonly rate: number
  /** The VUs that carry them: at least rate × the seconds one iteration takes, or iterations are dropped. */
  readonly vus: number
  readonly duration: Duration
  /** Default: `'uniform'`. */
  readonly arrivals?: Arrivals
}

export interface RampingArrivalRateOptions {
  /** Iterations per second at the start. Default: 0. */
  readonly startRate?: number
  readonly stages: readonly StageOption[]
  readonly vus: number
  /** Default: `'uniform'`. */
  readonly arrivals?: Arrivals
}

export interface SharedIterationsOptions {
  /** Iterations of all VUs together. */
  readonly iterations: number
  readonly vus: number
  /** The run ends here even if iterations are left. Default: `'10m'`. */
  readonly maxDuration?: Duration
}

export interface SpikeOptions {
  /** Iterations per second during the spike. */
  readonly rate: number
  /** Length of the spike, without the way up. */
  readonly duration: Duration
  readonly vus: number
  /** Iterations per second before and after. Default: a tenth of `rate`. */
  readonly baseRate?: number
  /** Steady time at `baseRate` before the spike. Default: `'10s'`. */
  readonly timeBefore?: Duration
  /** Cool-down at `baseRate` after the spike. Default: `'10s'`. */
  readonly timeAfter?: Duration
  /** Time to go from `baseRate` to `rate`. Default: 0, a jump. */
  readonly rampUp?: Duration
  /** Default: `'uniform'`. */
  readonly arrivals?: Arrivals
}

/**
 * Closed model: a number of VUs, each sending again after its response and its think time. A slow target is asked less
 * often, so the rate is a result, and latency is what a user of a slow system has got used to.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function constantVus(options: ConstantVusOptions): ConstantVus {
  return build('constantVus()', options, READERS.constantVus)
}

/**
 * Closed model with a number of VUs that moves in straight lines from stage to stage.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function rampingVus(options: RampingVusOptions): RampingVus {
  return build('rampingVus()', options, READERS.rampingVus)
}

/**
 * Open model: iterations due at a fixed rate, whatever the target does, carried by whichever VU is free.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function constantArrivalRate(options: ConstantArrivalRateOptions): ConstantArrivalRate {
  return build('constantArrivalRate()', options, READERS.constantArrivalRate)
}

/**
 * Open model with a rate that moves in straight lines from stage to stage: as many iterations as the area under it.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function rampingArrivalRate(options: RampingArrivalRateOptions): RampingArrivalRate {
  return build('rampingArrivalRate()', options, READERS.rampingArrivalRate)
}

/**
 * Closed model: a fixed number of iterations, shared by the VUs as fast as responses come. For work that must be done
 * once over, not for latency objectives: no rate is kept.
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function sharedIterations(options: SharedIterationsOptions): SharedIterations {
  return build('sharedIterations()', options, READERS.sharedIterations)
}

/**
 * A burst as a {@link rampingArrivalRate}: `baseRate` (phase `steady`), the way up (`ramp`), `rate` (`spike`), and
 * `baseRate` again (`cooldown`).
 *
 * @throws {OptionsError} naming every option that cannot be used
 */
export function spike(options: SpikeOptions): RampingArrivalRate {
  return build('spike()', options, READERS.spike)
}

/** Whether a value is a load, whoever made it. */
export function isLoad(value: unknown): value is Load {
  const problems = new Problems()
  checkLoad(problems, 'load', value)
  return problems.found.length === 0
}

/** Reads a load that comes as plain data; every mistake is added to `problems`, and `undefined` returned if there was one. */
export function checkLoad(problems: Problems, path: string, value: unknown): Load | undefined {
  const kind = isRecord(value) ? value['kind'] : undefined
  if (!isRecord(value) || !isKind(kind)) {
    const rule = `must be a load, made by one of ${Object.keys(READERS).join(', ')}`
    problems.add(path, value, rule, `${path}: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' })`)
    return undefined
  }
  const before = problems.found.length
  const { kind: _, ...values } = value
  const load = read<Load>(problems, path, new Fields(problems, path, values, true), READERS[kind])
  return problems.found.length === before ? load : undefined
}

function isKind(kind: unknown): kind is LoadKind {
  return typeof kind === 'string' && kind !== 'spike' && Object.hasOwn(READERS, kind)
}

function build<L extends Load>(subject: string, options: unknown, reader: (fields: Fields) => L): L {
  const problems = new Problems()
  if (!isRecord(options)) {
    problems.add('options', options, 'must be an object', `${subject.slice(0, -1)}{ vus: 10, … })`)
    throw new OptionsError(subject, problems.found)
  }
  const load = read(problems, 'options', new Fields(problems, '', options, false), reader)
  problems.throwIfAny(subject)
  return load
}

function read<L extends Load>(problems: Problems, path: string, fields: Fields, reader: (fields: Fields) => L): L {
  const before = problems.found.length
  const load = reader(fields)
  fields.end()
  const asked = offeredIterations(load) ?? maxVusOf(load) * durationOf(load)
  if (problems.found.length === before && asked === 0)
    problems.add(
      path,
      load,
      'must offer at least one request: raise a rate, a target or a duration',
      `rate: 50, duration: '2m'`,
    )
  return load
}

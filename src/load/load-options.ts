import type { Duration } from '../options/checks.ts'
import { choose, isRecord, map, object, optional, type Reader } from '../options/schema.ts'
import { array, duration, flag, integer, number, oneOf, rate } from '../options/values.ts'
import { ITERATION_LIMIT, RATE_LIMIT, VU_LIMIT } from './load-limits.ts'
import type {
  Arrivals,
  ConstantArrivalRate,
  ConstantVus,
  PhaseName,
  RampingArrivalRate,
  RampingVus,
  SharedIterations,
  Stage,
  ThinkTime,
} from './load.ts'

/** Pause after each response: fixed, or drawn uniformly from `min` to `max`. */
export type ThinkTimeOption = Duration | { readonly min: Duration; readonly max: Duration }

/** One stage of a ramp, which changes linearly to `target`. A duration of 0 is a jump. */
export interface StageOption {
  /** VUs (`rampingVus`) or iterations per second (`rampingArrivalRate`) at the end of the stage. */
  readonly target: number
  /** Duration of the stage. */
  readonly duration: Duration
  /** Phase of the stage. @default derived from the targets */
  readonly phase?: PhaseName
}

/** Options of `constantVus()`. */
export interface ConstantVusOptions {
  /** Number of VUs. */
  readonly vus: number
  /** Duration of the load. */
  readonly duration: Duration
  /** Pause of a VU between a response and its next iteration. @default 0 */
  readonly thinkTime?: ThinkTimeOption
  /**
   * Whether VUs that start together spread their first iterations evenly over one think time (of the load and the steps),
   * like users who arrive at different times. If `false`, all of them begin together, and stay synchronized if responses
   * take equally long. Without think time, they always begin together.
   *
   * @default true
   */
  readonly isStaggered?: boolean
}

/** Options of `rampingVus()`. */
export interface RampingVusOptions {
  /** VUs at the start. @default 0 */
  readonly startVus?: number
  /** Stages, one after another. */
  readonly stages: readonly StageOption[]
  /** Pause of a VU between a response and its next iteration. @default 0 */
  readonly thinkTime?: ThinkTimeOption
  /**
   * Whether VUs that start together spread their first iterations evenly over one think time (of the load and the steps),
   * like users who arrive at different times. If `false`, all of them begin together, and stay synchronized if responses
   * take equally long. Without think time, they always begin together.
   *
   * @default true
   */
  readonly isStaggered?: boolean
}

/** Options of `constantArrivalRate()`. */
export interface ConstantArrivalRateOptions {
  /** Iterations due per second. */
  readonly rate: number
  /** VUs that execute them: at least rate × the seconds that one iteration takes, or iterations are dropped. */
  readonly vus: number
  /** Duration of the load. */
  readonly duration: Duration
  /** Distribution of the arrivals. @default 'uniform' */
  readonly arrivals?: Arrivals
}

/** Options of `rampingArrivalRate()`. */
export interface RampingArrivalRateOptions {
  /** Iterations per second at the start. @default 0 */
  readonly startRate?: number
  /** Stages, one after another; their targets are iterations per second. */
  readonly stages: readonly StageOption[]
  /** VUs that execute them: at least the highest rate × the seconds that one iteration takes. */
  readonly vus: number
  /** Distribution of the arrivals. @default 'uniform' */
  readonly arrivals?: Arrivals
}

/** Options of `sharedIterations()`. */
export interface SharedIterationsOptions {
  /** Iterations of all VUs together. */
  readonly iterations: number
  /** VUs that share the iterations. */
  readonly vus: number
  /** Time after which the run ends even if iterations are left. @default '10m' */
  readonly maxDuration?: Duration
}

/** Options of `spike()`. */
export interface SpikeOptions {
  /** Iterations per second during the spike. */
  readonly rate: number
  /** Duration of the spike, without the ramp up. */
  readonly duration: Duration
  /** VUs that execute the iterations: at least `rate` × the seconds that one iteration takes. */
  readonly vus: number
  /** Iterations per second before and after the spike. @default a tenth of `rate` */
  readonly baseRate?: number
  /** Steady time at `baseRate` before the spike. @default '10s' */
  readonly timeBefore?: Duration
  /** Cool-down at `baseRate` after the spike. @default '10s' */
  readonly timeAfter?: Duration
  /** Duration of the ramp from `baseRate` to `rate`. @default 0, a jump */
  readonly rampUp?: Duration
  /** Distribution of the arrivals. @default 'uniform' */
  readonly arrivals?: Arrivals
}

const vus = (example: number) => integer({ min: 1, ...VU_LIMIT, example })

const THINK_TIME_RANGE = object<Extract<ThinkTimeOption, object>>()(
  { min: duration({ min: 0 }), max: duration({ min: 0 }) },
  { example: "thinkTime: { min: '1s', max: '3s' }" },
).rule(['min', 'max'], ({ minMs, maxMs }) =>
  minMs > maxMs ? { rule: 'must not have min above max', example: "thinkTime: { min: '1s', max: '3s' }" } : undefined,
)
const FIXED_THINK_TIME = map(duration({ min: 0 }), (ms): ThinkTime => ({ minMs: ms, maxMs: ms }))

/** Reader of a fixed or random pause. */
export const THINK_TIME: Reader<ThinkTime> = {
  ...choose<ThinkTime>((value) => (isRecord(value) ? THINK_TIME_RANGE : FIXED_THINK_TIME)),
  ofData: THINK_TIME_RANGE.ofData,
}
export const NO_THINK_TIME: ThinkTime = { minMs: 0, maxMs: 0 }

export const ARRIVALS = oneOf<Arrivals>(['uniform', 'poisson'], 'poisson')
const PHASES: readonly PhaseName[] = ['warmup', 'ramp', 'steady', 'spike', 'cooldown']

const stages = (target: Reader<number>) =>
  array(
    map(
      object<StageOption>()(
        { target, duration: duration({ min: 0 }), phase: optional(oneOf(PHASES, 'spike')) },
        { rule: 'must be a stage: an object with target and duration', example: "{ target: 100, duration: '2m' }" },
      ),
      ({ phase, ...stage }): Stage => (phase === undefined ? stage : { ...stage, phase }),
    ),
    'must be an array of at least one stage',
    "[{ target: 100, duration: '2m' }]",
  )

/** Omits `isStaggered` from a closed load if it has its default. */
function staggered<L>({ isStaggered, ...load }: L & { readonly isStaggered: boolean | undefined }) {
  return isStaggered === false ? { ...load, isStaggered } : load
}

/** Readers of each kind of load from the options of its builder; `ofData` reads it from plain data. */
export const LOADS = {
  constantVus: map(
    object<ConstantVusOptions>()(
      {
        vus: vus(50),
        duration: duration(),
        thinkTime: optional(THINK_TIME, NO_THINK_TIME),
        isStaggered: optional(flag(false)),
      },
      { example: 'constantVus({ vus: 10, … })' },
    ),
    (read): ConstantVus => ({ kind: 'constantVus', ...staggered(read) }),
  ),
  rampingVus: map(
    object<RampingVusOptions>()(
      {
        startVus: optional(integer({ min: 0, ...VU_LIMIT, example: 10 }), 0),
        stages: stages(integer({ min: 0, ...VU_LIMIT, example: 100 })),
        thinkTime: optional(THINK_TIME, NO_THINK_TIME),
        isStaggered: optional(flag(false)),
      },
      { example: 'rampingVus({ stages: … })' },
    ),
    (read): RampingVus => ({ kind: 'rampingVus', ...staggered(read) }),
  ),
  constantArrivalRate: map(
    object<ConstantArrivalRateOptions>()(
      {
        rate: rate({ above: 0, ...RATE_LIMIT, example: 50 }),
        vus: vus(50),
        duration: duration(),
        arrivals: optional(ARRIVALS, 'uniform'),
      },
      { example: 'constantArrivalRate({ rate: 50, … })' },
    ),
    (read): ConstantArrivalRate => ({ kind: 'constantArrivalRate', ...read }),
  ),
  rampingArrivalRate: map(
    object<RampingArrivalRateOptions>()(
      {
        startRate: optional(rate({ min: 0, ...RATE_LIMIT, example: 10 }), 0),
        stages: stages(number({ min: 0, ...RATE_LIMIT, example: 100 })),
        vus: vus(50),
        arrivals: optional(ARRIVALS, 'uniform'),
      },
      { example: 'rampingArrivalRate({ stages: …, … })' },
    ),
    (read): RampingArrivalRate => ({ kind: 'rampingArrivalRate', ...read }),
  ),
  sharedIterations: map(
    object<SharedIterationsOptions>()(
      {
        iterations: integer({ min: 1, ...ITERATION_LIMIT, example: 1000 }),
        vus: vus(50),
        maxDuration: optional(duration(), 600_000),
      },
      { example: 'sharedIterations({ iterations: 1000, … })' },
    ),
    (read): SharedIterations => ({ kind: 'sharedIterations', ...read }),
  ),
}

/** Reader of the options of `spike()`, which returns a ramp. */
export const SPIKE = map(
  object<SpikeOptions>()(
    {
      rate: rate({ above: 0, ...RATE_LIMIT, example: 200 }),
      duration: duration(),
      vus: vus(2000),
      baseRate: optional(rate({ min: 0, ...RATE_LIMIT, example: 20 })),
      timeBefore: optional(duration({ min: 0 }), 10_000),
      timeAfter: optional(duration({ min: 0 }), 10_000),
      rampUp: optional(duration({ min: 0 }), 0),
      arrivals: optional(ARRIVALS, 'uniform'),
    },
    { example: 'spike({ rate: 200, … })' },
  ),
  ({ ratePerSec: rate, baseRatePerSec: baseRate = rate / 10, vus, arrivals, ...times }): RampingArrivalRate => ({
    kind: 'rampingArrivalRate',
    startRatePerSec: baseRate,
    stages: [
      { target: baseRate, durationMs: times.timeBeforeMs, phase: 'steady' },
      { target: rate, durationMs: times.rampUpMs, phase: 'ramp' },
      { target: rate, durationMs: times.durationMs, phase: 'spike' },
      { target: baseRate, durationMs: 0 },
      { target: baseRate, durationMs: times.timeAfterMs, phase: 'cooldown' },
    ],
    vus,
    arrivals,
  }),
)

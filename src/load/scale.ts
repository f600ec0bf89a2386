import { fixBy, OptionsError } from '../options/problems.ts'
import { formatCount, formatDuration, formatRatio } from '../stats/units.ts'
import { durationOf, segmentPhases } from './describe.ts'
import type { Load, OpenLoad, RampingArrivalRate, RampingVus, SharedIterations, Stage } from './load.ts'
import { countedMs, samplesIn, type LineLoad } from './samples.ts'
import { segmentsOf } from './segments.ts'

/** Factors that reduce a load: fewer users for less time, with unchanged objectives. */
export interface Scale {
  /** `smoke`, `pr`, `full`, or the given factor. */
  readonly name: string
  /** Factor for VUs, sockets and rates, above 0 and at most 1. */
  readonly users: number
  /** Factor for durations, above 0 and at most 1. */
  readonly time: number
  /** Maximum duration of the steady and spike phases together, after scaling. */
  readonly steadyMs?: number
}

export interface ScaleOptions {
  /**
   * Requests that the steady and spike phases must contain together: the time is extended for them, up to that of the
   * unscaled load. @default 1,000 (for p99) if that takes at most a quarter more time, else 200 (for p95)
   */
  readonly samples?: number
  /** Number of requests in one iteration. @default 1 */
  readonly requestsPerIteration?: number
}

/**
 * - `smoke`: six scenarios in 90 s, so about 14 s each with warm-up and ramps. Steady phases of 10 s include what happens
 *   every ten seconds; for a scenario with 5 iterations per second they are extended to the time of 200 samples. A
 *   twentieth of the users: 10,000 become 500, which any laptop can run.
 * - `pr`: six scenarios in 4 minutes, so at most 40 s each with warm-up and ramps. 30 s give an interval from 30 windows,
 *   and 1,000 samples at 34 iterations per second or more. A fifth of the users: 10,000 become 2,000 on two shared cores.
 */
const NAMED: Readonly<Record<string, Scale>> = {
  smoke: { name: 'smoke', users: 0.05, time: 1, steadyMs: 10_000 },
  pr: { name: 'pr', users: 0.2, time: 1, steadyMs: 30_000 },
  full: { name: 'full', users: 1, time: 1 },
}

/** Maximum duration of the whole load in multiples of `steadyMs`, so that ramps are shortened, too. */
const WHOLE_TO_STEADY = 1.5
const SAMPLES_FOR_P99 = 1_000
const SAMPLES_FOR_P95 = 200
const STRETCH_FOR_P99 = 1.25
/** Extra samples, because a phase that begins or ends at a fraction of an iteration may contain one fewer than its area. */
const SPARE = 2

/**
 * Parses `smoke`, `pr`, `full` or a factor such as `0.25` (for users and time).
 *
 * @throws {OptionsError} naming the valid values
 */
export function parseScale(value: string | number): Scale {
  const text = String(value).trim()
  if (Object.hasOwn(NAMED, text)) return NAMED[text]!
  const factor = text === '' ? Number.NaN : Number(text)
  if (factor > 0 && factor <= 1) return factor === 1 ? NAMED['full']! : { name: text, users: factor, time: factor }
  const rule = `must be 'smoke', 'pr', 'full', or a factor above 0 and at most 1 such as '0.25'`
  throw new OptionsError('scale', [{ path: 'scale', received: value, rule, fix: fixBy(`scale: 'pr'`) }])
}

/** The scale in one line, for a report: `pr: 20% of the users, steady phases cut to 30s`. */
export function describeScale(scale: Scale): string {
  if (isFull(scale)) return `${scale.name}: the load as written`
  const parts = [`${formatRatio(scale.users)} of the users`]
  if (scale.time < 1) parts.push(`${formatRatio(scale.time)} of the time`)
  if (scale.steadyMs !== undefined) parts.push(`steady phases cut to ${formatDuration(scale.steadyMs)}`)
  return `${scale.name}: ${parts.join(', ')}`
}

/** Scaled number of users outside a load, such as the sockets of a fan-out; at least 1. */
export function scaleUsers(users: number, scale: Scale): number {
  return Math.ceil(users * scale.users)
}

/** Scaled duration outside a load, such as that of a fan-out. */
export function scaleTime(ms: number, scale: Scale): number {
  return Math.min(ms * scale.time, scale.steadyMs ?? Number.POSITIVE_INFINITY)
}

/**
 * Scaled load. VUs, rates and durations never exceed the given ones, ramps keep their shape (one factor for all targets,
 * another for all durations), and stages keep their phases. Users and time are reduced only as far as the load still
 * offers {@link ScaleOptions.samples}. For closed loads, this assumes requests of at most 200 ms on average, and long think
 * times keep the run long. `sharedIterations` keep their `maxDuration`, which is a limit.
 */
export function scaleLoad(load: Load, scale: Scale, options: ScaleOptions = {}): Load {
  if (isFull(scale)) return load
  if (load.kind === 'sharedIterations') return scaleIterations(load, scale, options)
  const factors = factorsFor(load, scale, options)
  switch (load.kind) {
    case 'constantVus':
      return { ...load, vus: scaleVus(load.vus, factors), durationMs: scaleMs(load.durationMs, factors) }
    case 'rampingVus': {
      const target = (written: number) => scaleVus(written, factors)
      return { ...load, startVus: target(load.startVus), stages: scaleStages(load, factors, target) }
    }
    case 'constantArrivalRate': {
      const ratePerSec = load.ratePerSec * factors.users
      const durationMs = scaleMs(load.durationMs, factors)
      return { ...load, ratePerSec, vus: carryingVus(load, factors, options), durationMs }
    }
    default: {
      const target = (written: number) => written * factors.users
      const stages = scaleStages(load, factors, target)
      return {
        ...load,
        startRatePerSec: target(load.startRatePerSec),
        stages,
        vus: carryingVus(load, factors, options),
      }
    }
  }
}

/**
 * Reason why a load has more users or a higher rate than its scale: `not reduced below 200 samples: p95 needs them`.
 *
 * @returns `undefined` if the load has the users of its scale
 */
export function scaleNote(load: Load, scale: Scale, options: ScaleOptions = {}): string | undefined {
  if (isFull(scale) || load.kind === 'sharedIterations') return undefined
  const { users, samples } = factorsFor(load, scale, options)
  if (users <= scale.users) return undefined
  if (users >= 1) return 'users as written: with fewer, percentiles would have too few samples'
  const need = samples >= SAMPLES_FOR_P99 ? 'p99 needs them' : 'p95 needs them'
  return `not reduced below ${formatCount(samples)} samples${options.samples === undefined ? `: ${need}` : ''}`
}

interface Factors {
  /** Factor for VUs of closed loads and rates of open loads. */
  readonly users: number
  readonly time: number
  /** Factor for VUs of open loads. */
  readonly vus: number
  /** Required samples in the steady and spike phases. */
  readonly samples: number
}

function factorsFor(load: LineLoad, scale: Scale, options: ScaleOptions): Factors {
  const steadyMs = scale.steadyMs ?? Number.POSITIVE_INFINITY
  const cap = Math.min(1, steadyMs / countedMs(load), (steadyMs * WHOLE_TO_STEADY) / durationOf(load))
  const { samples, time } = goal(load, scale.time * cap, options)
  return {
    time,
    users: Math.min(1, Math.max(scale.users, samples / samplesIn(load, time, options.requestsPerIteration))),
    vus: scale.users,
    samples: samples - SPARE,
  }
}

/** Required samples, and the time factor with which the unscaled users give them. */
function goal(load: LineLoad, time: number, options: ScaleOptions): { samples: number; time: number } {
  const timeFor = (samples: number) =>
    smallest(time, (factor) => samplesIn(load, factor, options.requestsPerIteration) >= samples + SPARE)
  const affordable = timeFor(SAMPLES_FOR_P99) <= timeFor(SAMPLES_FOR_P95) * STRETCH_FOR_P99
  const samples = options.samples ?? (affordable ? SAMPLES_FOR_P99 : SAMPLES_FOR_P95)
  return { samples: samples + SPARE, time: timeFor(samples) }
}

/** Smallest factor from `low` to 1 that is enough, to nine digits; 1 if none is. */
function smallest(low: number, isEnough: (factor: number) => boolean): number {
  if (isEnough(low)) return low
  let [short, enough] = [low, 1]
  for (let step = 0; step < 30; step++) {
    const middle = (short + enough) / 2
    if (isEnough(middle)) enough = middle
    else short = middle
  }
  return enough
}

function scaleMs(ms: number, { time }: Factors): number {
  return Math.min(ms, Math.ceil(ms * time))
}

function scaleVus(vus: number, { users }: Factors): number {
  return Math.ceil(vus * users)
}

function scaleStages(
  load: RampingVus | RampingArrivalRate,
  factors: Factors,
  target: (written: number) => number,
): readonly Stage[] {
  // Rounding may flatten a ramp, which must keep its phase.
  const names = segmentPhases(load).values()
  return load.stages.map((stage) => {
    const scaled = { target: target(stage.target), durationMs: scaleMs(stage.durationMs, factors) }
    return stage.durationMs === 0 ? scaled : { ...scaled, phase: names.next().value! }
  })
}

/**
 * Assumed time for which one request keeps a VU of an open load busy. Longer than common objectives, so that a slow target
 * shows as high latency and not as a shortage of VUs.
 */
const ASSUMED_BUSY_MS = 1_000

/**
 * VUs of an open load, reduced like the users, but enough for the scaled rate (Little, A Proof for the Queuing Formula
 * L = λW, Operations Research 9, 1961: busy VUs = rate × the time for which each is busy).
 */
function carryingVus(load: OpenLoad, factors: Factors, { requestsPerIteration = 1 }: ScaleOptions): number {
  const peakPerSec = Math.max(...segmentsOf(load).flatMap(({ from, to }) => [from, to])) * factors.users
  const busy = (peakPerSec * ASSUMED_BUSY_MS * requestsPerIteration) / 1000
  return Math.min(load.vus, Math.ceil(Math.max(load.vus * factors.vus, busy)))
}

function scaleIterations(load: SharedIterations, scale: Scale, options: ScaleOptions): SharedIterations {
  const needed = Math.ceil((options.samples ?? SAMPLES_FOR_P99) / (options.requestsPerIteration ?? 1))
  const reduced = Math.ceil(load.iterations * scale.users * scale.time)
  const vus = Math.ceil(load.vus * scale.users)
  return { ...load, iterations: Math.min(load.iterations, Math.max(reduced, needed)), vus }
}

function isFull(scale: Scale): boolean {
  return scale.users === 1 && scale.time === 1 && scale.steadyMs === undefined
}

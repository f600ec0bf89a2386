import { checkDuration, checkKnownKeys, checkNumber, type Duration } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import type { Arrivals, PhaseName, Stage, ThinkTime } from './load.ts'

/** A pause after each response: fixed, or drawn uniformly between `min` and `max`. */
export type ThinkTimeOption = Duration | { readonly min: Duration; readonly max: Duration }

/** One leg of a ramp: the value reached at its end, in a straight line. A duration of 0 jumps. */
export interface StageOption {
  /** VUs (`rampingVus`) or iterations per second (`rampingArrivalRate`) at the stage's end. */
  readonly target: number
  readonly duration: Duration
  /** Which phase the stage counts as; worked out from the targets where left out. */
  readonly phase?: PhaseName
}

const PHASES: readonly PhaseName[] = ['warmup', 'ramp', 'steady', 'spike', 'cooldown']
const ARRIVALS: readonly Arrivals[] = ['uniform', 'poisson']
const NO_THINK_TIME: ThinkTime = { minMs: 0, maxMs: 0 }

/**
 * Reads the fields of one load and notes every mistake. The same rules serve the options of a builder (`duration`)
 * and a load that comes as plain data (`durationMs`): only the names differ.
 */
export class Fields {
  readonly #problems: Problems
  readonly #prefix: string
  readonly #values: Readonly<Record<string, unknown>>
  readonly #isData: boolean
  readonly #known: string[] = []

  /** @param prefix path of the value whose fields these are, empty for the options of a call */
  constructor(problems: Problems, prefix: string, values: Readonly<Record<string, unknown>>, isData: boolean) {
    this.#problems = problems
    this.#prefix = prefix
    this.#values = values
    this.#isData = isData
  }

  /** Names the fields that nothing has asked for: misspelt options. Call it last. */
  end(): void {
    checkKnownKeys(this.#problems, this.#prefix, this.#values, this.#known)
  }

  whole(name: string, { otherwise, ...bounds }: { min: number; example: number; otherwise?: number }): number {
    const value = this.#take(name, otherwise)
    return checkNumber(this.#problems, this.#path(name), value, { ...bounds, integer: true })
  }

  /** Per second; named `<name>PerSec` in data. */
  rate(name: string, options: { min?: number; above?: number; example: number; otherwise?: number }): number {
    const { otherwise, ...bounds } = options
    const key = this.#isData ? `${name}PerSec` : name
    const value = this.#take(key, otherwise)
    // A default worked out from an option that was itself wrong has no mistake of its own.
    if (Number.isNaN(value) && this.#values[key] === undefined) return Number.NaN
    return checkNumber(this.#problems, this.#path(key), value, bounds)
  }

  /** Milliseconds; named `<name>Ms` in data. */
  duration(name: string, options: { min?: number; above?: number; otherwise?: number } = { above: 0 }): number {
    const { otherwise, ...bounds } = options
    const key = this.#isData ? `${name}Ms` : name
    const value = this.#take(key, otherwise)
    if (this.#isData) return checkNumber(this.#problems, this.#path(key), value, { ...bounds, example: 120_000 })
    return checkDuration(this.#problems, this.#path(key), value, bounds)
  }

  arrivals(): Arrivals {
    const value = this.#take('arrivals', 'uniform')
    const known = ARRIVALS.find((name) => name === value)
    if (known === undefined)
      this.#problems.add(this.#path('arrivals'), value, `must be 'uniform' or 'poisson'`, `arrivals: 'poisson'`)
    return known ?? 'uniform'
  }

  /** True unless given as false, in options and in data. */
  isStaggered(): { readonly isStaggered?: false } {
    const value = this.#take('isStaggered', true) ?? true
    if (typeof value !== 'boolean')
      this.#problems.add(this.#path('isStaggered'), value, 'must be true or false', 'isStaggered: false')
    return value === false ? { isStaggered: false } : {}
  }

  thinkTime(): ThinkTime {
    const value = this.#take('thinkTime', undefined)
    if (value === undefined) return NO_THINK_TIME
    if (!isRecord(value)) {
      const ms = checkDuration(this.#problems, this.#path('thinkTime'), value, { min: 0 })
      return { minMs: ms, maxMs: ms }
    }
    const range = new Fields(this.#problems, this.#path('thinkTime'), value, this.#isData)
    const minMs = range.duration('min', { min: 0 })
    const maxMs = range.duration('max', { min: 0 })
    range.end()
    if (minMs > maxMs)
      this.#problems.add(
        this.#path('thinkTime'),
        value,
        'must not have min above max',
        `thinkTime: { min: '1s', max: '3s' }`,
      )
    return { minMs, maxMs }
  }

  stages(target: 'vus' | 'rate'): readonly Stage[] {
    const value = this.#take('stages', undefined)
    if (!Array.isArray(value) || value.length === 0) {
      const example = `stages: [{ target: 100, duration: '2m' }]`
      this.#problems.add(this.#path('stages'), value, 'must be an array of at least one stage', example)
      return []
    }
    return value.map((stage: unknown, at) => this.#stage(`${this.#path('stages')}[${at}]`, stage, target))
  }

  #stage(path: string, value: unknown, target: 'vus' | 'rate'): Stage {
    const example = `{ target: 100, duration: '2m' }`
    if (!isRecord(value)) {
      this.#problems.add(path, value, 'must be a stage: an object with target and duration', example)
      return { target: Number.NaN, durationMs: Number.NaN }
    }
    const fields = new Fields(this.#problems, path, value, this.#isData)
    const stage = {
      target: checkNumber(this.#problems, `${path}.target`, fields.#take('target', undefined), {
        min: 0,
        example: 100,
        integer: target === 'vus',
      }),
      durationMs: fields.duration('duration', { min: 0 }),
    }
    const phase = fields.#take('phase', undefined)
    fields.end()
    if (phase === undefined) return stage
    const known = PHASES.find((name) => name === phase)
    if (known !== undefined) return { ...stage, phase: known }
    this.#problems.add(`${path}.phase`, phase, `must be one of ${PHASES.join(', ')}`, `phase: 'spike'`)
    return stage
  }

  /** Data states everything; only options have defaults. */
  #take(key: string, otherwise: unknown): unknown {
    this.#known.push(key)
    return this.#values[key] ?? (this.#isData ? undefined : otherwise)
  }

  #path(name: string): string {
    return this.#prefix === '' ? name : `${this.#prefix}.${name}`
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

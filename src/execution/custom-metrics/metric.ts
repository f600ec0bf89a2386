import { withoutControls } from '../../options/control-characters.ts'
import { Problems } from '../../options/problems.ts'
import { object, optional } from '../../options/schema.ts'
import { showValue } from '../../options/show-value.ts'
import { isText, matching } from '../../options/values.ts'
import { MAX_TREND, MIN_TREND, TREND_RANGE } from '../../stats/metric-windows.ts'
import { ScenarioError } from '../scenario-error.ts'
import { otherKind, type MetricName } from './metric-recorder.ts'
import { currentRecording, useMetrics, type RecordingContext } from './recording-context.ts'

/** Options of a custom metric with values. */
export interface MetricOptions {
  /** Unit of the values, shown after them: `'items'`, `'KiB'`. Values in `'ms'` are shown and limited as times. @default none */
  readonly unit?: string
}

interface CustomMetric {
  /** Name in messages and reports. */
  readonly name: string
}

/** Values whose percentiles are judged. Kept to three significant digits; the smallest and the largest value exactly. */
export interface Trend extends CustomMetric {
  /** Kind of the metric. */
  readonly kind: 'trend'
  /** Unit of the values. */
  readonly unit: string | undefined
  /**
   * Records a value of the current request or iteration.
   *
   * @param value 0, or from 0.000000001 to 9,007,199,254
   * @throws {ScenarioError} for any other value, and outside the functions of a run
   */
  add(value: number): void
}

/** Sum of additions, judged as a total and per second. */
export interface Counter extends CustomMetric {
  /** Kind of the metric. */
  readonly kind: 'counter'
  /** Unit of the total. */
  readonly unit: string | undefined
  /**
   * Adds to the counter. A counter to which nothing was added is invalid: add 0 if an event could have occurred and did not.
   *
   * @param value 0 or above. Default: 1
   * @throws {ScenarioError} for any other value, and outside the functions of a run
   */
  add(value?: number): void
}

/** Ratio of hits, judged as a rate from 0 to 1. */
export interface Rate extends CustomMetric {
  /** Kind of the metric. */
  readonly kind: 'rate'
  /** Always `undefined`: a rate is a ratio. */
  readonly unit: undefined
  /**
   * Records a hit or a miss.
   *
   * @throws {ScenarioError} for a value that is not a boolean, and outside the functions of a run
   */
  add(isHit: boolean): void
}

/** A value that rises and falls, of which the last, the smallest and the largest are judged. */
export interface Gauge extends CustomMetric {
  /** Kind of the metric. */
  readonly kind: 'gauge'
  /** Unit of the value. */
  readonly unit: string | undefined
  /**
   * Sets the gauge.
   *
   * @param value any finite number
   * @throws {ScenarioError} for any other value, and outside the functions of a run
   */
  set(value: number): void
}

/**
 * Creates the custom metrics of a scenario. Their values are recorded in the functions of `http.run()`, `ws.run()` and
 * `ws.fanOut()`, such as `check`, `flow` and `identify`, and are judged with `run.metric()`. A value counts in the phase of its
 * request, publication or message: the warm-up is left out. A second call with the same name returns the same metric.
 */
export interface MetricFactory {
  /** Values whose percentiles are judged. @throws {OptionsError} naming every mistake @throws {ScenarioError} if the name is taken */
  trend(name: string, options?: MetricOptions): Trend
  /** Events or amounts that are added up. See {@link trend} for errors. */
  counter(name: string, options?: MetricOptions): Counter
  /** Hits and misses. See {@link trend} for errors. */
  rate(name: string): Rate
  /** A value that rises and falls. See {@link trend} for errors. */
  gauge(name: string, options?: MetricOptions): Gauge
}

type AnyMetric = Trend | Counter | Rate | Gauge

/** The `metric` fixture of one scenario. */
export function createMetricFactory(): MetricFactory {
  useMetrics()
  const known = new Map<string, AnyMetric>()
  const metric = <M extends AnyMetric>(kind: M['kind'], args: readonly unknown[], create: (unit?: string) => M): M => {
    const { name, unit } = readArguments(kind, args)
    const same = known.get(name)
    if (same === undefined) {
      const created = create(unit)
      known.set(name, created)
      return created
    }
    if (same.kind !== kind) throw otherKind(name, same.kind, kind)
    if (same.unit !== unit)
      throw new ScenarioError(
        `metric.${kind}(): ${JSON.stringify(name)} has the unit ${showValue(same.unit)} already, received ${showValue(unit)}\n` +
          'Fix: give both the same unit, or different names',
      )
    return same as M
  }
  return {
    trend: (...args) => metric('trend', args, (unit) => createTrend(args[0], unit)),
    counter: (...args) => metric('counter', args, (unit) => createCounter(args[0], unit)),
    rate: (...args) => metric('rate', args, () => createRate(args[0])),
    gauge: (...args) => metric('gauge', args, (unit) => createGauge(args[0], unit)),
  }
}

function createTrend(name: string, unit: string | undefined): Trend {
  const metric = { kind: 'trend', name, unit } as const
  return {
    ...metric,
    add(value) {
      if (!(typeof value === 'number' && (value === 0 || (value >= MIN_TREND && value <= MAX_TREND))))
        throw wrongValue(metric, value, TREND_RANGE, fixOfTrend(value))
      const context = contextOf(metric)
      context?.metrics.at(metric, context.countedMs).record(value)
    },
  }
}

function createCounter(name: string, unit: string | undefined): Counter {
  const metric = { kind: 'counter', name, unit } as const
  return {
    ...metric,
    add(value = 1) {
      if (!(typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY))
        throw wrongValue(metric, value, 'a finite number of at least 0')
      const context = contextOf(metric)
      context?.metrics.at(metric, context.countedMs).record(value)
    },
  }
}

function createRate(name: string): Rate {
  const metric = { kind: 'rate', name, unit: undefined } as const
  return {
    ...metric,
    add(isHit) {
      if (typeof isHit !== 'boolean') throw wrongValue(metric, isHit, 'true or false')
      const context = contextOf(metric)
      context?.metrics.at(metric, context.countedMs).record(isHit)
    },
  }
}

function createGauge(name: string, unit: string | undefined): Gauge {
  const metric = { kind: 'gauge', name, unit } as const
  return {
    ...metric,
    set(value) {
      if (!Number.isFinite(value)) throw wrongValue(metric, value, 'a finite number')
      const context = contextOf(metric)
      context?.metrics.at(metric, context.countedMs).record(value, context.elapsedMs)
    },
  }
}

/**
 * The request or iteration to which a value belongs.
 *
 * @returns `undefined` if the value does not count, because the run has ended
 * @throws {ScenarioError} outside the functions of a run
 */
function contextOf(metric: MetricName): RecordingContext | undefined {
  const context = currentRecording()
  if (context === undefined)
    throw new ScenarioError(
      `${callOf(metric)} was called outside the functions of a run, so the value belongs to no request\n` +
        'Fix: call it in a function of http.run(), ws.run() or ws.fanOut(), such as check, flow or identify, before the function returns',
    )
  return context.mayRecord?.(callOf(metric)) === false ? undefined : context
}

/** Fix of a value beyond the range of a trend, which has another size in another unit; `undefined` for any other value. */
function fixOfTrend(value: unknown): string | undefined {
  if (typeof value !== 'number' || !(value > 0) || value === Number.POSITIVE_INFINITY) return undefined
  return value < MIN_TREND
    ? "record in another unit, in which values are larger: 'ms' instead of 's'"
    : "record in another unit, in which values are smaller: 'KiB' instead of 'B'"
}

/** Error of a value that is not recorded. It ends the run, also if the function catches it. */
function wrongValue(metric: MetricName, received: unknown, valid: string, fix = `pass ${valid}`): ScenarioError {
  const error = new ScenarioError(
    `${callOf(metric)}: the value must be ${valid}, received ${showValue(received)}\nFix: ${fix}`,
  )
  currentRecording()?.scenarioFailed(error)
  return error
}

function callOf({ kind, name }: MetricName): string {
  return `${kind === 'gauge' ? 'set' : 'add'}() of the ${kind} ${JSON.stringify(name)}`
}

const UNIT = matching<string>((value) => isLabel(value, 20), 'must be a text of 1 to 20 characters', "'items'")
const OPTIONS = object<MetricOptions>()({ unit: optional(UNIT) }, { example: "{ unit: 'items' }" })

/** @throws {OptionsError} naming every mistake */
function readArguments(kind: AnyMetric['kind'], [name, options = {}, ...rest]: readonly unknown[]) {
  const example = `metric.${kind}(${EXAMPLES[kind]})`
  const problems = new Problems()
  if (!isMetricName(name)) problems.add('name', name, METRIC_NAME_RULE, example)
  const { unit } = OPTIONS.read(problems, 'options', options)
  if (kind === 'rate' && unit !== undefined)
    problems.add('options.unit', unit, 'must be left out: a rate is a ratio', example)
  if (rest.length > 0) problems.add('argument 3', rest[0], 'is one argument too many', example)
  problems.throwIfAny(`metric.${kind}()`)
  return { name: name as string, unit }
}

const EXAMPLES = {
  trend: "'cart size', { unit: 'items' }",
  counter: "'declined orders'",
  rate: "'cached responses'",
  gauge: "'queue length'",
} as const

const MAX_NAME = 100

/** Rule for names of metrics and soft checks. */
export const METRIC_NAME_RULE = `must be a text of 1 to ${MAX_NAME} characters without surrounding spaces, line breaks and control characters`

/** Whether a value can be the name of a metric or a soft check. */
export function isMetricName(value: unknown): value is string {
  return isLabel(value, MAX_NAME)
}

function isLabel(value: unknown, maxLength: number): boolean {
  return (
    isText(value) &&
    value.length <= maxLength &&
    value.trim() === value &&
    !/[\n\t]/.test(value) &&
    withoutControls(value) === value
  )
}

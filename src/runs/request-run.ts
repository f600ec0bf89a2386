import type { Companion } from '../evidence/companion.ts'
import { evidenceOf, type EndingEvidence, type RequestEvidence, type TimeEvidence } from '../evidence/evidence.ts'
import type { HeartbeatCounts } from '../evidence/fan-out-counts.ts'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import { windowOf, type RunWindow, type TimedRun } from '../evidence/run-window.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { MetricName } from '../execution/custom-metrics/metric-recorder.ts'
import type { Counter, Gauge, Rate, Trend } from '../execution/custom-metrics/metric.ts'
import { scopeDurationMs, totalsOf, WHOLE_RUN, type Scope, type ScopeTotals } from '../execution/request-scope.ts'
import type { History } from '../history/history.ts'
import { describeLoad, durationOf } from '../load/describe.ts'
import type { Phase, PhaseName } from '../load/load.ts'
import { now } from '../machine/clock.ts'
import type { Duration } from '../options/checks.ts'
import { partOf } from '../results/owner.ts'
import type { HttpRunResult, TimelinePoint } from '../results/result.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { iterationRun, type IterationRun } from './iteration-run.ts'
import { groupsOf } from './iteration-totals.ts'
import { metricEvidence } from './metric-evidence.ts'
import { metricRun, namesOf, readMetric, type MetricRun, type RateRun } from './metric-run.ts'
import type { MetricScope } from './metric-totals.ts'
import { endingEvidence, requestEvidence } from './request-evidence.ts'
import { httpInvalidities } from './request-invalidities.ts'
import type { ConnectionFigures, HttpMeasurement } from './request-measurement.ts'
import { httpRunResult, timelinePoints } from './request-result.ts'
import { assertKnown, period } from './scope-arguments.ts'
import { timingsIn } from './timing-evidence.ts'
import { shortageIn } from './vu-shortage.ts'
import { windowOfScope } from './window-of-scope.ts'

interface HttpRunBase extends TimedRun {
  /** Kind of the run. */
  readonly kind: 'http' | 'conversation'
  /** Name in messages and reports. */
  readonly name: string
  /** The load in one line. */
  readonly load: string
  /** Requests due in scope. */
  readonly offered: number
  /** Requests sent. */
  readonly sent: number
  /** Sent requests with a response or a failure. */
  readonly completed: number
  /** Requests due that were never sent. */
  readonly dropped: number
  /** Errors by kind. */
  readonly errors: ReadonlyMap<ErrorKind, number>
  /** Responses by status code. */
  readonly statuses: ReadonlyMap<number, number>
  /** Ratio of requests due that got no good response, 0–1; `undefined` if none was due. */
  readonly errorRate: number | undefined
  /** Bytes of response bodies before decoding, without headers and chunk framing. */
  readonly receivedBytes: number
  /** Length of the scope. */
  readonly durationMs: number
  /** All seconds of the run by intended start, including the warm-up. */
  readonly timeline: readonly TimelinePoint[]
  /** Phases of the run. */
  readonly phases: readonly Phase[]
  /** Health of the load generator. */
  readonly generator: GeneratorHealth
  /** Connection counters. */
  readonly connections: ConnectionFigures
  /** Application heartbeats of `ws.run()`; `undefined` if none was configured. */
  readonly heartbeats: HeartbeatCounts | undefined
  /** Reason of an abort; `undefined` if the run completed. */
  readonly aborted: string | undefined
  /** Warnings for the reader, which no matcher judges. */
  readonly warnings: readonly string[]
  /** Every operation with its outcome. @throws {Error} if `http.run()` did not set `record` */
  readonly history: History
  /** The requests due in one phase. @throws {Error} naming the available phases */
  phase(name: PhaseName): HttpRun
  /**
   * The requests of one journey of a mix, with their steps, tags, iterations and groups.
   *
   * @throws {Error} naming the available journeys
   */
  journey(name: string): HttpRun
  /** The requests of one step. @throws {Error} naming the available steps */
  step(name: string): HttpRun
  /**
   * The requests with a tag. A dropped request never got a tag from its request function: the dropped requests of a step are
   * divided among its tags in proportion to the requests sent.
   *
   * @throws {Error} naming the available tags
   */
  tag(name: string): HttpRun
  /** Whole iterations: for steps and flows, the time from the intended start to the end of the last request. */
  readonly iterations: IterationRun
  /** One group of a flow or of steps. @throws {Error} naming the available groups */
  group(name: string): IterationRun
  /** What was recorded of a custom metric. It has no figures if nothing was. */
  metric<M extends Trend | Counter | Rate | Gauge>(metric: M): MetricRun<M>
  /** The rate at which requests passed a soft check. @throws {Error} naming the available soft checks */
  softCheck(name: string): RateRun
  /** Only the requests with a good response. Percentiles can be asserted on it, rates cannot. */
  readonly good: HttpRunEnding
  /**
   * Only the requests that ended in an error, with their times until the response, the failure or the time-out, without
   * dropped requests. Percentiles can be asserted on it, rates cannot.
   */
  readonly failed: HttpRunEnding
  /** The requests due in a period since the start of the run (including the warm-up), in whole seconds and any phase. */
  between(from: Duration, to: Duration): HttpRun
  /** The run as plain JSON. */
  result(): HttpRunResult
  /** @internal */
  [evidenceOf](): RequestEvidence
}

/** A run that sent at least one request in its scope. */
export interface MeasuredHttpRun extends HttpRunBase {
  /** Narrows the type: `if (run.state === 'measured') console.log(run.latency.p95Ms)`. An empty run has no times. */
  readonly state: 'measured'
  readonly errorRate: number
  /**
   * Time from intended start to last byte of every request due. Requests without a good response (errors, time-outs, dropped
   * ones) count as infinitely slow: `p95Ms` is the time within which 95% of all due requests got a good response, and
   * `Infinity` if fewer did.
   */
  readonly latency: TimeStats
  /** Time from actual send to last byte of every request sent. Those without a good response count as infinitely slow. */
  readonly serviceTime: TimeStats
}

/** A run that sent no request in its scope, and so has no times. */
export interface EmptyHttpRun extends HttpRunBase {
  /** Narrows the type: `latency`, `serviceTime` and `errorRate` exist if `state` is `'measured'`. */
  readonly state: 'empty'
}

/** Requests of a run with one ending. No rate can be asserted on them, because the ending determines it. */
export type HttpRunEnding = (Omit<MeasuredHttpRun, keyof NarrowedScope> | Omit<EmptyHttpRun, keyof NarrowedScope>) &
  NarrowedScope

interface NarrowedScope {
  phase(name: PhaseName): HttpRunEnding
  journey(name: string): HttpRunEnding
  step(name: string): HttpRunEnding
  tag(name: string): HttpRunEnding
  between(from: Duration, to: Duration): HttpRunEnding
  /** Not available: iterations and groups are not selected by the ending of a request. */
  readonly iterations: never
  group(name: string): never
  /** Not available: custom metrics are not selected by the ending of a request. */
  metric(metric: Trend | Counter | Rate | Gauge): never
  softCheck(name: string): never
  readonly good: HttpRunEnding
  readonly failed: HttpRunEnding
  [evidenceOf](): EndingEvidence
}

/** Result of `http.run()`: of the steady and spike phases unless a narrower scope is selected; never of the warm-up. */
export type HttpRun = MeasuredHttpRun | EmptyHttpRun

/** Creates the run that matchers and scenarios read. @param settledMs when its last request had ended */
export function httpRun(measurement: HttpMeasurement, settledMs = now()): HttpRun {
  return new ScopedRun(measurement, WHOLE_RUN, settledMs) as HttpRun
}

/** What the verdicts on runs in parallel need of a run. */
export function companionOf(measurement: HttpMeasurement): Companion {
  const { name, startMs, load, phases } = measurement
  const warmupMs = phases[0]?.name === 'warmup' ? phases[0].endMs : 0
  const { invalidities } = httpRun(measurement).result()
  return { name, startMs, endMs: startMs + warmupMs + durationOf(load), invalidities }
}

class ScopedRun implements HttpRunBase {
  readonly #measured: HttpMeasurement
  readonly #scope: Scope
  readonly #totals: ScopeTotals
  /** The engine creates the run when its last request has ended. */
  readonly #settledMs: number
  readonly latency: TimeStats | undefined
  readonly serviceTime: TimeStats | undefined

  constructor(measurement: HttpMeasurement, scope: Scope, settledMs = now()) {
    this.#measured = measurement
    this.#settledMs = settledMs
    this.#scope = scope
    this.#totals = totalsOf(measurement.series, measurement.phases, scope)
    const { sum } = this.#totals
    this.latency = timeStats(sum.latency())
    this.serviceTime = timeStats(sum.serviceTime())
  }

  get state(): 'measured' | 'empty' {
    return this.sent === 0 ? 'empty' : 'measured'
  }

  get kind(): 'http' | 'conversation' {
    return this.#measured.kind
  }

  get name(): string {
    return this.#measured.name
  }

  get load(): string {
    return describeLoad(this.#measured.load)
  }

  get offered(): number {
    return this.#totals.sum.offered
  }

  get sent(): number {
    return this.#totals.sum.sent
  }

  get completed(): number {
    return this.#totals.sum.completed
  }

  get dropped(): number {
    return this.#totals.sum.dropped
  }

  get errors(): ReadonlyMap<ErrorKind, number> {
    return this.#totals.sum.errors
  }

  get statuses(): ReadonlyMap<number, number> {
    return this.#totals.sum.statuses
  }

  get errorRate(): number | undefined {
    return this.#totals.errorRate
  }

  get receivedBytes(): number {
    return this.#totals.sum.receivedBytes
  }

  get durationMs(): number {
    return scopeDurationMs(this.#measured.phases, this.#scope)
  }

  get timeline(): readonly TimelinePoint[] {
    return timelinePoints(this.#measured)
  }

  get phases(): readonly Phase[] {
    return this.#measured.phases
  }

  get generator(): GeneratorHealth {
    return this.#measured.generator
  }

  get connections(): ConnectionFigures {
    return this.#measured.connections
  }

  get heartbeats(): HeartbeatCounts | undefined {
    return this.#measured.heartbeats
  }

  get aborted(): string | undefined {
    return this.#measured.abortReason
  }

  get warnings(): readonly string[] {
    return this.#measured.warnings
  }

  get history(): History {
    const { history } = this.#measured
    if (history === undefined) throw new Error(`${this.name} recorded no history\nFix: set record: true in http.run()`)
    return partOf(this, history)
  }

  phase(name: PhaseName): HttpRun {
    this.#assertKnown('phase', name, new Set(this.phases.map((phase) => phase.name)))
    return this.#within({ phase: name })
  }

  journey(name: string): HttpRun {
    this.#assertKnown('journey', name, new Set(this.#measured.journeys?.map((journey) => journey.name)))
    return this.#within({ journey: name })
  }

  step(name: string): HttpRun {
    this.#assertKnown('step', name, this.#stepsInScope)
    return this.#within({ step: name })
  }

  tag(name: string): HttpRun {
    this.#assertKnown('tag', name, new Set(this.#seriesInScope.flatMap(({ tag }) => tag ?? [])))
    return this.#within({ tag: name })
  }

  get iterations(): IterationRun {
    return this.#iterationsOf(undefined)
  }

  group(name: string): IterationRun {
    this.#assertKnown('group', name, new Set(groupsOf(this.#measured, this.#scope.journey)))
    return this.#iterationsOf(name)
  }

  metric<M extends Trend | Counter | Rate | Gauge>(metric: M): MetricRun<M> {
    return this.#metric(readMetric(metric), 'metric()') as MetricRun<M>
  }

  softCheck(name: string): RateRun {
    this.#assertKnown('soft check', name, new Set(namesOf(this.#measured, 'softCheck')))
    return this.#metric({ kind: 'softCheck', name, unit: undefined }, `softCheck(${JSON.stringify(name)})`) as RateRun
  }

  get good(): HttpRunEnding {
    return this.#ending('good')
  }

  get failed(): HttpRunEnding {
    return this.#ending('failed')
  }

  between(from: Duration, to: Duration): HttpRun {
    return this.#within({ between: period(from, to) })
  }

  result(): HttpRunResult {
    return httpRunResult(this.#measured, this.#totals, this.#invalidities())
  }

  [windowOf](): RunWindow {
    return windowOfScope(this.#measured, this.#scope, this.#settledMs)
  }

  /** Vitest clones only objects without a tag for the diff of a failed assertion, and a clone lacks private fields. */
  get [Symbol.toStringTag](): string {
    return 'Run'
  }

  [evidenceOf](): RequestEvidence {
    const { ending } = this.#scope
    const evidence = {
      ...requestEvidence(this.#measured, this.#totals, this.#scope),
      ...timingsIn(this.#measured, this.#scope),
    }
    return ending === undefined ? evidence : (endingEvidence(evidence, ending) as TimeEvidence as RequestEvidence)
  }

  /** A run that was aborted because the target failed is not invalid: its state is `aborted`, and its assertions fail. */
  #invalidities(): readonly Invalidity[] {
    const invalidities = httpInvalidities(this.#measured, this.#totals, this.#scope)
    if (invalidities.some(({ blame }) => blame === 'target')) return []
    const shortage = shortageIn(this.#measured, this.#totals, this.#scope)
    return shortage?.isMaterial ? [...invalidities, shortage.invalidity] : invalidities
  }

  /** Series of the journey in scope, or of all. */
  get #seriesInScope(): HttpMeasurement['series'] {
    const { journey } = this.#scope
    return this.#measured.series.filter((each) => each.journey === (journey ?? each.journey))
  }

  get #stepsInScope(): ReadonlySet<string> {
    if (this.#scope.journey === undefined) return new Set(this.#measured.steps)
    return new Set(this.#seriesInScope.map(({ step }) => step))
  }

  #within(narrower: Partial<Scope>): HttpRun {
    const part = new ScopedRun(this.#measured, { ...this.#scope, ...narrower }, this.#settledMs)
    return partOf(this, part) as HttpRunBase as HttpRun
  }

  #ending(ending: 'good' | 'failed'): HttpRunEnding {
    return this.#within({ ending }) as unknown as HttpRunEnding
  }

  /** @throws {Error} if the scope is a step, a tag or an ending, which only requests have */
  #iterationsOf(group: string | undefined): IterationRun {
    const { phase, between, journey, step, tag, ending } = this.#scope
    if (step !== undefined || tag !== undefined || ending !== undefined)
      throw new Error(
        `${this.name}: a step, a tag, good and failed select requests, not iterations or groups\n` +
          `Fix: call run.${group === undefined ? 'iterations' : `group(${JSON.stringify(group)})`} on the run or on a phase of it`,
      )
    return partOf(this, iterationRun(this.#measured, { phase, between, journey, group }, this.#settledMs))
  }

  /** @throws {Error} if the scope is a journey, a step, a tag or an ending, which only requests have */
  #metric({ kind, name, unit }: MetricName, call: string): object {
    const { phase, between, journey, step, tag, ending } = this.#scope
    if ([journey, step, tag, ending].some((part) => part !== undefined))
      throw new Error(
        `${this.name}: a journey, a step, a tag, good and failed select requests, not custom metrics or soft checks\n` +
          `Fix: call run.${call} on the run or on a phase of it`,
      )
    const metric = { kind, name, unit }
    const evidence = (scope: MetricScope) => metricEvidence(this.#measured, metric, scope)
    return partOf(this, metricRun(this.#measured, metric, { phase, between }, evidence))
  }

  #assertKnown(what: string, name: string, known: ReadonlySet<string>): void {
    assertKnown(this.name, what, name, known)
  }
}

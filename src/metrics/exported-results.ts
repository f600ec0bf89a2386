import { Gauge, Registry } from 'prom-client'
import type { Outcome } from '../evidence/verdict.ts'
import { wallMs } from '../machine/clock.ts'
import type { MetricResult } from '../results/metric-result.ts'
import { errorRate, missingRate } from '../results/result-ratios.ts'
import type { RunResult, ScenarioRecord } from '../results/result.ts'
import { scopeOfAssertion } from '../results/scope-of-assertion.ts'
import type { TimeStatsJson } from '../stats/summary.ts'

const OUTCOMES: readonly Outcome[] = ['passed', 'failed', 'invalid', 'skipped']
const SCENARIO = ['scenario', 'scale'] as const
const RUN = [...SCENARIO, 'run'] as const
const TIMES = [...RUN, 'quantile'] as const
const METRIC = [...RUN, 'metric'] as const
const JOURNEY = [...RUN, 'journey'] as const
const JOURNEY_TIMES = [...JOURNEY, 'quantile'] as const
const GROUP_TIMES = [...RUN, 'group', 'quantile'] as const

/** Exported metrics of finished scenarios: verdicts, assertions, and the judged figures. */
export class ExportedResults {
  readonly registry = new Registry()
  readonly #verdict = this.#gauge('slo_scenario_verdict', '1 for the verdict it came to', [...SCENARIO, 'verdict'])
  readonly #ended = this.#gauge('slo_scenario_ended_timestamp_seconds', 'When it ended', SCENARIO)
  readonly #assertion = this.#gauge('slo_assertion_outcome', '1 for the outcome it came to', [
    ...SCENARIO,
    'assertion',
    'scope',
    'outcome',
  ])
  readonly #latency = this.#gauge('slo_result_latency_seconds', 'Of steady and spike phases', TIMES)
  readonly #iteration = this.#gauge('slo_result_iteration_seconds', 'Of whole iterations', TIMES)
  readonly #group = this.#gauge('slo_result_group_seconds', 'Of groups in iterations', GROUP_TIMES)
  readonly #journey = this.#gauge('slo_result_journey_latency_seconds', 'Of the requests of a journey', JOURNEY_TIMES)
  readonly #journeyIteration = this.#gauge(
    'slo_result_journey_iteration_seconds',
    'Of whole iterations of a journey',
    JOURNEY_TIMES,
  )
  readonly #journeyErrors = this.#gauge(
    'slo_result_journey_error_ratio',
    'Errors and dropped requests of a journey over offered ones',
    JOURNEY,
  )
  readonly #lag = this.#gauge('slo_result_message_lag_seconds', 'Without warm-up', TIMES)
  readonly #callTime = this.#gauge('slo_result_call_seconds', 'Of a function timed in process', TIMES)
  readonly #errors = this.#gauge('slo_result_error_ratio', 'Errors and dropped requests over offered ones', RUN)
  readonly #missing = this.#gauge('slo_result_missing_ratio', 'Deliveries that never came over expected ones', RUN)
  readonly #metric = this.#gauge('slo_result_metric', 'Figures of trends and gauges, in their units', [
    ...METRIC,
    'figure',
  ])
  readonly #metricTotal = this.#gauge('slo_result_metric_total', 'Totals of counters, in their units', METRIC)
  readonly #metricPerSec = this.#gauge('slo_result_metric_per_second', 'Totals of counters per second', METRIC)
  readonly #metricRatio = this.#gauge('slo_result_metric_ratio', 'Hits of rates over all values', METRIC)
  readonly #softCheck = this.#gauge('slo_result_soft_check_ratio', 'Requests that passed over those checked', [
    ...RUN,
    'check',
  ])
  readonly #throughput = this.#gauge('slo_result_completed_per_second', 'Mean over the judged phases', RUN)

  #gauge<T extends string>(name: string, help: string, labelNames: readonly T[]): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  reset(): void {
    this.registry.resetMetrics()
  }

  /** @param scale ratio of the written load that was generated; figures of different scales are not comparable */
  show(scenario: string, verdict: Outcome, { runs, assertions }: ScenarioRecord, scale: string): void {
    const labels = { scenario, scale }
    for (const each of OUTCOMES) this.#verdict.set({ ...labels, verdict: each }, each === verdict ? 1 : 0)
    this.#ended.set(labels, wallMs() / 1000)
    for (const asserted of assertions) {
      const { assertion, outcome } = asserted
      const scope = scopeOfAssertion(asserted, assertions)
      const at = { ...labels, assertion, ...(scope === '' ? {} : { scope }) }
      for (const each of OUTCOMES) this.#assertion.set({ ...at, outcome: each }, each === outcome ? 1 : 0)
    }
    for (const run of runs) this.#showRun({ ...labels, run: run.name }, run)
  }

  #showRun(labels: RunLabels, run: RunResult): void {
    if (run.kind === 'micro') {
      setQuantiles(this.#callTime, labels, run.time)
      return
    }
    for (const metric of run.metrics ?? []) this.#showMetric({ ...labels, metric: metric.name }, metric)
    if (run.kind === 'fanOut') {
      setQuantiles(this.#lag, labels, run.lag)
      setIfKnown(this.#missing, labels, missingRate(run))
      return
    }
    setQuantiles(this.#latency, labels, run.latency)
    setQuantiles(this.#iteration, labels, run.iterations?.time)
    for (const { name, time } of run.groups ?? []) setQuantiles(this.#group, { ...labels, group: name }, time)
    for (const { name: journey, latency, iterations, ...counts } of run.journeys ?? []) {
      setQuantiles(this.#journey, { ...labels, journey }, latency)
      setQuantiles(this.#journeyIteration, { ...labels, journey }, iterations.time)
      const ratio = errorRate(counts)
      if (ratio !== undefined) this.#journeyErrors.set({ ...labels, journey }, ratio)
    }
    for (const { name, rate } of run.softChecks ?? [])
      if (rate !== undefined) this.#softCheck.set({ ...labels, check: name }, rate)
    setIfKnown(this.#errors, labels, errorRate(run))
    setIfKnown(this.#throughput, labels, throughputOf(run))
  }

  #showMetric(labels: RunLabels & { readonly metric: string }, metric: MetricResult): void {
    if (metric.kind === 'rate') {
      if (metric.rate !== undefined) this.#metricRatio.set({ ...labels }, metric.rate)
    } else if (metric.kind === 'counter') {
      if (metric.total !== undefined) this.#metricTotal.set({ ...labels }, metric.total)
      if (metric.perSec !== undefined) this.#metricPerSec.set({ ...labels }, metric.perSec)
    } else {
      const { kind: _kind, name: _name, unit: _unit, count: _count, ...figures } = metric
      for (const [figure, value] of Object.entries(figures)) this.#metric.set({ ...labels, figure }, value)
    }
  }
}

interface RunLabels {
  readonly scenario: string
  readonly scale: string
  readonly run: string
}

/** Throughput over the phases of `completed`: steady and spike, or all except warm-up if there are none. */
function throughputOf({ completed, phases }: RunResult & { readonly completed: number }): number | undefined {
  const judged = phases.filter(({ name }) => name === 'steady' || name === 'spike')
  const counted = judged.length > 0 ? judged : phases.filter(({ name }) => name !== 'warmup')
  const ms = counted.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0)
  return ms === 0 ? undefined : completed / (ms / 1000)
}

function setIfKnown(gauge: Gauge<(typeof RUN)[number]>, labels: RunLabels, value: number | undefined): void {
  if (value !== undefined) gauge.set({ ...labels }, value)
}

/** Sets no series without samples: a missing number cannot be mistaken for a good one. */
function setQuantiles<Label extends string>(
  gauge: Gauge<Label | 'quantile'>,
  labels: Readonly<Record<Label, string>>,
  stats: TimeStatsJson | undefined,
): void {
  if (stats === undefined) return
  const { p50Ms, p95Ms, p99Ms } = stats
  for (const [quantile, ms] of Object.entries({ '0.5': p50Ms, '0.95': p95Ms, '0.99': p99Ms }))
    gauge.set({ ...labels, quantile } as Record<Label | 'quantile', string>, Number(ms) / 1000)
}

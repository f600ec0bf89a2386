import { Counter, type CounterConfiguration, Gauge, Registry } from 'prom-client'
import type { RunSnapshot } from '../results/snapshot.ts'
import { CountedHistogram } from './counted-histogram.ts'

const RUN = ['scenario', 'run'] as const

/**
 * Exported metrics of runs in progress, with Prometheus naming: seconds, `_total` for counters. All are set from
 * snapshots, which contain totals, so a missing snapshot loses nothing.
 */
export class ExportedMetrics {
  readonly registry = new Registry()
  readonly #totals: { forget(): void }[] = []
  readonly #durations = new CountedHistogram(this.registry, {
    name: 'slo_http_request_duration_seconds',
    help: 'Latency from intended start to last byte or failure, warm-up included',
  })
  readonly #offered = this.#total('slo_requests_offered_total', 'Requests due, warm-up included', RUN)
  readonly #sent = this.#total('slo_requests_sent_total', 'Requests sent', RUN)
  readonly #completed = this.#total('slo_requests_completed_total', 'Requests that got a response or failed', RUN)
  readonly #dropped = this.#total('slo_requests_dropped_total', 'Requests due but never sent', RUN)
  readonly #errors = this.#total('slo_errors_total', 'What went wrong, by kind', [...RUN, 'kind'])
  readonly #expected = this.#total('slo_deliveries_expected_total', 'Deliveries expected of publications', RUN)
  readonly #received = this.#total('slo_deliveries_received_total', 'Deliveries received', RUN)
  readonly #missing = this.#total('slo_deliveries_missing_total', 'Deliveries given up as missing', RUN)
  readonly #publications = this.#total('slo_publications_total', 'Publications sent', RUN)
  readonly #latency = this.#gauge('slo_latency_seconds', 'Latency of the last seconds', [...RUN, 'quantile'])
  readonly #lag = this.#gauge('slo_message_lag_seconds', 'Lag of the last seconds', [...RUN, 'quantile'])
  readonly #offeredRate = this.#gauge('slo_offered_per_second', 'Due in the last seconds', RUN)
  readonly #achievedRate = this.#gauge('slo_achieved_per_second', 'Done in the last seconds', RUN)
  readonly #vus = this.#gauge('slo_vus', 'Virtual users in use', RUN)
  readonly #sockets = this.#gauge('slo_sockets', 'WebSocket clients open', RUN)
  readonly #inFlight = this.#gauge('slo_requests_in_flight', 'Requests sent, without a response yet', RUN)
  readonly #progress = this.#gauge('slo_run_progress_ratio', 'Share of the planned time that has passed', RUN)
  readonly #cpu = this.#gauge('slo_generator_cpu_ratio', 'CPU time of the load generator over wall time', RUN)
  readonly #loopDelay = this.#gauge('slo_generator_event_loop_delay_seconds', 'p99 since the start', RUN)
  readonly #scheduleDelay = this.#gauge('slo_generator_schedule_delay_seconds', 'p99 since the start', RUN)
  readonly #saturated = this.#gauge('slo_generator_saturated', '1 where the run will be invalid for it', RUN)

  #gauge<T extends string>(name: string, help: string, labelNames: readonly T[]): Gauge<T> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] })
  }

  #total<T extends string>(name: string, help: string, labelNames: readonly T[]): Total<T> {
    const total = new Total({ name, help, labelNames, registers: [this.registry] })
    this.#totals.push(total)
    return total
  }

  /** Removes previous runs: a command, or a re-run in watch mode, counts from zero. */
  reset(): void {
    this.registry.resetMetrics()
    for (const total of this.#totals) total.forget()
  }

  show(scenario: string, snapshot: RunSnapshot): void {
    const labels = { scenario, run: snapshot.run }
    if (snapshot.kind === 'fanOut') this.#showDeliveries(labels, snapshot)
    else this.#showRequests(labels, snapshot)
    const { elapsedMs, plannedMs, recent, generator, counts } = snapshot
    this.#offeredRate.set(labels, snapshot.state === 'ended' ? 0 : recent.offeredPerSec)
    this.#achievedRate.set(labels, snapshot.state === 'ended' ? 0 : recent.achievedPerSec)
    this.#progress.set(labels, plannedMs > 0 ? Math.min(1, elapsedMs / plannedMs) : 1)
    for (const [kind, count] of Object.entries(counts.errors)) this.#errors.set({ ...labels, kind }, count)
    this.#cpu.set(labels, generator.cpuRatio)
    this.#loopDelay.set(labels, generator.eventLoopDelayP99Ms / 1000)
    if (generator.scheduleDelayP99Ms !== undefined) this.#scheduleDelay.set(labels, generator.scheduleDelayP99Ms / 1000)
    this.#saturated.set(labels, generator.saturated === undefined ? 0 : 1)
  }

  #showRequests(labels: RunLabels, { counts, recent, users, inFlight, state, responseTimes = [] }: RunSnapshot): void {
    this.#offered.set(labels, counts.offered)
    this.#sent.set(labels, counts.sent)
    this.#completed.set(labels, counts.completed)
    this.#dropped.set(labels, counts.dropped)
    this.#vus.set(labels, state === 'ended' ? 0 : users)
    this.#inFlight.set(labels, state === 'ended' ? 0 : (inFlight ?? 0))
    setQuantiles(this.#latency, labels, recent)
    for (const times of responseTimes) this.#durations.set({ ...labels, step: times.step, status: times.status }, times)
  }

  #showDeliveries(labels: RunLabels, { counts, recent, users, state }: RunSnapshot): void {
    this.#expected.set(labels, counts.offered)
    this.#publications.set(labels, counts.sent)
    this.#received.set(labels, counts.completed)
    this.#missing.set(labels, counts.dropped)
    this.#sockets.set(labels, state === 'ended' ? 0 : users)
    setQuantiles(this.#lag, labels, recent)
  }
}

/** Counter that is set to a total: snapshots contain totals, but prom-client's counters accept increments. */
class Total<T extends string> {
  readonly #counter: Counter<T>
  readonly #known = new Map<string, number>()

  constructor(configuration: CounterConfiguration<T>) {
    this.#counter = new Counter(configuration)
  }

  set(labels: Readonly<Record<T, string>>, total: number): void {
    const key = JSON.stringify(labels)
    this.#counter.inc(labels, Math.max(0, total - (this.#known.get(key) ?? 0)))
    this.#known.set(key, total)
  }

  forget(): void {
    this.#known.clear()
  }
}

interface RunLabels {
  readonly scenario: string
  readonly run: string
}

function setQuantiles(
  gauge: Gauge<'scenario' | 'run' | 'quantile'>,
  labels: RunLabels,
  { p50Ms, p95Ms, p99Ms }: RunSnapshot['recent'],
): void {
  for (const [quantile, ms] of Object.entries({ '0.5': p50Ms, '0.95': p95Ms, '0.99': p99Ms })) {
    if (ms !== undefined) gauge.set({ ...labels, quantile }, Number(ms) / 1000)
  }
}

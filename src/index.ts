import './matchers/register.ts'

export type { CapacityMatchers } from './matchers/capacity.ts'
export type { ComparisonMatchers } from './matchers/comparison.ts'
export type { ConnectingMatchers } from './matchers/connecting.ts'
export type { CustomMetricMatchers } from './matchers/custom-metrics.ts'
export type { FanOutMatchers } from './matchers/fan-out.ts'
export type { FreshnessMatchers } from './matchers/freshness.ts'
export type { LatencyMatchers } from './matchers/latency.ts'
export type { LedgerMatchers } from './matchers/ledger.ts'
export type { MetricsMatchers } from './matchers/metrics.ts'
export type { RequestMatchers } from './matchers/requests.ts'
export type { SustainMatchers } from './matchers/sustain.ts'
export type { TimingMatchers } from './matchers/timings.ts'
export type { PerfFixtures } from './fixtures/perf-fixtures.ts'
export { perfTest } from './fixtures/perf-test.ts'
export type { Setup, SetupOptions } from './fixtures/setup.ts'
export {
  constantArrivalRate,
  constantVus,
  rampingArrivalRate,
  rampingVus,
  sharedIterations,
  spike,
} from './load/builders.ts'
export { csv, json, jsonLines, rows, sql, unique } from './load/data.ts'
export { basicAuth, bearerAuth } from './http/auth/auth.ts'
export { mix } from './http/flow/mix.ts'
export { parallel } from './runs/parallel.ts'
export { Message } from './websocket/message.ts'
export { delimited } from './websocket/protocols/delimited.ts'
export { graphqlOperation, graphqlTransportWs } from './websocket/protocols/graphql-transport-ws.ts'
export { lengthPrefixed } from './websocket/protocols/length-prefixed.ts'
export { mqtt, mqttPublish, mqttSubscribe, mqttUnsubscribe } from './websocket/protocols/mqtt.ts'
export { phoenixChannels, phoenixJoin, phoenixLeave, phoenixPush } from './websocket/protocols/phoenix-channels.ts'
export { signalR, signalRInvocation, signalRSend, signalRStream } from './websocket/protocols/signal-r.ts'
export { socketIo, socketIoEvent, socketIoRequest } from './websocket/protocols/socket-io.ts'
export { stomp, stompSend, stompSubscribe, stompUnsubscribe } from './websocket/protocols/stomp.ts'
export type * from './http/index.ts'
export type * from './websocket/index.ts'
export type { Counter, Gauge, MetricFactory, MetricOptions, Rate, Trend } from './execution/custom-metrics/metric.ts'
export type { IterationRun } from './runs/iteration-run.ts'
export type { CounterRun, GaugeRun, MetricRun, RateRun, TrendRun } from './runs/metric-run.ts'
export type { CounterFigures, GaugeFigures, RateFigures, TrendFigures } from './runs/metric-figures.ts'
export type { EmptyHttpRun, HttpRun, MeasuredHttpRun } from './runs/request-run.ts'
export type { EmptyFanOutRun, FanOutRun, MeasuredFanOutRun } from './runs/fan-out-run.ts'
export type { EmptyMicroRun, MeasuredMicroRun, MicroRun } from './micro/micro-run.ts'
export type {
  History,
  Operation,
  ExpectedOutcome,
  OperationEnd,
  OperationOutcome,
  OperationStart,
} from './history/history.ts'
export type { Arrivals, Load, Phase, PhaseName } from './load/load.ts'
export type {
  ConstantArrivalRateOptions,
  ConstantVusOptions,
  RampingArrivalRateOptions,
  RampingVusOptions,
  SharedIterationsOptions,
  SpikeOptions,
} from './load/load-options.ts'
export type { CsvOptions, DataContext, DataOption, FileOptions, SqlOptions } from './load/data.ts'
export type { Assignment } from './load/rows/assigned-rows.ts'
export type { Random } from './load/random.ts'
export type { Scale } from './load/scale.ts'
export type { Baseline, Baselines } from './baseline/baseline.ts'
export { BaselineError } from './baseline/baseline-file.ts'
export type { Comparison, ComparedBuild } from './comparison/comparison.ts'
export type { CompareOptions } from './comparison/options.ts'
export { BuildError, type BuildOption, type CompareTargets } from './comparison/builds.ts'
export { InvalidRunError, type Invalidity, type InvalidReason } from './evidence/verdict.ts'
export { OptionsError } from './options/problems.ts'
export { MissingPackageError } from './options/optional-package.ts'
export { FakedClockError } from './machine/faked-clock.ts'
export { RequestFailedError, RunEndedError } from './http/flow/request-failed-error.ts'
export { ScenarioError } from './execution/scenario-error.ts'
export { PreflightError } from './http/preflight.ts'
export { CapacityError } from './capacity/errors.ts'
export { LedgerError } from './ledger/ledger-error.ts'
export { ScrapeError } from './metrics/scrape.ts'
export { MetricMissingError } from './metrics/missing.ts'
export { ServiceError } from './services/service.ts'
export { TargetExitedError } from './fixtures/exited-target.ts'
export { secret } from './options/registered-secrets.ts'
export {
  dropPostgresConnections,
  killTarget,
  pauseRedis,
  restartRedis,
  type DisruptionTime,
  type Moment,
  type ScheduledDisruption,
} from './chaos/schedule.ts'
export { ChaosError, type Chaos } from './chaos/chaos.ts'
export type { Disruption, DoneDisruption } from './control/disruption.ts'
export type { TimeStats } from './stats/summary.ts'
export type { ErrorKind } from './stats/timeline.ts'
export type { ConnectionFigures } from './runs/request-measurement.ts'
export type { DeliveryCounts } from './evidence/fan-out-counts.ts'
export type { GeneratorHealth } from './evidence/generator-health.ts'
export type { RunResult, TimelinePoint } from './results/result.ts'
export type { CapacityWindow } from './capacity/capacity-window.ts'
export type { Capacity, DuringOptions } from './capacity/capacity.ts'
export type { Compare } from './comparison/compare.ts'
export type { Freshness } from './freshness/findings.ts'
export type { ProbeCall, FreshnessOptions, FreshnessProbe } from './freshness/freshness.ts'
export type { LedgerTotal, ReadContext, RowSource } from './evidence/ledger-evidence.ts'
export type { ResetOptions } from './fixtures/reset.ts'
export type { Ledger, LedgerOptions } from './ledger/ledger.ts'
export type { MetricsWindow } from './metrics/metrics-window.ts'
export type { Metrics } from './metrics/metrics.ts'
export type { MeasureOptions } from './micro/options.ts'
export type { Micro } from './micro/micro.ts'
export type { TargetClient, TargetHandle, TargetRequestOptions, TargetRequests } from './fixtures/target-handle.ts'
export type { Inflow } from './ledger/inflow.ts'
export { inflowOf } from './ledger/inflow.ts'
export { planReplay, type Delivery, type ReplayOptions } from './ledger/replay.ts'

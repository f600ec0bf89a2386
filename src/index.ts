import './matchers/register.ts'

export { perfTest, type PerfFixtures } from './perf-test.ts'
export {
  constantArrivalRate,
  constantVus,
  rampingArrivalRate,
  rampingVus,
  sharedIterations,
  spike,
} from './load/builders.ts'
export { csv, sql, unique } from './load/data.ts'
export { socketIo, socketIoEvent } from './websocket/socket-io.ts'
export type * from './http/index.ts'
export type * from './websocket/index.ts'
export type { HttpRun } from './run/http-run.ts'
export type { FanOutRun } from './run/fan-out-run.ts'
export type { MicroRun } from './micro/micro-run.ts'
export type { History, Operation } from './run/history.ts'
export type { Load, PhaseName } from './load/load.ts'
export type { Scale } from './load/scale.ts'
export type { Baseline, Baselines } from './baseline/baseline.ts'
export { BaselineError } from './baseline/baseline-file.ts'
export type { Comparison, ComparedBuild } from './comparison/comparison.ts'
export type { CompareOptions } from './comparison/options.ts'
export { BuildError, type BuildOption, type CompareTargets } from './comparison/builds.ts'
export { InvalidRunError, type InvalidReason } from './run/verdict.ts'
export { OptionsError } from './options/problems.ts'
export {
  dropPostgresConnections,
  killTarget,
  pauseRedis,
  restartRedis,
  type Moment,
  type ScheduledDisruption,
} from './chaos/schedule.ts'
export { ChaosError, type Chaos } from './chaos/chaos.ts'
export { inflowOf } from './ledger/inflow.ts'
export { planReplay, type Delivery, type ReplayOptions } from './ledger/replay.ts'

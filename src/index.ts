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
export type { Load, PhaseName } from './load/load.ts'
export type { Scale } from './load/scale.ts'
export { InvalidRunError, type InvalidReason } from './run/verdict.ts'
export { OptionsError } from './options/problems.ts'
export { inflowOf } from './ledger/inflow.ts'
export { planReplay, type Delivery, type ReplayOptions } from './ledger/replay.ts'

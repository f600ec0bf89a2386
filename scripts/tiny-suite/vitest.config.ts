import { definePerfConfig } from 'vitest-slo/config'

/** Scenarios without services or a target, for tests of running suites. */
export default definePerfConfig({ include: ['scripts/tiny-suite/*.perf.ts'] })

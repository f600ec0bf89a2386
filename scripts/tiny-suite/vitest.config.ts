import { definePerfConfig } from 'vitest-slo/config'

/** Scenarios that need nothing, for trying what runs suites. */
export default definePerfConfig({ include: ['scripts/tiny-suite/*.perf.ts'] })

import { expect } from 'vitest'
import type { PerfFixtures } from 'vitest-slo'

type TimedRun = Parameters<PerfFixtures['capacity']['during']>[0]

/**
 * Asserts the plan's capacity planning targets over the counted phases of a run. Call it first: a target that uses the
 * whole machine also starves the generator, and then only the target's utilization can be judged.
 */
export async function expectCapacityTargets(
  run: TimedRun,
  { metrics, capacity }: Pick<PerfFixtures, 'metrics' | 'capacity'>,
): Promise<void> {
  expect(await metrics.during(run)).toHavePoolUsageBelow(0.7)
  const window = await capacity.during(run)
  expect(window).toHaveCpuBelow(0.7)
  expect(window).toHaveRedisMemoryBelow(0.6)
  expect(window).toHaveEvictionPolicy('volatile-lru')
}

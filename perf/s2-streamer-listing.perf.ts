import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'
import { popularSearchTerm } from '../fixtures/target/identities.ts'
import { expectCapacityTargets } from './capacity-targets.ts'

perfTest('S2 streamer listing', async ({ http, metrics, capacity }) => {
  const run = await http.run({
    // The plan has a rate but no duration: five minutes are ten lifetimes of a cache entry (30 s).
    load: constantArrivalRate({ rate: 30, vus: 2_000, duration: '5m' }),
    warmup: '2s',
    request: ({ random }) => ({ path: `/api/streamers?query=${encodeURIComponent(popularSearchTerm(random.next()))}` }),
  })

  await expectCapacityTargets(run, { metrics, capacity })
  expect(await metrics.during(run)).toHaveCacheHitRatioAbove(0.8, {
    hits: 'cache_hits_total{cache="streamers"}',
    misses: 'cache_misses_total{cache="streamers"}',
  })
  expect(run).toHaveP95Below(150)
  expect(run).toHaveP99Below(350, { skipIfReduced: true })
  expect(run).toSustainRate()
  // Not in the plan; with more errors, the figures above would mean little.
  expect(run).toHaveErrorRateBelow(0.01)
})

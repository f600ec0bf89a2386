import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'
import { popularSearchTerm } from '../fixtures/target/identities.ts'
import { users } from './users.ts'

perfTest('S2 streamer listing', async ({ http, metrics, capacity }) => {
  const run = await http.run({
    // The plan names a rate and no length: five minutes see the cache through some thirty lives of an entry.
    load: constantArrivalRate({ rate: 30, vus: 2_000, duration: '5m' }),
    data: users(2_000),
    warmup: '2s',
    request: ({ random }) => ({ path: `/api/streamers?query=${encodeURIComponent(popularSearchTerm(random.next()))}` }),
  })

  const targetMetrics = await metrics.during(run)
  expect(targetMetrics).toHaveCacheHitRatioAbove(0.8, {
    hits: 'cache_hits_total{cache="streamers"}',
    misses: 'cache_misses_total{cache="streamers"}',
  })
  expect(run).toHaveP95Below(150)
  expect(run).toHaveErrorRateBelow(0.01)
  expect(run).toSustainRate()
  expect(targetMetrics).toHavePoolUsageBelow(0.7)

  const where = await capacity.during(run)
  expect(where).toHaveCpuBelow(0.7)
  expect(where).toHaveRedisMemoryBelow(0.6)
  expect(where).toHaveEvictionPolicy('volatile-lru')
})

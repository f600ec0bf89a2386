import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'

/** The cache is used and never more than a second stale, and Redis has enough memory. */
perfTest('the price is cached and fresh', async ({ http, metrics, capacity, freshness, target }) => {
  const version = async (method: string, signal: AbortSignal) => {
    const response = await fetch(`${target.url}/price`, { method, signal })
    return ((await response.json()) as { version: number }).version
  }
  const probe = await freshness.probe({
    write: ({ signal }) => version('POST', signal),
    read: ({ signal }) => version('GET', signal),
    writeInterval: '500ms',
    readInterval: '20ms',
  })
  const run = await http.run({
    load: constantArrivalRate({ rate: 200, vus: 50, duration: '30s' }),
    request: { path: '/price' },
  })
  expect(await probe.stop()).toStayFresherThan(1_000)
  expect(run).toHaveP95Below(150)
  expect(await metrics.during(run)).toHaveCacheHitRatioAbove(0.8, {
    hits: 'cache_lookups_total{result="hit"}',
    misses: 'cache_lookups_total{result="miss"}',
  })
  const used = await capacity.during(run)
  expect(used).toHaveRedisMemoryBelow(0.6)
  expect(used).toHaveEvictionPolicy('volatile-lru')
})

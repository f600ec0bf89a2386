import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'
import { popularStreamerId, streamerId } from '../fixtures/target/identities.ts'
import { users } from './users.ts'

perfTest('S3 live events polling', async ({ http, freshness, target, metrics, capacity }) => {
  const watched = streamerId(0)
  const probe = await freshness.probe({
    write: async () => {
      const event = await target.internal.post('/internal/events', { streamerId: watched })
      return (event as { version: number }).version
    },
    read: async () => {
      const response = await fetch(`${target.url}/api/events/live?streamerId=${watched}`)
      return ((await response.json()) as { version: number }).version
    },
  })

  const run = await http.run({
    load: constantArrivalRate({ rate: 50, vus: 10_000, duration: '5m' }),
    data: users(10_000),
    warmup: '2s',
    request: ({ random }) => ({ path: `/api/events/live?streamerId=${popularStreamerId(random.next())}` }),
  })

  expect(run).toHaveP95Below(150)
  expect(run).toHaveErrorRateBelow(0.01)
  expect(run).toSustainRate()
  expect(await probe.stop()).toStayFresherThan(1_000)

  expect(await metrics.during(run)).toHavePoolUsageBelow(0.7)
  const where = await capacity.during(run)
  expect(where).toHaveCpuBelow(0.7)
  expect(where).toHaveRedisMemoryBelow(0.6)
  expect(where).toHaveEvictionPolicy('volatile-lru')
})

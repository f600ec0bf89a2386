import { expect } from 'vitest'
import { perfTest, rampingVus } from 'vitest-slo'
import { authorization, users } from './users.ts'

perfTest('S1 auth and config fetch', async ({ http, metrics, capacity }) => {
  const run = await http.run({
    load: rampingVus({
      stages: [
        { target: 5_000, duration: '2m' },
        { target: 5_000, duration: '10m' },
      ],
      // The plan leaves the pause open: a client in use asks for both every five seconds, 2,000 requests a second in all.
      thinkTime: { min: '4s', max: '6s' },
    }),
    data: users(5_000),
    steps: [
      { name: 'me', request: ({ vu }) => ({ path: '/api/me', headers: authorization(vu.data) }) },
      { name: 'config', request: { path: '/api/config' } },
    ],
  })

  expect(run).toHaveP95Below(120)
  expect(run).toHaveP99Below(350)
  expect(run).toHaveErrorRateBelow(0.001)

  expect(await metrics.during(run)).toHavePoolUsageBelow(0.7)
  const where = await capacity.during(run)
  expect(where).toHaveCpuBelow(0.7)
  expect(where).toHaveRedisMemoryBelow(0.6)
  expect(where).toHaveEvictionPolicy('volatile-lru')
})

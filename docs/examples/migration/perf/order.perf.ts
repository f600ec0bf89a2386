import { expect } from 'vitest'
import { csv, perfTest, rampingArrivalRate } from 'vitest-slo'

/** Port of `order.artillery.yml`: every arrival is a new user, who logs in and orders twice. */
perfTest('users log in and order', async ({ http }) => {
  const run = await http.run({
    load: rampingArrivalRate({
      startRate: 2,
      vus: 50,
      arrivals: 'uniform',
      stages: [
        { target: 10, duration: '5s' },
        { target: 10, duration: '10s' },
      ],
    }),
    data: csv('perf/users.csv', { assignment: 'per-iteration', order: 'random' }),
    connections: 'per-iteration',
    flow: async ({ request, sleep, vu }) => {
      const login = await request({ method: 'POST', path: '/login', body: vu.data })
      const headers = { authorization: `Bearer ${login.json<{ access: { token: string } }>().access.token}` }
      await sleep('200ms')
      await request({ path: '/me', headers, expectStatus: 200, check: { json: { user: vu.data['user']! } } })
      for (let count = 1; count <= 2; count++) {
        await request({ method: 'POST', path: '/orders', headers, body: { product: `p-${count}` } })
        await sleep('100ms')
      }
    },
  })
  expect(run).toHaveP95Below(200)
  expect(run).toHaveErrorRateBelow(0.001)
})

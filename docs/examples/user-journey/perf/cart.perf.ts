import { expect } from 'vitest'
import { constantVus, csv, perfTest } from 'vitest-slo'

/** Users who log in, pause, and fill a cart: a closed model, in which each user waits for the response. */
perfTest('users fill their carts', async ({ http }) => {
  const run = await http.run({
    load: constantVus({ vus: 30, duration: '30s', thinkTime: { min: '50ms', max: '150ms' } }),
    data: csv('perf/users.csv'),
    steps: [
      {
        name: 'log in',
        request: ({ vu }) => ({ method: 'POST', path: '/login', body: { email: vu.data.email } }),
        extract: { token: '$.access.token' },
      },
      {
        name: 'add to cart',
        request: ({ vu }) => ({
          method: 'POST',
          path: '/carts',
          headers: { authorization: `Bearer ${vu.vars['token']}` },
          body: { sku: vu.data.sku },
          expectStatus: 201,
        }),
      },
    ],
  })
  expect(run).toHaveErrorRateBelow(0.01)
  expect(run.step('log in')).toHaveP95Below(200)
  expect(run.step('add to cart')).toHaveP95Below(200)
})

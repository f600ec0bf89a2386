import { expect } from 'vitest'
import { constantArrivalRate, parallel, perfTest, rampingArrivalRate } from 'vitest-slo'

/** Port of `two-loads.k6.js`: two open loads at the same time, with a token that all VUs share. */
perfTest('lists and orders', async ({ http, setup, target }) => {
  const headers = await setup(async () => {
    const login = { user: 'ann', password: 'ann-local' }
    const { access } = await target.post<{ access: { token: string } }>('/login', login)
    return { authorization: `Bearer ${access.token}` }
  })
  const { list, orders } = await parallel({
    list: http.run({
      load: rampingArrivalRate({
        startRate: 10,
        vus: 50,
        stages: [
          { target: 100, duration: '5s' },
          { target: 100, duration: '10s' },
        ],
      }),
      request: { path: '/products' },
    }),
    orders: http.run({
      // A rate counts per second.
      load: constantArrivalRate({ rate: 300 / 60, vus: 20, duration: '15s' }),
      request: ({ random }) => {
        const product = random.int(0, 19)
        return {
          method: 'POST',
          path: '/orders',
          headers,
          body: { product: `p-${product}` },
          tag: product >= 10 ? 'expensive' : 'cheap',
          expectStatus: 201,
        }
      },
    }),
  })
  expect(list).toHaveP95Below(200)
  expect(orders.tag('expensive')).toHaveP95Below(400)
  // Dropped iterations are errors.
  expect(list).toHaveErrorRateBelow(0.01)
  expect(orders).toHaveErrorRateBelow(0.01)
})

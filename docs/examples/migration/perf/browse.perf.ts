import { expect } from 'vitest'
import { constantVus, json, perfTest } from 'vitest-slo'

interface Product {
  readonly id: string
}

/** Port of `browse.k6.js`: users log in and browse, in a closed model. */
perfTest('users log in and browse', async ({ http }) => {
  const run = await http.run({
    load: constantVus({ vus: 10, duration: '10s', thinkTime: '200ms' }),
    data: json<{ user: string; password: string }>('perf/users.json'),
    flow: async ({ request, group, sleep, vu, random }) => {
      const login = await request({ name: 'login', method: 'POST', path: '/login', body: vu.data, expectStatus: 200 })
      const headers = { authorization: `Bearer ${login.json<{ access: { token: string } }>().access.token}` }
      await group('browse', async () => {
        const products = await request({
          name: 'products',
          path: '/products',
          headers,
          softChecks: { 'has products': (response) => response.json<Product[]>().length > 0 },
        })
        await sleep('100ms')
        const { id } = random.pick(products.json<Product[]>())
        await request({ name: 'product', path: `/products/${id}`, headers })
      })
    },
  })
  expect(run).toHaveErrorRateBelow(0.01)
  expect(run.step('products')).toHaveP95Below(200)
  expect(run.group('browse')).toHaveP95Below('1s')
  expect(run.softCheck('has products')).toHaveRateAtLeast(0.99)
})

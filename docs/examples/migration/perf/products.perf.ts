import { expect } from 'vitest'
import { constantVus, perfTest } from 'vitest-slo'

/** Port of `products.autocannon.js`: ten connections, each of which sends as soon as it has a response. */
perfTest('products', async ({ http }) => {
  const run = await http.run({
    load: constantVus({ vus: 10, duration: '10s' }),
    timeout: '5s',
    headers: { accept: 'application/json' },
    expectStatus: [200],
    steps: [
      { name: 'products', request: { path: '/products' } },
      { name: 'product', request: { path: '/products/p-1' }, check: { json: { id: 'p-1' } } },
    ],
  })
  expect(run).toHaveErrorRateBelow(0.001)
  expect(run).toHavePercentileBelow(0.975, 100)
  expect(run).toHaveThroughputAbove(100)
})

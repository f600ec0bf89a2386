import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'

/** Independent visitors: 100 requests are due each second, however slow the service is. */
perfTest('the list of products is fast', async ({ http }) => {
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 50, duration: '30s' }),
    request: { path: '/products', check: (response) => (response.json() as unknown[]).length > 0 || 'no products' },
    warmup: '2s',
  })
  expect(run).toHaveP95Below(150)
  expect(run).toHaveErrorRateBelow(0.01)
})

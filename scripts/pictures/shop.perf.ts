import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'

perfTest('products', async ({ http }) => {
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 50, duration: '12s' }),
    request: { path: '/products' },
  })
  expect(run).toHaveP95Below(150)
  expect(run).toHaveErrorRateBelow(0.01)
})

perfTest('checkout', async ({ http }) => {
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 100, duration: '20s' }),
    request: { method: 'POST', path: '/checkout', body: { cart: 1 } },
    warmup: '2s',
  })
  expect(run).toHaveP95Below(150)
  expect(run).toHaveErrorRateBelow(0.01)
})

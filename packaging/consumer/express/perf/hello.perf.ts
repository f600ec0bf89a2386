import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'

perfTest('hello', async ({ http }) => {
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 50, duration: '3s' }),
    request: { path: '/hello' },
  })
  expect(run).toHaveP95Below(1_000)
  expect(run).toHaveErrorRateBelow(0.01)
})

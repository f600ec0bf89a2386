import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'

perfTest('fails', async ({ http }) => {
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 50, duration: '3s' }),
    request: { path: '/slow' },
  })
  expect(run).toHaveP95Below(40)
})

perfTest('is invalid', async ({ http }) => {
  const run = await http.run({
    load: constantArrivalRate({ rate: 20, vus: 5, duration: '1s' }),
    request: { path: '/hello' },
  })
  expect(run).not.toHaveP99Below(1)
})

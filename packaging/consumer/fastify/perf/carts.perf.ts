import { expect } from 'vitest'
import { constantVus, perfTest } from 'vitest-slo'

perfTest('creates and reads a cart', async ({ http }) => {
  const run = await http.run({
    load: constantVus({ vus: 5, duration: '3s', thinkTime: '10ms' }),
    data: [{ sku: 'a-1' }, { sku: 'b-2' }],
    steps: [
      {
        name: 'create',
        request: ({ vu }) => ({ method: 'POST', path: '/carts', body: { sku: vu.data.sku } }),
        expectStatus: 201,
        extract: { id: (response) => (response.json() as { id: string }).id },
      },
      { name: 'read', request: ({ vu }) => ({ path: `/carts/${vu.vars['id']}` }) },
    ],
  })
  expect(run).toHaveErrorRateBelow(0.01)
  expect(run.step('read')).toHaveP95Below(1_000)
})

import { expect } from 'vitest'
import { perfTest, rampingVus } from 'vitest-slo'
import { expectCapacityTargets } from './capacity-targets.ts'
import { authorization, users } from './users.ts'

perfTest('S1 auth and config fetch', async ({ http, metrics, capacity }) => {
  const run = await http.run({
    load: rampingVus({
      stages: [
        { target: 5_000, duration: '2m' },
        { target: 5_000, duration: '10m' },
      ],
      // Not in the plan. An active client requests both every five seconds: 2,000 requests a second in total. Pauses vary
      // widely, so that users who start within a ramp of two seconds do not send in waves.
      thinkTime: { min: '1s', max: '9s' },
    }),
    data: users(),
    steps: [
      { name: 'me', request: ({ vu }) => ({ path: '/api/me', headers: authorization(vu.data) }) },
      { name: 'config', request: { path: '/api/config' } },
    ],
  })

  await expectCapacityTargets(run, { metrics, capacity })
  expect(run).toHaveP95Below(120)
  expect(run).toHaveP99Below(350)
  expect(run).toHaveErrorRateBelow(0.001)
})

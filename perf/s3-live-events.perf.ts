import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'
import { popularStreamerId, streamerId } from '../fixtures/target/identities.ts'
import { expectCapacityTargets } from './capacity-targets.ts'

perfTest('S3 live events polling', async ({ http, freshness, target, metrics, capacity }) => {
  const watched = streamerId(0)
  const probe = await freshness.probe({
    unavailable: target.internal.unavailable,
    write: async () => {
      const event = await target.internal.post('/internal/events', { streamerId: watched })
      return (event as { version: number }).version
    },
    read: async () => {
      const response = await fetch(`${target.url}/api/events/live?streamerId=${watched}`)
      return ((await response.json()) as { version: number }).version
    },
  })

  const run = await http.run({
    // The plan has a rate but no duration: in five minutes, each of the 10,000 users sends one or two requests.
    load: constantArrivalRate({ rate: 50, vus: 10_000, duration: '5m' }),
    warmup: '2s',
    request: ({ random }) => ({ path: `/api/events/live?streamerId=${popularStreamerId(random.next())}` }),
  })

  await expectCapacityTargets(run, { metrics, capacity })
  expect(run).toHaveP95Below(150)
  expect(run).toHaveP99Below(350, { skipIfReduced: true })
  expect(await probe.stop()).toStayFresherThan(1_000)
  expect(run).toSustainRate()
  // Not in the plan; with more errors, the figures above would mean little.
  expect(run).toHaveErrorRateBelow(0.01)
})

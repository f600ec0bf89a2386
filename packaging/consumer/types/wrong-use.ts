import { expect } from 'vitest'
import { constantArrivalRate, perfTest } from 'vitest-slo'
import { definePerfConfig, postgres, redis } from 'vitest-slo/config'
import SloReporter from 'vitest-slo/reporter'

perfTest('every family of matchers has types', async ({ http, ws, ledger, metrics, capacity, freshness, micro }) => {
  const load = constantArrivalRate({ rate: 1, vus: 1, duration: '1s' })
  const run = await http.run({ load, request: { path: '/' }, record: true })
  expect(run).toHaveP95Below(1)
  expect(run).toSustainRate()
  expect(ledger).toApplyExactlyOnce(run.history, { rows: 'SELECT 1 AS key', key: 'key' })
  expect(await metrics.during(run)).toHavePoolUsageBelow(0.7)
  expect(await capacity.during(run)).toHaveCpuBelow(0.7)
  expect(await micro.measure('parse', () => JSON.parse('{}'))).toHaveP99Below(1)
  const probe = await freshness.probe({ read: async () => 0, write: async () => 0 })
  expect(await probe.stop()).toStayFresherThan(1_000)
  const fanOut = await ws.fanOut({
    path: '/ws',
    connections: 1,
    publish: { rate: 1, send: async () => {} },
    identify: () => undefined,
    duration: '1s',
  })
  expect(fanOut).toDeliverWithin(1_000, { ratio: 0.99 })

  // @ts-expect-error -- not a run
  expect(12).toHaveP95Below(1)
  // @ts-expect-error -- a ratio from 0 to 1
  expect(run).toHaveErrorRateBelow('1%')
  // @ts-expect-error -- a run has no deliveries
  expect(run).toDeliverWithin(1_000, { ratio: 0.99 })
  // @ts-expect-error -- no such option
  constantArrivalRate({ rate: 1, vus: 1, duration: '1s', user: 1 })
})

// @ts-expect-error -- no such option
definePerfConfig({ servises: [postgres(), redis()] })

export const reporter = new SloReporter({ outputDir: 'perf-report' })

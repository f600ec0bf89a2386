import { expect } from 'vitest'
import { perfTest, spike } from 'vitest-slo'
import { expectCapacityTargets } from './capacity-targets.ts'
import { expectConsistentLedger, starsOf, votes } from './voting.ts'

perfTest('S4 voting hot path', async ({ http, ledger, target, runId, metrics, capacity }) => {
  const starsBefore = await starsOf(ledger)

  const run = await http.run({
    load: spike({ rate: 200, duration: '60s', vus: 2_000, baseRate: 20, timeBefore: '10s', timeAfter: '10s' }),
    ...votes({ target, runId }),
  })

  await expectCapacityTargets(run, { metrics, capacity })
  expect(run).toHaveStatusRateBelow(429, 0.01)
  expect(run).toHaveP95Below(150)
  expect(run).toHaveP99Below(350)
  expect(run).toHaveErrorRateBelow(0.001)
  await expectConsistentLedger(ledger, run.history, starsBefore)
})

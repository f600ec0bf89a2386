import { expect } from 'vitest'
import { constantArrivalRate, inflowOf, perfTest } from 'vitest-slo'

const AMOUNT = 5
const TILL = `SELECT balance FROM accounts WHERE name = 'till'`

/** Every twentieth payment is sent twice and must be applied once. */
perfTest('payments are applied exactly once', async ({ http, ledger, runId }) => {
  const before = await ledger.value(TILL)
  let keys = 0
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 50, duration: '30s' }),
    request: ({ random }) => {
      const isRepeated = keys > 0 && random.next() < 0.05
      const key = `${runId}-${isRepeated ? keys - 1 : keys++}`
      return {
        method: 'POST',
        path: '/payments',
        headers: { 'idempotency-key': key, 'x-run-id': runId },
        body: { amount: AMOUNT },
        expectStatus: 201,
      }
    },
    record: true,
  })
  expect(run).toHaveP95Below(150)
  await expect(ledger).toApplyExactlyOnce(run.history, {
    rows: 'SELECT key, run_id FROM payments WHERE run_id = $1',
    key: 'key',
  })
  await expect(ledger).toConserve({ total: TILL, totalBefore: before, expectedDelta: inflowOf(run.history, AMOUNT) })
})

import { expect } from 'vitest'
import { perfTest, spike } from 'vitest-slo'
import { popularStreamerId } from '../fixtures/target/identities.ts'
import { authorization, users } from './users.ts'

/** One vote in twenty is sent again with its key, as a client does that did not see the answer. */
const REPEATED = 0.05

interface Vote {
  readonly key: string
  readonly streamerId: string
  readonly stars: number
}

perfTest('S4 voting hot path', async ({ http, ledger, runId, metrics, capacity }) => {
  const starsBefore = await ledger.value('SELECT sum(balance) FROM accounts')

  const run = await http.run({
    load: spike({ rate: 200, duration: '60s', vus: 2_000, baseRate: 20, before: '10s', after: '10s' }),
    data: users(2_000),
    record: { key: (request) => request.headers['idempotency-key'] },
    request: ({ vu, iteration, random }) => {
      const last = vu.vars['vote'] as Vote | undefined
      const vote: Vote =
        last !== undefined && random.next() < REPEATED
          ? last
          : {
              key: `${runId}-${vu.id}-${iteration}`,
              streamerId: popularStreamerId(random.next()),
              stars: random.int(1, 5),
            }
      vu.vars['vote'] = vote
      return {
        method: 'POST',
        path: '/api/votes',
        headers: { ...authorization(vu.data), 'idempotency-key': vote.key, 'x-run-id': runId },
        body: { streamerId: vote.streamerId, stars: vote.stars },
      }
    },
    // A refusal by the rate limit is an answer; how many there may be is asserted on its own.
    expectStatus: [200, 201, 429],
  })

  expect(run).toHaveP95Below(150)
  expect(run).toHaveP99Below(350)
  expect(run).toHaveErrorRateBelow(0.001)
  expect(run).toHaveStatusRateBelow(429, 0.01)

  await expect(ledger).toApplyExactlyOnce(run.history, {
    rows: 'SELECT idempotency_key, run_id FROM transfers WHERE run_id = $1',
    key: 'idempotency_key',
  })
  await expect(ledger).toConserve({ total: 'SELECT sum(balance) FROM accounts', before: starsBefore, expectedDelta: 0 })
  await expect(ledger).toHoldInvariant(
    'every transfer sums to zero',
    'SELECT transfer_id, sum(amount) FROM entries GROUP BY transfer_id HAVING sum(amount) <> 0',
  )

  expect(await metrics.during(run)).toHavePoolUsageBelow(0.7)
  const where = await capacity.during(run)
  expect(where).toHaveCpuBelow(0.7)
  expect(where).toHaveRedisMemoryBelow(0.6)
  expect(where).toHaveEvictionPolicy('volatile-lru')
})

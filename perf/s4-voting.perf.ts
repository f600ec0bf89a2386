import { expect } from 'vitest'
import { perfTest, spike } from 'vitest-slo'
import { popularStreamerId, streamerId } from '../fixtures/target/identities.ts'
import { expectCapacityTargets } from './capacity-targets.ts'
import { authorization, voters } from './users.ts'

/** One vote in twenty is sent again with its key, as a client does that did not see the answer. */
const REPEATED = 0.05

/** Every fourth vote has a key that reads as one of another user's, for the same vote: a key belongs to its user. */
const SHARED_EVERY = 4

interface Vote {
  readonly key: string
  readonly streamerId: string
  readonly stars: number
}

perfTest('S4 voting hot path', async ({ http, ledger, target, runId, metrics, capacity }) => {
  const starsBefore = await ledger.value('SELECT sum(balance) FROM accounts')

  const run = await http.run({
    load: spike({ rate: 200, duration: '60s', vus: 2_000, baseRate: 20, before: '10s', after: '10s' }),
    data: voters(target.url),
    record: {
      key: ({ vu, headers }) => `votes:${vu.data.id} ${headers['idempotency-key']}`,
      answer: (answer) => answer.text(),
    },
    request: ({ vu, iteration, random }) => {
      const pair = vu.id >> 1
      const last = vu.vars['vote'] as Vote | undefined
      let vote: Vote
      if (last !== undefined && random.next() < REPEATED) vote = last
      else if (iteration % SHARED_EVERY === 0)
        vote = { key: `${runId}-pair-${pair}-${iteration}`, streamerId: streamerId(pair), stars: 1 }
      else
        vote = {
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

  expect(run).toHaveStatusRateBelow(429, 0.01)
  expect(run).toHaveP95Below(150)
  expect(run).toHaveP99Below(350)
  expect(run).toHaveErrorRateBelow(0.001)

  await expect(ledger).toApplyExactlyOnce(run.history, {
    rows: `SELECT scope || ' ' || idempotency_key AS key, run_id FROM transfers WHERE run_id = $1`,
    key: 'key',
  })
  await expect(ledger).toConserve({
    total: 'SELECT sum(balance) FROM accounts',
    before: starsBefore,
    expectedDelta: 0,
    // All of them, not this run's alone: a balance is the sum of all its entries.
    entries: `SELECT transfer_id AS transfer, account_id AS account, amount, scope || ' ' || idempotency_key AS key
              FROM entries JOIN transfers ON transfers.id = transfer_id`,
    accounts: 'SELECT id AS account, balance, floor FROM accounts',
    history: run.history,
  })
  await expectCapacityTargets(run, { metrics, capacity })
})

import { expect } from 'vitest'
import type { History, HttpLoadOptions, OneRequest, PerfFixtures } from 'vitest-slo'
import { popularStreamerId, streamerId } from '../fixtures/target/identities.ts'
import { authorization, voters, type Voter } from './users.ts'

/** Ratio of votes that are sent again with the same key, like a client that did not receive the response. */
const REPEATED = 0.05

/** Every fourth vote uses the same key as another user's identical vote: keys are per user. */
const SHARED_EVERY = 4

/** Sum of all stars. Votes move stars and never create any. */
const STARS = 'SELECT sum(balance) FROM accounts'

interface Vote {
  readonly key: string
  readonly streamerId: string
  readonly stars: number
}

/** Options of `http.run()`, without the load, for votes with idempotency keys, recorded by user and key. */
export function votes({
  target,
  runId,
}: Pick<PerfFixtures, 'target' | 'runId'>): Omit<HttpLoadOptions<Voter>, 'load'> & OneRequest<Voter> {
  return {
    data: voters(target.url),
    record: {
      key: ({ vu, headers }) => `votes:${vu.data.id} ${headers['idempotency-key']}`,
      response: (response) => response.text(),
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
    // Rate-limited votes are not errors; their rate is asserted separately.
    expectStatus: [200, 201, 429],
  }
}

/** Sum of all stars before the votes, for {@link expectConsistentLedger}. */
export function starsOf(ledger: PerfFixtures['ledger']): ReturnType<PerfFixtures['ledger']['value']> {
  return ledger.value(STARS)
}

/** Asserts the plan's ledger consistency: every accepted vote applied exactly once, and no stars created or lost. */
export async function expectConsistentLedger(
  ledger: PerfFixtures['ledger'],
  history: History,
  starsBefore: Awaited<ReturnType<typeof starsOf>>,
): Promise<void> {
  await expect(ledger).toApplyExactlyOnce(history, {
    rows: `SELECT scope || ' ' || idempotency_key AS key, run_id FROM transfers WHERE run_id = $1`,
    key: 'key',
  })
  await expect(ledger).toConserve({
    total: STARS,
    totalBefore: starsBefore,
    expectedDelta: 0,
    // All entries, not only those of this run: a balance is the sum of all its entries.
    entries: `SELECT transfer_id AS transfer, account_id AS account, amount, scope || ' ' || idempotency_key AS key
              FROM entries JOIN transfers ON transfers.id = transfer_id`,
    accounts: 'SELECT id AS account, balance, floor FROM accounts',
    history,
  })
}

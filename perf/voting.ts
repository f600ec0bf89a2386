import { expect } from 'vitest'
import type { History, HttpLoadOptions, OneRequest, PerfFixtures } from 'vitest-slo'
import { popularStreamerId, streamerId } from '../fixtures/target/identities.ts'
import { authorization, voters, type Voter } from './users.ts'

/** One vote in twenty is sent again with its key, as a client does that did not see the response. */
const REPEATED = 0.05

/** Every fourth vote has a key that reads as one of another user's, for the same vote: a key belongs to its user. */
const SHARED_EVERY = 4

/** All stars there are. Votes move them, and make none. */
const STARS = 'SELECT sum(balance) FROM accounts'

interface Vote {
  readonly key: string
  readonly streamerId: string
  readonly stars: number
}

/** Votes with idempotency keys, recorded by user and key: what `http.run()` needs beside a load. */
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
    // A refusal by the rate limit is a response; how many there may be is asserted on its own.
    expectStatus: [200, 201, 429],
  }
}

/** Every star there is, before votes are cast; for {@link expectConsistentLedger}. */
export function starsOf(ledger: PerfFixtures['ledger']): ReturnType<PerfFixtures['ledger']['value']> {
  return ledger.value(STARS)
}

/** The plan's ledger consistency checks: every accepted vote once, nothing made or lost. */
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
    // All of them, not this run's alone: a balance is the sum of all its entries.
    entries: `SELECT transfer_id AS transfer, account_id AS account, amount, scope || ' ' || idempotency_key AS key
              FROM entries JOIN transfers ON transfers.id = transfer_id`,
    accounts: 'SELECT id AS account, balance, floor FROM accounts',
    history,
  })
}

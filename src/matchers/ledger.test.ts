import { describe, expect, test } from 'vitest'
import {
  ledgerChecks,
  type ConservedTotal,
  type Finding,
  type LedgerChecks,
  type LedgerEvidence,
  type LedgerSource,
} from '../evidence/ledger-evidence.ts'
import { createLedger } from '../ledger/ledger.ts'
import type { ScenarioRecord } from '../results/result.ts'
import { sampleHistory } from '../testing/sample-history.ts'
import './register.ts'

const history = sampleHistory([{ key: 'a', outcome: 'ok' }], 'mine')
const rows = { rows: 'SELECT key FROM votes WHERE run_id = $1', key: 'key' }
const sound: LedgerEvidence = { findings: [], invalidities: [], lines: ['run mine: 1 operations', 'waited 300 ms'] }

/** Ledger whose checks return the given evidence. */
function ledgerThat(finds: Partial<LedgerEvidence> = {}, total?: ConservedTotal): LedgerSource {
  const evidence = { ...sound, ...finds }
  const checks: LedgerChecks = {
    history: async () => evidence,
    conservation: async () => ({ ...evidence, total }),
    invariant: async () => evidence,
  }
  return { [ledgerChecks]: checks }
}

const lost: Finding = {
  kind: 'lost',
  count: 12,
  violations: [
    { subject: 'key "a"', responses: ['VU 3 at 12.4 s: ok (201)', 'VU 5 at 12.9 s: ok (201)'], holds: 'nothing' },
  ],
}
const unexpected: Finding = {
  kind: 'unexpected',
  count: 1,
  violations: [{ subject: 'key "x"', responses: [], holds: "1 row: { key: 'x' }" }],
}
const unreadable = {
  invalidities: [{ reason: 'ledger-unreadable', finding: 'the query failed', fix: 'correct the query' }],
} as const

/** Cast for arguments that would not compile. */
const untyped = (value: unknown) => value as never

async function messageOf(assertion: Promise<void>): Promise<string> {
  return assertion.then(
    () => 'nothing was thrown',
    (error: Error) => `${error.name}: ${error.message}`,
  )
}

describe('the ledger matchers', () => {
  test('pass on evidence without findings, and fail under .not', async () => {
    await expect(ledgerThat()).toApplyExactlyOnce(history, rows)
    await expect(ledgerThat()).toMatchHistory(history, rows)
    await expect(ledgerThat()).toConserve({ entries: 'SELECT 1' })
    await expect(ledgerThat()).toHoldInvariant('no debts', 'SELECT 1')
    expect(await messageOf(expect(ledgerThat()).not.toMatchHistory(history, rows))).toMatchInlineSnapshot(`
      "Error: expect(ledger).not.toMatchHistory(run.history, { rows: 'SELECT key FROM votes WHERE run_id = $1', key: 'key' })

      Expected: a key lost, or applied although refused
      Received: every key as expected

      Evidence: run mine: 1 operations
                waited 300 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('name kinds, violations and a fix', async () => {
    const assertion = expect(ledgerThat({ findings: [lost, unexpected] })).toApplyExactlyOnce(history, rows)
    expect(await messageOf(assertion)).toMatchInlineSnapshot(`
      "Error: expect(ledger).toApplyExactlyOnce(run.history, { rows: 'SELECT key FROM votes WHERE run_id = $1', key: 'key' })

      Expected: each acknowledged key in the ledger once, each unknown key at most once, no refused key
      Received: 12 lost, 1 unexpected

      Evidence: lost: key "a", responses: VU 3 at 12.4 s: ok (201), VU 5 at 12.9 s: ok (201); the ledger holds nothing
                lost: 11 more
                unexpected: key "x", never sent; the ledger holds 1 row: { key: 'x' }
                run mine: 1 operations
                waited 300 ms
      Fix:      send the response after the commit; if the row exists under another key or run, correct the query"
    `)
    await expect(ledgerThat({ findings: [lost] })).not.toApplyExactlyOnce(history, rows)
  })

  test('show the change of a total', async () => {
    const total = { before: '100', after: '101', delta: '1', conserved: false }
    const totalBefore = { amount: '100' }
    const assertion = expect(ledgerThat({}, total)).toConserve({
      total: 'SELECT sum(balance) FROM accounts',
      totalBefore,
    })
    expect(await messageOf(assertion)).toMatchInlineSnapshot(`
      "Error: expect(ledger).toConserve({ total: 'SELECT sum(balance) FROM accounts', totalBefore })

      Expected: the total changed by 0
      Received: the total changed by 1, from 100 to 101

      Evidence: run mine: 1 operations
                waited 300 ms
      Fix:      find the transactions that changed the total; if they are intended, assert them with expectedDelta"
    `)
    const changedBy = (delta: string, expectedDelta: number) =>
      messageOf(
        expect(ledgerThat({}, { before: '0', after: delta, delta, conserved: false })).toConserve({
          total: 'SELECT 1',
          totalBefore: { amount: '0' },
          expectedDelta,
        }),
      )
    expect(await changedBy('299', 300)).toContain('Fix:      updates were lost: change the amount in one statement')
    expect(await changedBy('-299', -300)).toContain('Fix:      updates were lost')
    expect(await changedBy('301', 300)).toContain('Fix:      updates were applied more than once')
    expect(await changedBy('-1', 300)).toContain('Fix:      find the transactions that changed the total')
    const range = { atLeast: 1n, atMost: '2.50' } as const
    const ranged = expect(ledgerThat({ findings: [lost] }, { ...total, conserved: true })).toConserve({
      total: 'SELECT 1',
      entries: 'SELECT 1',
      accounts: 'SELECT 1',
      expectedDelta: range,
      history,
    })
    const message = await messageOf(ranged)
    expect(message).toContain(
      'Expected: the total changed by 1 to 2.50, each transfer sums to zero, no balance below its floor or apart from its entries',
    )
    expect(message).toContain('Received: the total changed by 1, from 100 to 101; 12 lost')
    expect(message).toContain(', history })')
  })

  test('are invalid in both polarities if the ledger is unreadable', async () => {
    const broken = ledgerThat(unreadable)
    const positive = await messageOf(expect(broken).toHoldInvariant('no debts', 'SELECT 1'))
    expect(positive).toMatchInlineSnapshot(`
      "InvalidRunError: expect(ledger).toHoldInvariant('no debts', 'SELECT 1')

      Expected: no debts: no row
      Received: INVALID, not judged. ledger-unreadable: the query failed

      Evidence: run mine: 1 operations
                waited 300 ms
      Fix:      correct the query"
    `)
    expect(await messageOf(expect(broken).not.toConserve({ total: 'SELECT 1' }))).toContain('INVALID, not judged')
  })

  test('are recorded, and skipped in both polarities without a database', async ({ task }) => {
    const without = createLedger({ stores: [], isExternal: true, signal: new AbortController().signal })
    await expect(without).toApplyExactlyOnce(history, rows)
    await expect(without).not.toHoldInvariant('no debts', 'SELECT 1')
    await expect(ledgerThat()).toHoldInvariant('no debts', 'SELECT 1')
    const { assertions } = task.meta['slo'] as ScenarioRecord
    expect(assertions.map(({ assertion, outcome, received }) => [assertion.split('(')[0], outcome, received])).toEqual([
      ['toApplyExactlyOnce', 'skipped', 'not checked: no Postgres is known to this run'],
      ['not.toHoldInvariant', 'skipped', 'not checked: no Postgres is known to this run'],
      ['toHoldInvariant', 'passed', 'no row'],
    ])
  })

  test('report every invalid argument in one error', async () => {
    const rows = untyped({ key: '', row: 1 })
    expect(() => expect(ledgerThat()).toApplyExactlyOnce(undefined, rows)).toThrow(
      /4 invalid options[^]*history: must be the history of a run that recorded one[^]*row: unknown option[^]*rows: must be a query, or a function that returns rows[^]*key: must be the name of a column/,
    )
    expect(() => expect(ledgerThat()).toConserve(untyped({ totalBefore: 5, expectedDelta: 0.1 }))).toThrow(
      /totalBefore: must be a result of ledger.value\(\)[^]*expectedDelta: must be exact[^]*total: at least one of/,
    )
    const halfRange = untyped({ total: 'SELECT 1', expectedDelta: { atLeast: 1 } })
    expect(() => expect(ledgerThat()).toConserve(halfRange)).toThrow('expectedDelta.atMost: must be exact')
    const emptyRange = { total: 'SELECT 1', expectedDelta: { atLeast: 10, atMost: '9.5' } } as const
    expect(() => expect(ledgerThat()).toConserve(emptyRange)).toThrow(
      /expectedDelta: atLeast must not be above atMost[^]*Fix: {6}write, for example, expectedDelta: { atLeast: '9.5', atMost: '10' }/,
    )
    expect(() => expect(ledgerThat()).toHoldInvariant('SELECT 1', untyped(undefined))).toThrow(
      'violations: must be a query',
    )
    expect(() => expect({} as unknown).toHoldInvariant('no debts', 'SELECT 1')).toThrow(
      'toHoldInvariant() judges a ledger, as the fixture `ledger` gives',
    )
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { History } from '../history/history.ts'
import { now } from '../machine/clock.ts'
import { readAmount, showAmount } from './amount.ts'
import { accountTypes, findBelowFloor, findDrifted, findUnbalanced, readAccounts, readEntries } from './conservation.ts'
import type { KeyType } from './keys.ts'
import { showRow, type Row, type Table } from './rows.ts'

const UNIT = 10n ** 100n

/** Accounts and correctly booked transfers between them. */
const books = fc
  .array(
    fc.record({
      from: fc.nat(5),
      to: fc.nat(5),
      fee: fc.nat(5),
      amount: fc.integer({ min: 1, max: 1_000 }),
      feeAmount: fc.nat(10),
    }),
    { minLength: 1, maxLength: 20, size: 'max' },
  )
  .map((transfers) => {
    const entries = transfers.flatMap(({ from, to, fee, amount, feeAmount }, transfer) => [
      { transfer, account: `a${from}`, amount: String(-amount - feeAmount), key: `key-${transfer}` },
      { transfer, account: `a${to}`, amount: String(amount), key: `key-${transfer}` },
      { transfer, account: `a${fee}`, amount: `${feeAmount}.00`, key: `key-${transfer}` },
    ])
    const accounts = Array.from({ length: 7 }, (_, at) => {
      const account = `a${at}`
      const balance = entries
        .filter((entry) => entry.account === account)
        .reduce((sum, { amount }) => sum + Number(amount), 0)
      return { account, balance: String(balance), floor: at % 2 === 0 ? null : String(Math.min(0, balance)) }
    })
    return { entries, accounts }
  })

interface Books {
  readonly entries: readonly Row[]
  readonly accounts: readonly Row[]
}

async function findings({ entries, accounts }: Books): Promise<[string, number, string | undefined][]> {
  const [read, held] = [await entriesOf(entries), await accountsOf(accounts)]
  return [await findUnbalanced(read), await findBelowFloor(held), await findDrifted(held, read)].flatMap((finding) =>
    finding === undefined ? [] : [[finding.kind, finding.count, finding.violations[0]?.subject]],
  )
}

/** Rows of a function, with unknown columns. */
const tableOf = (rows: readonly Row[]): Table => ({ rows, columns: [] })
const entriesOf = (rows: readonly Row[]) => readEntries(tableOf(rows))
const accountsOf = (rows: readonly Row[]) => readAccounts(tableOf(rows))

describe('conservation', () => {
  test('has no findings for correct books', async () => {
    await fc.assert(
      fc.asyncProperty(books, async (kept) => {
        expect(await findings(kept)).toEqual([])
      }),
    )
  })

  test('reports a unit lost in one entry as an unbalanced transfer and a drifted account', async () => {
    await fc.assert(
      fc.asyncProperty(books, fc.nat(), async (kept, choice) => {
        const at = choice % kept.entries.length
        const entries = kept.entries.map((entry, i) =>
          i === at ? { ...entry, amount: `${entry.amount.replace(/\..*/, '')}.000000000000000001` } : entry,
        )
        const { transfer, account } = entries[at]!
        expect(await findings({ ...kept, entries })).toEqual([
          ['unbalanced', 1, `transfer ${transfer}, key "key-${transfer}"`],
          ['drifted', 1, `account ${account}`],
        ])
      }),
    )
  })

  test('reports a balance that is off by one as drifted', async () => {
    await fc.assert(
      fc.asyncProperty(books, fc.nat(6), async (kept, at) => {
        const accounts = kept.accounts.map((account, i) =>
          i === at ? { ...account, balance: String(Number(account.balance) + 1) } : account,
        )
        expect(await findings({ ...kept, accounts })).toEqual([['drifted', 1, `account a${at}`]])
      }),
    )
  })

  test('reports a balance below its floor, but not without a floor', async () => {
    await fc.assert(
      fc.asyncProperty(books, fc.constantFrom(1, 3, 5), async (kept, at) => {
        const accounts = kept.accounts.map((account, i) =>
          i === at ? { ...account, floor: String(Number(account.balance) + 1) } : account,
        )
        expect(await findings({ ...kept, accounts })).toEqual([['below floor', 1, `account a${at}`]])
      }),
    )
  })

  test('reports entries of an unknown account as drifted', async () => {
    const entries = [
      { transfer: 1, account: 'a', amount: 5 },
      { transfer: 1, account: 'gone', amount: -5 },
    ]
    const drifted = await findDrifted(await accountsOf([{ account: 'a', balance: 5 }]), await entriesOf(entries))
    expect(drifted?.violations).toEqual([
      { subject: 'account gone', responses: [], holds: 'no such account, its entries (1) sum to -5' },
    ])
  })

  test('shows the outcomes of an unbalanced transfer', async () => {
    const history = new History()
    const id = history.begin({ key: 'a-17', vu: 3, step: 0, intendedStartUs: 0, startUs: 12_400_000 })
    history.end(id, { endUs: 12_500_000, outcome: 'ok', status: 201 })
    const entries = await entriesOf([
      { transfer: 4711, account: 'user:3', amount: -5, key: 'a-17' },
      { transfer: 4711, account: 'streamer:9', amount: '6', key: 'a-17' },
    ])
    expect((await findUnbalanced(entries, history))?.violations).toEqual([
      {
        subject: 'transfer 4711, key "a-17"',
        responses: ['VU 3 at 12.4 s: ok (201)'],
        holds: 'entries that sum to 1: user:3 -5, streamer:9 +6',
      },
    ])
  })

  test('names the first ten violations, in order', async () => {
    const twelve = Array.from({ length: 12 }, (_, at) => at + 1)
    const unbalanced = (await findUnbalanced(
      await entriesOf(twelve.map((transfer) => ({ transfer, account: 'a', amount: transfer - 3 }))),
    ))!
    // The third transfer sums to zero.
    expect([unbalanced.count, unbalanced.violations.length]).toEqual([11, 10])
    expect(unbalanced.violations[0]).toEqual({
      subject: 'transfer 1',
      responses: [],
      holds: 'entries that sum to -2: a -2',
    })
    expect(unbalanced.violations.at(-1)!.subject).toBe('transfer 11')
    const poor = await accountsOf(twelve.map((account) => ({ account, balance: account, floor: account + 1 })))
    const [low, drifted] = [(await findBelowFloor(poor))!, (await findDrifted(poor, []))!]
    expect([low.count, low.violations.length, drifted.count, drifted.violations.length]).toEqual([12, 10, 12, 10])
    expect(drifted.violations[0]).toEqual({
      subject: 'account 1',
      responses: [],
      holds: 'a balance of 1, its entries (0) sum to 0',
    })
  })

  test('shows an amount of zero without a sign', async () => {
    const entries = await entriesOf([
      { transfer: 1, account: 'a', amount: 0 },
      { transfer: 1, account: 'b', amount: 1 },
    ])
    expect((await findUnbalanced(entries))!.violations[0]!.holds).toBe('entries that sum to 1: a 0, b +1')
  })

  test('rejects an entry without a transfer or account', async () => {
    const half = { transfer: 't1', account: 'a', amount: 5 }
    const fix = (noun: string) =>
      `rows without a ${noun} cannot be distinguished: store the ${noun} with the row, or exclude such rows in the query`
    for (const [noun, other] of [
      ['transfer', { ...half, transfer: null }],
      ['account', { ...half, account: null }],
    ] as const) {
      await expect(entriesOf([half, other])).rejects.toThrow(
        expect.objectContaining({
          finding: `1 of 2 rows have no ${noun} in "${noun}", the first of them ${showRow(other)}`,
          fix: fix(noun),
        }),
      )
    }
    await expect(accountsOf([{ account: null, balance: 5 }])).rejects.toThrow(
      '1 of 1 rows have no account in "account"',
    )
    await expect(accountsOf([{ account: new Date(0), balance: 5 }])).rejects.toThrow(
      'a account that is 1970-01-01T00:00:00.000Z',
    )
  })

  test.for<[entries: KeyType, accounts: KeyType, written: string, held: string]>([
    ['padded', 'text', 'a    ', 'a'],
    ['text', 'padded', 'a', 'a    '],
    ['uncased', 'uncased', 'A', 'a'],
    ['number', 'number', '1.0', '1'],
    ['text', 'number', '1.0', '1'],
    ['text', 'uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ])('accounts are compared as keys are: %s with %s', async ([entryKeys, accountKeys, written, stored]) => {
    const entries = {
      rows: [{ transfer: 't', account: written, amount: 5 }],
      columns: [{ name: 'account', keys: entryKeys }],
    }
    const accounts = { rows: [{ account: stored, balance: 5 }], columns: [{ name: 'account', keys: accountKeys }] }
    const types = await accountTypes({ entries, accounts })
    const [held, read] = [await readAccounts(accounts, types), await readEntries(entries, types)]
    expect(await findDrifted(held, read)).toBeUndefined()
  })

  test('lets the event loop run while many entries and accounts are read and added up', async () => {
    const slow = <T extends object>(row: T, name: keyof T) =>
      Object.defineProperty({ ...row }, name, {
        get() {
          const startMs = now()
          while (now() - startMs < 0.04);
          return row[name]
        },
      })
    const entry = { transfer: 't', account: 'a', amount: 0n, key: undefined }
    const account = { account: 'a', balance: 0n, floor: 0n }
    const many = <T>(item: T) => Array.from({ length: 1_000 }, () => item)
    const distinct = many(account).map((row, at) => slow({ ...row, account: `a${at}` }, 'balance'))
    for (const work of [
      () => entriesOf(many(slow(entry, 'amount'))),
      () => accountsOf(distinct),
      () => findUnbalanced(many(slow(entry, 'amount'))),
      () => findBelowFloor(many(slow(account, 'balance'))),
      () => findDrifted(many(slow(account, 'balance')), []),
      () => findDrifted([account], many(slow(entry, 'amount'))),
    ]) {
      let isTimerFired = false
      setTimeout(() => (isTimerFired = true), 0)
      await work()
      expect(isTimerFired).toBe(true)
    }
  })

  test('rejects an account that is listed twice', async () => {
    const twice = [
      { account: 'a', balance: 5, floor: 6 },
      { account: 'a', balance: 0 },
    ]
    await expect(accountsOf(twice)).rejects.toThrow(
      expect.objectContaining({
        finding: '"accounts" lists account a more than once, so its balance is ambiguous',
        fix: 'select one row for each account: SELECT account, sum(balance) AS balance … GROUP BY account',
      }),
    )
  })

  test('names missing columns, with a fix', async () => {
    await expect(entriesOf([{ id: 1, amount: 1 }])).rejects.toThrow(
      expect.objectContaining({
        finding: 'the rows of "entries" have no column "transfer", "account"; they have id, amount',
        fix: 'name the columns in the query: SELECT … AS transfer, … AS account',
      }),
    )
    await expect(accountsOf([{ account: 1 }])).rejects.toThrow('the rows of "accounts" have no column "balance"')
    expect(await entriesOf([])).toEqual([])
  })

  test('names the transfer or account of an invalid amount', async () => {
    await expect(entriesOf([{ transfer: 7, account: 'a', amount: null }])).rejects.toThrow(
      'amount of an entry of transfer 7',
    )
    await expect(accountsOf([{ account: 'a', balance: null }])).rejects.toThrow('balance of account a')
    await expect(accountsOf([{ account: 'a', balance: 1, floor: 'low' }])).rejects.toThrow('floor of account a')
  })
})

describe('amounts', () => {
  test('are read and shown exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 130n), max: 10n ** 130n }), (amount) => {
        expect(readAmount(showAmount(amount), 'total')).toBe(amount)
      }),
    )
    expect(readAmount('-0.50', 'total')).toBe(-UNIT / 2n)
    expect(readAmount(7n, 'total')).toBe(7n * UNIT)
    expect(readAmount(-7, 'total')).toBe(-7n * UNIT)
    expect(showAmount(-UNIT / 2n)).toBe('-0.5')
    const precise = '12345678901234567890.12345678901234567891'
    expect(showAmount(readAmount(precise, 'total') + readAmount('0.00000000000000000009', 'total'))).toBe(
      '12345678901234567890.123456789012345679',
    )
  })

  test.for([
    [null],
    [undefined],
    ['NaN'],
    ['Infinity'],
    [0.1],
    [2 ** 53],
    ['1e3'],
    [`0.${'0'.repeat(100)}1`],
    [''],
    [true],
  ])('%o is no exact amount', ([value]) => {
    expect(() => readAmount(value, 'total')).toThrow(
      /^the total is .*, (which is not|a floating-point number, which is not) .*\nFix: /,
    )
  })

  test.for([['$1,234.50'], ['-$0.10'], ['1.234,50 €'], ['CHF 12.50'], ['£7.00'], ["1'000.00"]])(
    '%s, as of a column of type money: how to cast it',
    ([value]) => {
      expect(() => readAmount(value, 'total')).toThrow(/text formatted for people, as the type money [^]*::numeric/)
    },
  )
})

import type { Finding, FindingKind, Violation } from '../evidence/ledger-evidence.ts'
import { readAmount, showAmount, type Amount } from './amount.ts'
import { columnNamed } from './columns.ts'
import { NAMED_VIOLATIONS } from './invariants.ts'
import { canonicalKey, type KeyType } from './keys.ts'
import { LedgerError } from './ledger-error.ts'
import { keyText, keyTypeIn, readNames, type Row, type Table } from './rows.ts'
import { outcomesOf, type RecordedOperations } from './violations.ts'

/** One side of a transfer. */
export interface Entry {
  readonly transfer: string
  readonly account: string
  readonly amount: Amount
  /** Key of the operation that requested the transfer, for messages. */
  readonly key: string | undefined
}

/** An account as the ledger stores it. */
export interface Account {
  readonly account: string
  readonly balance: Amount
  /** Minimum balance; `undefined` if there is none. */
  readonly floor: Amount | undefined
}

/**
 * Types by which accounts are compared: that of the entries' column and that of the accounts' column, because `char(n)`
 * and `text` can name the same accounts.
 */
export function accountTypes(tables: {
  readonly entries?: Table | undefined
  readonly accounts?: Table | undefined
}): readonly KeyType[] {
  return [tables.entries, tables.accounts].flatMap((table) => (table === undefined ? [] : keyTypeIn(table, 'account')))
}

/** @throws {LedgerError} if a row lacks a column, names no transfer or account, or an amount is not exact */
export function readEntries(table: Table, types = accountTypes({ entries: table })): readonly Entry[] {
  const { rows, columns } = table
  requireColumns(rows, 'entries', ['transfer', 'account', 'amount'])
  const transfers = readTransfers(table)
  const accounts = readAccountNames(table, types)
  const amounts = columnNamed(columns, 'amount')
  columnNamed(columns, 'key')
  return rows.map(({ transfer, amount, key }, at) => ({
    transfer: transfers[at]!,
    account: accounts[at]!,
    amount: readAmount(amount, `amount of an entry of transfer ${String(transfer)}`, amounts),
    key: keyText(key),
  }))
}

function readTransfers(table: Table): readonly string[] {
  const type = keyTypeIn(table, 'transfer')
  return readNames(table, 'transfer', 'transfer').map((transfer) => canonicalKey(transfer, type))
}

function readAccountNames(table: Table, types: readonly KeyType[]): readonly string[] {
  return readNames(table, 'account', 'account').map((account) => types.reduce(canonicalKey, account))
}

/**
 * @throws {LedgerError} if a row lacks a column or names no account, a balance is not exact, or an account is listed twice: it
 * is ambiguous which balance is to be above its floor, and to be the sum of its entries
 */
export function readAccounts(table: Table, types = accountTypes({ accounts: table })): readonly Account[] {
  const { rows, columns } = table
  requireColumns(rows, 'accounts', ['account', 'balance'])
  const accounts = readAccountNames(table, types)
  rejectDuplicates(accounts)
  const [balances, floors] = [columnNamed(columns, 'balance'), columnNamed(columns, 'floor')]
  return rows.map(({ balance, floor }, at) => {
    const account = accounts[at]!
    return {
      account,
      balance: readAmount(balance, `balance of account ${account}`, balances),
      floor:
        floor === undefined || floor === null ? undefined : readAmount(floor, `floor of account ${account}`, floors),
    }
  })
}

/** Transfers whose entries do not sum to zero. */
export async function findUnbalanced(
  entries: readonly Entry[],
  history?: RecordedOperations,
  signal?: AbortSignal,
): Promise<Finding | undefined> {
  const sums = new Map<string, Amount>()
  for (const { transfer, amount } of entries) sums.set(transfer, (sums.get(transfer) ?? 0n) + amount)
  const wrong = [...sums].filter(([, sum]) => sum !== 0n)
  const named = new Map(wrong.slice(0, NAMED_VIOLATIONS).map(([transfer]) => [transfer, [] as Entry[]]))
  for (const entry of entries) named.get(entry.transfer)?.push(entry)
  const keys = new Set([...named.values()].flatMap((own) => own[0]?.key ?? []))
  const responses = history === undefined ? undefined : await outcomesOf(keys, history, signal)
  return finding(
    'unbalanced',
    wrong.length,
    [...named].map(([transfer, own]) => {
      const key = own[0]!.key
      return {
        subject: `transfer ${transfer}${key === undefined ? '' : `, key ${JSON.stringify(key)}`}`,
        responses: (key === undefined ? undefined : responses?.get(key)) ?? [],
        holds: `entries that sum to ${showAmount(sums.get(transfer)!)}: ${own.map(showEntry).join(', ')}`,
      }
    }),
  )
}

/** Accounts with a balance below their floor. */
export function findBelowFloor(accounts: readonly Account[]): Finding | undefined {
  const wrong = accounts.filter(({ balance, floor }) => floor !== undefined && balance < floor)
  return finding(
    'below floor',
    wrong.length,
    wrong.slice(0, NAMED_VIOLATIONS).map(({ account, balance, floor }) => ({
      subject: `account ${account}`,
      responses: [],
      holds: `a balance of ${showAmount(balance)}, its floor is ${showAmount(floor!)}`,
    })),
  )
}

/** Accounts whose balance is not the sum of their entries; requires all entries, not only those of one run. */
export function findDrifted(accounts: readonly Account[], entries: readonly Entry[]): Finding | undefined {
  const sums = new Map<string, { sum: Amount; count: number }>()
  for (const { account, amount } of entries) {
    const state = sums.get(account)
    if (state === undefined) sums.set(account, { sum: amount, count: 1 })
    else {
      state.sum += amount
      state.count++
    }
  }
  const wrong: Violation[] = []
  const report = (account: string, balance: string, sum: Amount, count: number) =>
    wrong.push({
      subject: `account ${account}`,
      responses: [],
      holds: `${balance}, its entries (${count}) sum to ${showAmount(sum)}`,
    })
  for (const { account, balance } of accounts) {
    const { sum, count } = sums.get(account) ?? { sum: 0n, count: 0 }
    sums.delete(account)
    if (balance !== sum) report(account, `a balance of ${showAmount(balance)}`, sum, count)
  }
  for (const [account, { sum, count }] of sums) report(account, 'no such account', sum, count)
  return finding('drifted', wrong.length, wrong.slice(0, NAMED_VIOLATIONS))
}

function rejectDuplicates(accounts: readonly string[]): void {
  const seen = new Set<string>()
  for (const account of accounts) {
    if (seen.has(account)) {
      throw new LedgerError(
        `"accounts" lists account ${account} more than once, so its balance is ambiguous`,
        'select one row for each account: SELECT account, sum(balance) AS balance … GROUP BY account',
      )
    }
    seen.add(account)
  }
}

function finding(kind: FindingKind, count: number, violations: readonly Violation[]): Finding | undefined {
  return count === 0 ? undefined : { kind, count, violations }
}

function showEntry({ account, amount }: Entry): string {
  return `${account} ${amount > 0n ? '+' : ''}${showAmount(amount)}`
}

function requireColumns(rows: readonly Row[], query: string, columns: readonly string[]): void {
  const [first] = rows
  const missing = columns.filter((column) => first !== undefined && !(column in first))
  if (missing.length === 0) return
  throw new LedgerError(
    `the rows of "${query}" have no column ${missing.map((column) => `"${column}"`).join(', ')}; they have ${Object.keys(first!).join(', ')}`,
    `name the columns in the query: SELECT … AS ${missing.join(', … AS ')}`,
  )
}

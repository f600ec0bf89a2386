import type { Finding, FindingKind, Violation } from '../evidence/ledger-evidence.ts'
import { inSlices, mapInSlices } from '../machine/slices.ts'
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
export async function accountTypes(
  tables: { readonly entries?: Table | undefined; readonly accounts?: Table | undefined },
  signal?: AbortSignal,
): Promise<readonly KeyType[]> {
  const types: KeyType[] = []
  for (const table of [tables.entries, tables.accounts])
    if (table !== undefined) types.push(await keyTypeIn(table, 'account', signal))
  return types
}

/** @throws {LedgerError} if a row lacks a column, names no transfer or account, or an amount is not exact */
export async function readEntries(
  table: Table,
  types?: readonly KeyType[],
  signal?: AbortSignal,
): Promise<readonly Entry[]> {
  const { rows, columns } = table
  requireColumns(rows, 'entries', ['transfer', 'account', 'amount'])
  const transfers = await readTransfers(table, signal)
  const accounts = await readAccountNames(table, types ?? (await accountTypes({ entries: table }, signal)), signal)
  const amounts = columnNamed(columns, 'amount')
  columnNamed(columns, 'key')
  return mapInSlices(rows, signal, ({ transfer, amount, key }, at) => ({
    transfer: transfers[at]!,
    account: accounts[at]!,
    amount: readAmount(amount, `amount of an entry of transfer ${String(transfer)}`, amounts),
    key: keyText(key),
  }))
}

async function readTransfers(table: Table, signal: AbortSignal | undefined): Promise<readonly string[]> {
  const type = await keyTypeIn(table, 'transfer', signal)
  const names = await readNames(table, 'transfer', 'transfer', signal)
  return mapInSlices(names, signal, (transfer) => canonicalKey(transfer, type))
}

async function readAccountNames(
  table: Table,
  types: readonly KeyType[],
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const names = await readNames(table, 'account', 'account', signal)
  return mapInSlices(names, signal, (account) => types.reduce(canonicalKey, account))
}

/**
 * @throws {LedgerError} if a row lacks a column or names no account, a balance is not exact, or an account is listed twice: it
 * is ambiguous which balance is to be above its floor, and to be the sum of its entries
 */
export async function readAccounts(
  table: Table,
  types?: readonly KeyType[],
  signal?: AbortSignal,
): Promise<readonly Account[]> {
  const { rows, columns } = table
  requireColumns(rows, 'accounts', ['account', 'balance'])
  const accounts = await readAccountNames(table, types ?? (await accountTypes({ accounts: table }, signal)), signal)
  await rejectDuplicates(accounts, signal)
  const [balances, floors] = [columnNamed(columns, 'balance'), columnNamed(columns, 'floor')]
  return mapInSlices(rows, signal, ({ balance, floor }, at) => {
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
  await inSlices(entries, signal, ({ transfer, amount }) => sums.set(transfer, (sums.get(transfer) ?? 0n) + amount))
  let wrong = 0
  const named = new Map<string, Entry[]>()
  await inSlices(sums, signal, ([transfer, sum]) => {
    if (sum !== 0n && wrong++ < NAMED_VIOLATIONS) named.set(transfer, [])
  })
  if (wrong === 0) return undefined
  await inSlices(entries, signal, (entry) => named.get(entry.transfer)?.push(entry))
  const keys = new Set([...named.values()].flatMap((own) => own[0]?.key ?? []))
  const responses = history === undefined ? undefined : await outcomesOf(keys, history, signal)
  return finding(
    'unbalanced',
    wrong,
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
export async function findBelowFloor(accounts: readonly Account[], signal?: AbortSignal): Promise<Finding | undefined> {
  const wrong = new NamedViolations()
  await inSlices(accounts, signal, ({ account, balance, floor }) => {
    if (floor === undefined || balance >= floor) return
    wrong.add(account, () => `a balance of ${showAmount(balance)}, its floor is ${showAmount(floor)}`)
  })
  return finding('below floor', wrong.count, wrong.named)
}

/** Accounts whose balance is not the sum of their entries; requires all entries, not only those of one run. */
export async function findDrifted(
  accounts: readonly Account[],
  entries: readonly Entry[],
  signal?: AbortSignal,
): Promise<Finding | undefined> {
  const sums = new Map<string, { sum: Amount; count: number }>()
  await inSlices(entries, signal, ({ account, amount }) => {
    const state = sums.get(account)
    if (state === undefined) sums.set(account, { sum: amount, count: 1 })
    else {
      state.sum += amount
      state.count++
    }
  })
  const wrong = new NamedViolations()
  const report = (account: string, balance: () => string, sum: Amount, count: number) =>
    wrong.add(account, () => `${balance()}, its entries (${count}) sum to ${showAmount(sum)}`)
  await inSlices(accounts, signal, ({ account, balance }) => {
    const { sum, count } = sums.get(account) ?? { sum: 0n, count: 0 }
    sums.delete(account)
    if (balance !== sum) report(account, () => `a balance of ${showAmount(balance)}`, sum, count)
  })
  await inSlices(sums, signal, ([account, { sum, count }]) => report(account, () => 'no such account', sum, count))
  return finding('drifted', wrong.count, wrong.named)
}

/** The number of accounts in violation, and the first of them with what the ledger holds. */
class NamedViolations {
  readonly named: Violation[] = []
  count = 0

  add(account: string, holds: () => string): void {
    if (this.count++ < NAMED_VIOLATIONS)
      this.named.push({ subject: `account ${account}`, responses: [], holds: holds() })
  }
}

async function rejectDuplicates(accounts: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  const seen = new Set<string>()
  await inSlices(accounts, signal, (account) => {
    if (seen.has(account)) {
      throw new LedgerError(
        `"accounts" lists account ${account} more than once, so its balance is ambiguous`,
        'select one row for each account: SELECT account, sum(balance) AS balance … GROUP BY account',
      )
    }
    seen.add(account)
  })
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

import type { Finding, FindingKind, Offender } from '../run/ledger-evidence.ts'
import { readAmount, showAmount } from './amount.ts'
import type { Amount } from './amount.ts'
import { NAMED_OFFENDERS } from './invariants.ts'
import { toldOf } from './offenders.ts'
import type { RecordedOperations } from './offenders.ts'
import { LedgerProblem } from './problem.ts'
import { keyText } from './rows.ts'
import type { Row } from './rows.ts'

/** One side of a transfer. */
export interface Entry {
  readonly transfer: string
  readonly account: string
  readonly amount: Amount
  /** What the transfer was asked for by; for naming. */
  readonly key: string | undefined
}

/** An account as the ledger says it stands. */
export interface Account {
  readonly account: string
  readonly balance: Amount
  /** The least it may hold; `undefined` where nothing forbids it to go lower. */
  readonly floor: Amount | undefined
}

/** @throws {LedgerProblem} where a row lacks a column, or an amount is not exact */
export function readEntries(rows: readonly Row[]): readonly Entry[] {
  requireColumns(rows, 'entries', ['transfer', 'account', 'amount'])
  return rows.map(({ transfer, account, amount, key }) => ({
    transfer: String(transfer),
    account: String(account),
    amount: readAmount(amount, `amount of an entry of transfer ${String(transfer)}`),
    key: keyText(key),
  }))
}

/** @throws {LedgerProblem} where a row lacks a column, or a balance is not exact */
export function readAccounts(rows: readonly Row[]): readonly Account[] {
  requireColumns(rows, 'accounts', ['account', 'balance'])
  return rows.map(({ account, balance, floor }) => ({
    account: String(account),
    balance: readAmount(balance, `balance of account ${String(account)}`),
    floor: floor === undefined || floor === null ? undefined : readAmount(floor, `floor of account ${String(account)}`),
  }))
}

/** Transfers whose entries do not sum to zero. */
export function findUnbalanced(entries: readonly Entry[], history?: RecordedOperations): Finding | undefined {
  const sums = new Map<string, Amount>()
  for (const { transfer, amount } of entries) sums.set(transfer, (sums.get(transfer) ?? 0n) + amount)
  const wrong = [...sums].filter(([, sum]) => sum !== 0n)
  const named = new Map(wrong.slice(0, NAMED_OFFENDERS).map(([transfer]) => [transfer, [] as Entry[]]))
  for (const entry of entries) named.get(entry.transfer)?.push(entry)
  const keys = new Set([...named.values()].flatMap((own) => own[0]?.key ?? []))
  const told = history === undefined ? undefined : toldOf(keys, history)
  return finding(
    'unbalanced',
    wrong.length,
    [...named].map(([transfer, own]) => {
      const key = own[0]!.key
      return {
        subject: `transfer ${transfer}${key === undefined ? '' : `, key ${JSON.stringify(key)}`}`,
        told: (key === undefined ? undefined : told?.get(key)) ?? [],
        holds: `entries that sum to ${showAmount(sums.get(transfer)!)}: ${own.map(showEntry).join(', ')}`,
      }
    }),
  )
}

/** Accounts that hold less than they may. */
export function findBelowFloor(accounts: readonly Account[]): Finding | undefined {
  const wrong = accounts.filter(({ balance, floor }) => floor !== undefined && balance < floor)
  return finding(
    'below floor',
    wrong.length,
    wrong.slice(0, NAMED_OFFENDERS).map(({ account, balance, floor }) => ({
      subject: `account ${account}`,
      told: [],
      holds: `a balance of ${showAmount(balance)}, its floor is ${showAmount(floor!)}`,
    })),
  )
}

/** Accounts whose balance is not the sum of their entries; all entries are needed, not those of one run. */
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
  const wrong: Offender[] = []
  const blame = (account: string, balance: string, sum: Amount, count: number) =>
    wrong.push({
      subject: `account ${account}`,
      told: [],
      holds: `${balance}, its entries (${count}) sum to ${showAmount(sum)}`,
    })
  for (const { account, balance } of accounts) {
    const { sum, count } = sums.get(account) ?? { sum: 0n, count: 0 }
    sums.delete(account)
    if (balance !== sum) blame(account, `a balance of ${showAmount(balance)}`, sum, count)
  }
  for (const [account, { sum, count }] of sums) blame(account, 'no such account', sum, count)
  return finding('drifted', wrong.length, wrong.slice(0, NAMED_OFFENDERS))
}

function finding(kind: FindingKind, count: number, offenders: readonly Offender[]): Finding | undefined {
  return count === 0 ? undefined : { kind, count, offenders }
}

function showEntry({ account, amount }: Entry): string {
  return `${account} ${amount > 0n ? '+' : ''}${showAmount(amount)}`
}

function requireColumns(rows: readonly Row[], query: string, columns: readonly string[]): void {
  const [first] = rows
  const missing = columns.filter((column) => first !== undefined && !(column in first))
  if (missing.length === 0) return
  throw new LedgerProblem(
    `the rows of "${query}" have no column ${missing.map((column) => `"${column}"`).join(', ')}; they have ${Object.keys(first!).join(', ')}`,
    `name the columns in the query: SELECT … AS ${missing.join(', … AS ')}`,
  )
}

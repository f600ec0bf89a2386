import { checkKnownKeys } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'
import { History } from '../run/history.ts'
import type { ConservationCheck, HistoryCheck, LedgerTotal } from '../run/ledger-evidence.ts'

/** Where the rows are that a history speaks about. */
export interface LedgerRows {
  /**
   * A query for the rows of this run, one for each application of a key. `$1` is the run's id:
   * `SELECT idempotency_key FROM transfers WHERE run_id = $1`. A column `run_id` among them is checked as well.
   */
  readonly rows: string
  /** The column that holds the key the history recorded, as text or number. */
  readonly key: string
  /** The table holds nothing but this run's rows, so that the query need not use `$1`. Default: `false`. */
  readonly unscoped?: boolean
}

/** An exact amount: a whole number, a `bigint`, or decimal digits as text. */
export type ExactAmount = number | bigint | `${number}`

/** What must be conserved: a total, the entries of transfers, the balances of accounts; at least one of them. */
export interface Conserved {
  /** A query for one exact number: `SELECT sum(balance) FROM accounts`. */
  readonly total?: string
  /** The total before the load, by `await ledger.value(sql)`. Left out: 0, for a total over what this run alone wrote. */
  readonly before?: LedgerTotal
  /**
   * By how much the total must have changed. As a range where operations are unknown, both ends included; `inflowOf()`
   * works it out of a history. Default: 0.
   */
  readonly expectedDelta?: ExactAmount | { readonly atLeast: ExactAmount; readonly atMost: ExactAmount }
  /** A query for columns `transfer`, `account`, `amount`, and `key` where it is known: each transfer must sum to zero. */
  readonly entries?: string
  /**
   * A query for columns `account`, `balance`, and `floor` where there is one: no balance may lie below its floor. With
   * `entries`, which must then be all there are, each balance must be the sum of its entries.
   */
  readonly accounts?: string
  /** Names what users were told of unbalanced transfers, by `key`; and gives `$1` its value. */
  readonly history?: History
}

export function readHistory(problems: Problems, history: unknown): History {
  if (history instanceof History) return history
  const rule = 'must be the history of a run that recorded one'
  problems.add('history', history, rule, 'await http.run({ record: true, … }), then run.history')
  return new History()
}

const ROWS_EXAMPLE = "{ rows: 'SELECT idempotency_key FROM transfers WHERE run_id = $1', key: 'idempotency_key' }"

export function readRows(problems: Problems, options: unknown): Pick<HistoryCheck, 'rows' | 'key' | 'unscoped'> {
  const {
    rows,
    key,
    unscoped = false,
  } = readObject<LedgerRows>(problems, options, ['rows', 'key', 'unscoped'], ROWS_EXAMPLE)
  if (typeof unscoped !== 'boolean') problems.add('unscoped', unscoped, 'must be true or false', 'unscoped: true')
  return {
    rows: readText(problems, 'rows', rows, "rows: 'SELECT idempotency_key FROM transfers WHERE run_id = $1'"),
    key: readText(problems, 'key', key, "key: 'idempotency_key'"),
    unscoped,
  }
}

const CONSERVED: readonly (keyof Conserved)[] = ['total', 'before', 'expectedDelta', 'entries', 'accounts', 'history']
const CONSERVED_EXAMPLE = "{ total: 'SELECT sum(balance) FROM accounts', before }"

export function readConserved(problems: Problems, options: unknown): ConservationCheck {
  const given = readObject<Conserved>(problems, options, CONSERVED, CONSERVED_EXAMPLE)
  const sql = (name: 'total' | 'entries' | 'accounts') =>
    given[name] === undefined ? undefined : readText(problems, name, given[name], `${name}: 'SELECT …'`)
  const { before, expectedDelta, history } = given
  if (before !== undefined && (typeof before !== 'object' || before === null || !('amount' in before))) {
    problems.add('before', before, 'must be what ledger.value() gave', `before: await ledger.value('SELECT …')`)
  }
  if (given.total === undefined && given.entries === undefined && given.accounts === undefined) {
    problems.add('total', undefined, 'at least one of total, entries and accounts is needed', CONSERVED_EXAMPLE)
  }
  return {
    total: sql('total'),
    entries: sql('entries'),
    accounts: sql('accounts'),
    before,
    expectedDelta: readDelta(problems, expectedDelta ?? 0),
    history: history === undefined ? undefined : readHistory(problems, history),
  }
}

function readDelta(problems: Problems, delta: unknown): ConservationCheck['expectedDelta'] {
  const read = (path: string, value: unknown): string => {
    const isExact =
      typeof value === 'bigint' ||
      (typeof value === 'number'
        ? Number.isSafeInteger(value)
        : typeof value === 'string' && /^-?\d+(\.\d{1,18})?$/.test(value))
    if (isExact) return String(value)
    problems.add(path, value, 'must be exact: a whole number, a bigint, or decimal digits as text', `${path}: '-12.50'`)
    return '0'
  }
  if (typeof delta !== 'object' || delta === null) {
    const amount = read('expectedDelta', delta)
    return { atLeast: amount, atMost: amount }
  }
  const { atLeast, atMost } = readObject<{ atLeast: unknown; atMost: unknown }>(
    problems,
    delta,
    ['atLeast', 'atMost'],
    '{ atLeast: 100, atMost: 120 }',
  )
  return { atLeast: read('expectedDelta.atLeast', atLeast), atMost: read('expectedDelta.atMost', atMost) }
}

/** An object with known keys only, or an empty one where it is none. */
function readObject<T extends object>(
  problems: Problems,
  value: unknown,
  known: readonly (keyof T & string)[],
  example: string,
): { readonly [K in keyof T]?: T[K] } {
  if (typeof value !== 'object' || value === null) {
    problems.add('options', value, 'must be an object', example)
    return {}
  }
  checkKnownKeys(problems, '', value, known)
  return value
}

export function readText(problems: Problems, path: string, value: unknown, example: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  problems.add(path, value, 'must be a text that is not empty', example)
  return ''
}

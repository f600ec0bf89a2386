import type { ConservationCheck, HistoryCheck, LedgerTotal, RowSource } from '../evidence/ledger-evidence.ts'
import { History } from '../history/history.ts'
import { checkKnownKeys } from '../options/checks.ts'
import type { Problems } from '../options/problems.ts'

/** Where the rows are that a history speaks about. */
export interface LedgerRows {
  /**
   * The rows of this run, one for each application of a key. As a query `$1` is the run's id:
   * `SELECT idempotency_key FROM transfers WHERE run_id = $1`; it may end in comments and a semicolon. As a function it
   * returns the rows, from another database or an API. A column `run_id` among them is checked as well.
   */
  readonly rows: RowSource
  /**
   * The column that holds the key the history recorded, as text, number or UUID; or the columns of a composite key, in
   * the order in which `record.key` returns its parts. Keys are compared by the column's type: UUIDs without case,
   * numbers by value.
   */
  readonly key: string | readonly string[]
  /** The table holds nothing but this run's rows, so that the query need not use `$1`. Default: `false`. */
  readonly unscoped?: boolean
}

/** An exact amount: a whole number, a `bigint`, or decimal digits as text. */
export type ExactAmount = number | bigint | `${number}`

/** What must be conserved: a total, the entries of transfers, the balances of accounts; at least one of them. */
export interface Conserved {
  /** A query for one exact number, `SELECT sum(balance) FROM accounts`, or a function that returns it as one row. */
  readonly total?: RowSource
  /** The total before the load, by `await ledger.value(sql)`. Left out: 0, for a total over what this run alone wrote. */
  readonly totalBefore?: LedgerTotal
  /**
   * By how much the total must have changed. As a range where operations are unknown, both ends included; `inflowOf()`
   * works it out of a history. Default: 0.
   */
  readonly expectedDelta?: ExactAmount | { readonly atLeast: ExactAmount; readonly atMost: ExactAmount }
  /**
   * Columns `transfer`, `account`, `amount`, and `key` if it is known, by a query or a function: each transfer must sum
   * to zero.
   */
  readonly entries?: RowSource
  /**
   * Columns `account`, `balance`, and `floor` if there is one, by a query or a function: no balance may lie below its
   * floor. With `entries`, which must then be all there are, each balance must be the sum of its entries.
   */
  readonly accounts?: RowSource
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
    rows: readSource(problems, 'rows', rows, "rows: 'SELECT idempotency_key FROM transfers WHERE run_id = $1'"),
    key: readColumns(problems, key),
    unscoped,
  }
}

const CONSERVED: readonly (keyof Conserved)[] = [
  'total',
  'totalBefore',
  'expectedDelta',
  'entries',
  'accounts',
  'history',
]
const CONSERVED_EXAMPLE = "{ total: 'SELECT sum(balance) FROM accounts', totalBefore }"

export function readConserved(problems: Problems, options: unknown): ConservationCheck {
  const given = readObject<Conserved>(problems, options, CONSERVED, CONSERVED_EXAMPLE)
  const source = (name: 'total' | 'entries' | 'accounts') =>
    given[name] === undefined ? undefined : readSource(problems, name, given[name], `${name}: 'SELECT …'`)
  const { totalBefore, expectedDelta, history } = given
  if (
    totalBefore !== undefined &&
    (typeof totalBefore !== 'object' || totalBefore === null || !('amount' in totalBefore))
  ) {
    problems.add(
      'totalBefore',
      totalBefore,
      'must be what ledger.value() gave',
      `totalBefore: await ledger.value('SELECT …')`,
    )
  }
  if (given.total === undefined && given.entries === undefined && given.accounts === undefined) {
    problems.add('total', undefined, 'at least one of total, entries and accounts is needed', CONSERVED_EXAMPLE)
  }
  return {
    total: source('total'),
    entries: source('entries'),
    accounts: source('accounts'),
    before: totalBefore,
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
        : typeof value === 'string' && /^-?\d+(\.\d{1,100})?$/.test(value))
    if (isExact) return String(value)
    problems.add(path, value, 'must be exact: an integer, a bigint, or decimal digits as text', `${path}: '-12.50'`)
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
  const already = problems.found.length
  const range = { atLeast: read('expectedDelta.atLeast', atLeast), atMost: read('expectedDelta.atMost', atMost) }
  const isExact = problems.found.length === already
  if (isExact && unitsOf(range.atLeast) > unitsOf(range.atMost)) {
    const example = `expectedDelta: { atLeast: '${range.atMost}', atMost: '${range.atLeast}' }`
    problems.add('expectedDelta', delta, 'atLeast must not be above atMost: no change would do', example)
  }
  return range
}

/** In units of the hundredth digit after the point, of which there are no more. */
function unitsOf(amount: string): bigint {
  const [whole, fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(100, '0'))
}

/** An object with known keys only, or an empty one if it is not one. */
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

/** A query or a function. */
export function readSource(problems: Problems, path: string, value: unknown, example: string): RowSource {
  if (typeof value === 'function') return value as RowSource
  if (typeof value === 'string' && value.trim() !== '') return value
  problems.add(path, value, 'must be a query, or a function that returns rows', example)
  return ''
}

function readColumns(problems: Problems, key: unknown): readonly string[] {
  const columns = Array.isArray(key) ? (key as readonly unknown[]) : [key]
  const isNamed = columns.every((column) => typeof column === 'string' && column.trim() !== '')
  if (isNamed && columns.length > 0) return columns as readonly string[]
  problems.add('key', key, 'must be the name of a column, or a list of them', "key: 'idempotency_key'")
  return []
}

export function readText(problems: Problems, path: string, value: unknown, example: string): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  problems.add(path, value, 'must be a string that is not empty', example)
  return ''
}

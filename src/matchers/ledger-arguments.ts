import type { ConservationCheck, LedgerTotal, RowSource } from '../evidence/ledger-evidence.ts'
import { History } from '../history/history.ts'
import { choose, isRecord, map, object, optional, type Reader } from '../options/schema.ts'
import { any, argument, flag, matching } from '../options/values.ts'
import { readArguments } from './arguments.ts'

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

const SOURCE = 'must be a query, or a function that returns rows'
const HISTORY = argument<History>(
  (value) => value instanceof History,
  'must be the history of a run that recorded one',
  'await http.run({ record: true, … }), then run.history',
)

/** A query or a function. @param example the call as code */
export function sourceArgument(example: string): Reader<RowSource> {
  return argument<RowSource>(isSource, SOURCE, example)
}

/** The arguments of a matcher that holds a history against rows. */
export const historyArguments = (call: string) => readArguments(call, { history: HISTORY, options: any<LedgerRows>() })

const ROWS_EXAMPLE = "{ rows: 'SELECT idempotency_key FROM transfers WHERE run_id = $1', key: 'idempotency_key' }"

export const ROWS = object<LedgerRows>()(
  {
    rows: matching<RowSource>(isSource, SOURCE, "'SELECT idempotency_key FROM transfers WHERE run_id = $1'"),
    key: map(
      matching<string | readonly string[]>(
        isColumns,
        'must be the name of a column, or a list of them',
        "'idempotency_key'",
      ),
      (key): readonly string[] => [key].flat(),
    ),
    unscoped: optional(flag(true), false),
  },
  { example: ROWS_EXAMPLE },
)

const CONSERVED_EXAMPLE = "{ total: 'SELECT sum(balance) FROM accounts', totalBefore }"
const QUERY = optional(matching<RowSource>(isSource, SOURCE, "'SELECT …'"))
const EXACT = map(
  matching<ExactAmount>(isExact, 'must be exact: an integer, a bigint, or decimal digits as text', "'-12.50'"),
  String,
)
const DELTA_RANGE = object<Exclude<Conserved['expectedDelta'], ExactAmount | undefined>>()(
  { atLeast: EXACT, atMost: EXACT },
  { example: 'expectedDelta: { atLeast: 100, atMost: 120 }' },
).rule(['atLeast', 'atMost'], ({ atLeast, atMost }) =>
  unitsOf(atLeast) > unitsOf(atMost)
    ? {
        rule: 'atLeast must not be above atMost: no change would do',
        example: `expectedDelta: { atLeast: '${atMost}', atMost: '${atLeast}' }`,
      }
    : undefined,
)
const DELTA = choose((value) =>
  isRecord(value) ? DELTA_RANGE : map(EXACT, (amount) => ({ atLeast: amount, atMost: amount })),
)

export const CONSERVED = map(
  object<Conserved>()(
    {
      total: QUERY,
      totalBefore: optional(
        matching<LedgerTotal>(
          (value) => isRecord(value) && 'amount' in value,
          'must be what ledger.value() gave',
          "await ledger.value('SELECT …')",
        ),
      ),
      expectedDelta: optional(DELTA, { atLeast: '0', atMost: '0' }),
      entries: QUERY,
      accounts: QUERY,
      history: optional(HISTORY),
    },
    { example: CONSERVED_EXAMPLE },
  ).rule([], (_, { total, entries, accounts }) =>
    total === undefined && entries === undefined && accounts === undefined
      ? {
          option: 'total',
          rule: 'at least one of total, entries and accounts is needed',
          example: CONSERVED_EXAMPLE,
        }
      : undefined,
  ),
  ({ totalBefore, ...read }): ConservationCheck => ({ ...read, before: totalBefore }),
)

function isSource(value: unknown): boolean {
  return typeof value === 'function' || (typeof value === 'string' && value.trim() !== '')
}

function isColumns(value: unknown): boolean {
  const columns = [value].flat()
  return columns.length > 0 && columns.every((column) => typeof column === 'string' && column.trim() !== '')
}

function isExact(value: unknown): boolean {
  if (typeof value === 'string') return /^-?\d+(\.\d{1,100})?$/.test(value)
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

/** In units of the hundredth digit after the point, of which there are no more. */
function unitsOf(amount: string): bigint {
  const [whole, fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(100, '0'))
}

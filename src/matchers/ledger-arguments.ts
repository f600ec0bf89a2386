import type { ConservationCheck, LedgerTotal, RowSource } from '../evidence/ledger-evidence.ts'
import { History } from '../history/history.ts'
import { choose, isRecord, map, object, optional, type Reader } from '../options/schema.ts'
import { any, argument, flag, matching } from '../options/values.ts'
import { readArguments } from './arguments.ts'

/** Rows that belong to a history. */
export interface LedgerRows {
  /**
   * Rows of this run, one per application of a key. In a query, `$1` is the run's id:
   * `SELECT idempotency_key FROM transfers WHERE run_id = $1`; it may end with comments and a semicolon. A function returns
   * the rows, from another database or an API. A column `run_id` is also checked.
   */
  readonly rows: RowSource
  /**
   * Column with the recorded key, as string, number or UUID; or the columns of a composite key, in the order in which
   * `record.key` returns its parts. Keys are compared by the column's type: UUIDs ignoring case, numbers by value.
   */
  readonly key: string | readonly string[]
  /** Whether the table only contains this run's rows, so the query need not use `$1`. @default `false` */
  readonly isUnscoped?: boolean
}

/** Exact amount: an integer, a `bigint`, or a string of decimal digits. */
export type ExactAmount = number | bigint | `${number}`

/** Conserved quantities: a total, the entries of transfers, the balances of accounts; at least one of them. */
export interface Conserved {
  /** Query for one exact number, `SELECT sum(balance) FROM accounts`, or a function that returns it as one row. */
  readonly total?: RowSource
  /** Total before the load, from `await ledger.value(sql)`. @default 0, for a total over rows of only this run */
  readonly totalBefore?: LedgerTotal
  /**
   * Expected change of the total; a range, both ends included, if outcomes are unknown. `inflowOf()` calculates it from a
   * history.
   *
   * @default 0
   */
  readonly expectedDelta?: ExactAmount | { readonly atLeast: ExactAmount; readonly atMost: ExactAmount }
  /**
   * Query or function for the columns `transfer`, `account`, `amount`, and optionally `key`: each transfer must sum to zero.
   */
  readonly entries?: RowSource
  /**
   * Query or function for the columns `account`, `balance`, and optionally `floor`: no balance may be below its floor. With
   * `entries`, which must then be complete, each balance must be the sum of its entries.
   */
  readonly accounts?: RowSource
  /** History for the outcomes of unbalanced transfers, by `key`, and for the value of `$1`. */
  readonly history?: History
}

const SOURCE = 'must be a query, or a function that returns rows'
const HISTORY = argument<History>(
  (value) => value instanceof History,
  'must be the history of a run that recorded one',
  'await http.run({ record: true, … }), then run.history',
)

/** Reader of a query or a function. @param example call as code */
export function sourceArgument(example: string): Reader<RowSource> {
  return argument<RowSource>(isSource, SOURCE, example)
}

/** Reader of the arguments of a matcher that compares a history with rows. */
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
    isUnscoped: optional(flag(true), false),
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
        rule: 'atLeast must not be above atMost',
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
          'must be a result of ledger.value()',
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

/** Amount in units of the hundredth decimal place, the last one. */
function unitsOf(amount: string): bigint {
  const [whole, fraction = ''] = amount.split('.')
  return BigInt(whole + fraction.padEnd(100, '0'))
}

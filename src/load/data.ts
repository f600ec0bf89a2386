import { checkKnownKeys } from '../options/known-keys.ts'
import { object, optional, readOptions, reading } from '../options/schema.ts'
import { flag, text } from '../options/values.ts'
import { readCsv } from './csv.ts'
import { valueKeys } from './value-keys.ts'

/** Runs a query for {@link sql} on a service of the config. */
export type SqlQuery = (
  query: string,
  values: readonly unknown[],
  service: string | undefined,
) => Promise<readonly Record<string, unknown>[]>

/** What a data source may use to fetch its rows. */
export interface DataContext {
  /** Runs a query on the target's Postgres; `undefined` if none is configured. */
  readonly sql: SqlQuery | undefined
}

/** Source of rows for VUs, fetched once before the load begins. */
export interface DataSource<D> {
  /** Distinguishes a source from rows. */
  readonly isDataSource: true
  /** Whether each VU needs its own row, so that fewer rows than VUs and equal rows are an error. If not, rows repeat. */
  readonly unique: boolean
  /** Fetches the rows. */
  rows(context: DataContext): Promise<readonly D[]>
}

/** Options of a data source. */
export interface DataOptions {
  /** Whether each VU needs its own row, so that fewer rows than VUs and equal rows are an error. If not, rows repeat. @default false */
  readonly unique?: boolean
}

/**
 * Rows of a CSV file (RFC 4180, with a header line): objects of strings by column name. The encoding is UTF-8, or UTF-16
 * with a byte order mark.
 *
 * @param path path relative to the working directory, or a URL
 * @throws {Error} from `http.run()`, with file and line, if a row has more or fewer fields than the header, if two rows are
 *   equal under `unique`, or if the encoding is another one
 *
 * @example
 * const data = csv('users.csv', { unique: true })
 */
export function csv(path: string | URL, options: DataOptions = {}): DataSource<Record<string, string>> {
  const { unique } = readOptions('csv()', CSV, options)
  return { isDataSource: true, unique, rows: () => readCsv(path, unique) }
}

/** Options of {@link sql}. */
export interface SqlOptions extends DataOptions {
  /** Name of the Postgres service in the config. @default the only one */
  readonly service?: string
}

/**
 * Rows of a query to the target's Postgres, with `$1`, `$2`, … as placeholders of `values`. It runs in a read-only
 * transaction.
 *
 * @throws {Error} from `http.run()`, if no Postgres is configured, or if there are several and `service` is missing
 *
 * @example
 * const data = sql<{ id: string }>('SELECT id FROM users WHERE plan = $1', ['pro'])
 */
export function sql<Row extends Record<string, unknown> = Record<string, unknown>>(
  query: string,
  values: readonly unknown[] = [],
  options: SqlOptions = {},
): DataSource<Row> {
  const { unique, service } = readOptions('sql()', SQL, options)
  return {
    isDataSource: true,
    unique,
    async rows(context) {
      if (context.sql === undefined)
        throw new Error(
          'data: sql() needs a Postgres service, but none is configured\nFix: add a Postgres service to the config',
        )
      return (await context.sql(query, values, service)) as readonly Row[]
    },
  }
}

const UNIQUE = optional(flag(true), false)
const CSV = object<DataOptions>()({ unique: UNIQUE }, { example: "csv('users.csv', { unique: true })" })
const SQL = object<SqlOptions>()(
  { unique: UNIQUE, service: optional(text("'orders'", 'must be the name of a service of the config')) },
  { example: "sql('SELECT id FROM users', [], { unique: true })" },
)

/**
 * Rows of which each VU needs its own: fewer rows than VUs are an error, and so is the same row twice.
 *
 * @example
 * const data = unique([{ token: 'a' }, { token: 'b' }])
 */
export function unique<D>(rows: Iterable<D> | AsyncIterable<D>): DataSource<D> {
  return { isDataSource: true, unique: true, rows: () => collect(rows, Number.POSITIVE_INFINITY) }
}

/** Rows of data, or their source. */
export type DataOption<D> = Iterable<D> | AsyncIterable<D> | DataSource<D>

/** Reader of the option `data`, which returns it unchanged. */
export const dataOption = <D>() =>
  reading((problems, path, value): DataOption<D> => {
    const example = `data: [{ token: 'a' }], or data: csv('users.csv')`
    if (typeof value !== 'object' || value === null || !(isSource(value) || isIterable(value)))
      problems.add(path, value, 'must be an array, an iterable, csv(…) or sql(…)', example)
    else if (Array.isArray(value) && value.length === 0)
      problems.add(path, value, 'must have at least one row', example)
    else if (isSource(value)) checkKnownKeys(problems, path, value, ['isDataSource', 'unique', 'rows'])
    return value as DataOption<D>
  })

/**
 * Rows for the VUs. At most one row for each VU is read from an iterable.
 *
 * @throws {Error} if there are no rows, or too few if each VU needs its own
 */
export async function rowsFor<D>(
  data: DataOption<D> | undefined,
  vus: number,
  context: DataContext,
): Promise<readonly D[]> {
  if (data === undefined) return [undefined as D]
  const rows = isSource<D>(data) ? await data.rows(context) : await collect(data, vus)
  if (rows.length === 0)
    throw new Error('data: there are no rows, but every VU needs one\nFix: provide at least one row')
  if (!isSource<D>(data) || !data.unique) return rows
  refuseEqual(rows)
  if (rows.length < vus)
    throw new Error(`data: ${rows.length} rows for ${vus} VUs, but each VU needs its own\nFix: add rows or lower vus`)
  return rows
}

/** @throws {Error} if two of the rows have equal values */
function refuseEqual(rows: readonly unknown[]): void {
  const numbers = new Map<string, number>()
  const keyOf = valueKeys()
  for (const [index, row] of rows.entries()) {
    const key = keyOf(row)
    const earlier = numbers.get(key)
    if (earlier !== undefined)
      throw new Error(
        `data: rows ${earlier + 1} and ${index + 1} are the same, but each VU needs its own\nFix: remove one of them, or do not require unique rows`,
      )
    numbers.set(key, index)
  }
}

async function collect<D>(data: Iterable<D> | AsyncIterable<D>, atMost: number): Promise<readonly D[]> {
  if (Array.isArray(data)) return data as readonly D[]
  const rows: D[] = []
  for await (const row of data) {
    rows.push(row)
    if (rows.length >= atMost) break
  }
  return rows
}

function isSource<D>(value: object): value is DataSource<D> {
  return 'isDataSource' in value
}

function isIterable(value: object): boolean {
  return Symbol.iterator in value || Symbol.asyncIterator in value
}

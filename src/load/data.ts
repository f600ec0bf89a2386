import { checkKnownKeys } from '../options/known-keys.ts'
import { object, optional, readOptions, reading } from '../options/schema.ts'
import { flag, text } from '../options/values.ts'
import { readCsv } from './csv.ts'

/** Runs a query for {@link sql} on a service of the config; given by whoever knows the databases. */
export type SqlQuery = (
  query: string,
  values: readonly unknown[],
  service: string | undefined,
) => Promise<readonly Record<string, unknown>[]>

/** What a source may use to get its rows. */
export interface DataContext {
  readonly sql: SqlQuery | undefined
}

/** Rows for VUs that are fetched once, before the load begins. */
export interface DataSource<D> {
  readonly isDataSource: true
  /** Every VU must have a row of its own: fewer rows than VUs is an error. Default: rows repeat. */
  readonly unique: boolean
  rows(context: DataContext): Promise<readonly D[]>
}

export interface DataOptions {
  /** Every VU must have a row of its own: fewer rows than VUs is an error. Default: false, rows repeat. */
  readonly unique?: boolean
}

/**
 * Rows of a CSV file (RFC 4180, UTF-8, a header line): objects of text by column name.
 *
 * @param path relative to the working directory
 * @throws {Error} from `http.run()`, with file and line, where a row has more or fewer fields than the header
 */
export function csv(path: string | URL, options: DataOptions = {}): DataSource<Record<string, string>> {
  const { unique } = readOptions('csv()', CSV, options)
  return { isDataSource: true, unique, rows: () => readCsv(path) }
}

export interface SqlOptions extends DataOptions {
  /** The Postgres service, by its name in the config. Default: the only one. */
  readonly service?: string
}

/**
 * Rows of a query to the target's Postgres, with `$1`, `$2`, … standing for values. It runs in a read-only transaction.
 *
 * @throws {Error} from `http.run()`, if there is no Postgres, or there are several and none is named
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
      if (context.sql === undefined) throw new Error('data: sql() needs a Postgres service, and none is known here')
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

/** Rows given as they are, each VU its own: fewer rows than VUs is an error. */
export function unique<D>(rows: Iterable<D> | AsyncIterable<D>): DataSource<D> {
  return { isDataSource: true, unique: true, rows: () => collect(rows, Number.POSITIVE_INFINITY) }
}

export type DataOption<D> = Iterable<D> | AsyncIterable<D> | DataSource<D>

/** The option `data`, read as it is given. */
export const dataOption = <D>() =>
  reading((problems, path, value): DataOption<D> => {
    const example = `data: [{ token: 'a' }], data: csv('users.csv'), data: sql('SELECT id FROM users')`
    if (typeof value !== 'object' || value === null || !(isSource(value) || isIterable(value)))
      problems.add(path, value, 'must be an array, an iterable, csv(…) or sql(…)', example)
    else if (Array.isArray(value) && value.length === 0)
      problems.add(path, value, 'must have at least one row', example)
    else if (isSource(value)) checkKnownKeys(problems, path, value, ['isDataSource', 'unique', 'rows'])
    return value as DataOption<D>
  })

/**
 * The rows VUs are given. Of an iterable no more than one for each VU is taken.
 *
 * @throws {Error} if there are none, or too few that must be unique
 */
export async function rowsFor<D>(
  data: DataOption<D> | undefined,
  vus: number,
  context: DataContext,
): Promise<readonly D[]> {
  if (data === undefined) return [undefined as D]
  const rows = isSource<D>(data) ? await data.rows(context) : await collect(data, vus)
  if (rows.length === 0) throw new Error('data: there are no rows, every VU needs one')
  if (isSource<D>(data) && data.unique && rows.length < vus)
    throw new Error(`data: ${rows.length} rows for ${vus} VUs, and each VU must have its own: add rows or lower vus`)
  return rows
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

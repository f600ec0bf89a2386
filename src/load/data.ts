import { settledInTime } from '../machine/unsettled.ts'
import { checkKnownKeys } from '../options/known-keys.ts'
import { object, optional, readOptions, reading, type Reader } from '../options/schema.ts'
import { flag, matching, oneOf, text } from '../options/values.ts'
import { maxVusOf, offeredIterations } from './describe.ts'
import type { Load } from './load.ts'
import type { Random } from './random.ts'
import { AssignedRows, type Assignment } from './rows/assigned-rows.ts'
import { parseCsv } from './rows/csv.ts'
import { parseJson, parseJsonLines } from './rows/json.ts'
import { readTextFile } from './rows/text-file.ts'
import { valueKeys } from './value-keys.ts'
import { warmUpLoad } from './warm-up.ts'

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

/** Options of a data source: how its rows are assigned. */
export interface DataOptions extends Assignment {}

/** Source of rows, fetched once before the load begins. */
export interface DataSource<D> extends Assignment {
  /** Distinguishes a source from rows. */
  readonly isDataSource: true
  /** Fetches the rows. */
  rows(context: DataContext): Promise<readonly D[]>
}

/** Options of {@link json} and {@link jsonLines}. */
export interface FileOptions extends DataOptions {
  /**
   * Encoding of the file, by its name in the WHATWG Encoding Standard: `'windows-1252'` for files of spreadsheets on
   * Windows. A byte order mark has precedence. @default 'utf-8'
   */
  readonly encoding?: string
}

/** Options of {@link csv}. */
export interface CsvOptions extends FileOptions {
  /**
   * Character between fields. The default is the one of comma, semicolon and tab with which all rows have as many fields as
   * the header, or that of a first line `sep=;`. @default detected
   */
  readonly delimiter?: string
}

/**
 * Rows of a CSV file (RFC 4180, with a header line), as spreadsheets write it: objects of strings by column name. Fields are
 * separated by commas, semicolons or tabs. Lines end with CR, LF or both. Empty rows are skipped. The encoding is UTF-8, or
 * UTF-16 with a byte order mark, unless `encoding` names another one.
 *
 * @param path path relative to the working directory, or a URL
 * @throws {Error} from the run, with file, line and column, if a row has more or fewer fields than the header, a quote is
 *   misplaced, two rows are equal under `unique`, or the encoding is another one
 *
 * @example
 * const data = csv('users.csv', { unique: true })
 */
export function csv(path: string | URL, options: CsvOptions = {}): DataSource<Record<string, string>> {
  const { encoding, delimiter, ...assignment } = readOptions('csv()', CSV, options)
  const format = { delimiter, isUnique: assignment.unique }
  return {
    isDataSource: true,
    ...assignment,
    rows: async () => parseCsv(await readTextFile('csv', path, encoding), format),
  }
}

/**
 * Rows of a JSON file, which contains an array. Integers beyond 2^53 are bigints.
 *
 * @param path path relative to the working directory, or a URL
 * @throws {Error} from the run, with file, line and column, if the file is not JSON
 *
 * @example
 * const data = json<{ user: string }>('users.json')
 */
export function json<Row = unknown>(path: string | URL, options: FileOptions = {}): DataSource<Row> {
  const { encoding, ...assignment } = readOptions('json()', JSON_FILE, options)
  return {
    isDataSource: true,
    ...assignment,
    rows: async () => parseJson<Row>(await readTextFile('json', path, encoding)),
  }
}

/**
 * Rows of a JSON Lines file: one JSON value in each line. Empty lines are skipped. Integers beyond 2^53 are bigints.
 *
 * @param path path relative to the working directory, or a URL
 * @throws {Error} from the run, with file, line and column, if a line is not JSON
 *
 * @example
 * const data = jsonLines<{ user: string }>('users.jsonl', { assignment: 'per-iteration' })
 */
export function jsonLines<Row = unknown>(path: string | URL, options: FileOptions = {}): DataSource<Row> {
  const { encoding, ...assignment } = readOptions('jsonLines()', JSON_FILE, options)
  const read = async () => parseJsonLines<Row>(await readTextFile('jsonLines', path, encoding))
  return { isDataSource: true, ...assignment, rows: read }
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
  const { service, ...assignment } = readOptions('sql()', SQL, options)
  return {
    isDataSource: true,
    ...assignment,
    async rows(context) {
      if (context.sql === undefined)
        throw new Error(
          'data: sql() needs a Postgres service, but none is configured\nFix: add a Postgres service to the config',
        )
      return (await context.sql(query, values, service)) as readonly Row[]
    },
  }
}

const ASSIGNMENT = {
  assignment: optional(oneOf(['per-vu', 'per-iteration'], 'per-iteration'), 'per-vu'),
  order: optional(oneOf(['sequential', 'random'], 'random'), 'sequential'),
  unique: optional(flag(true), false),
}
const ENCODING: Reader<string> = matching(isEncoding, 'must be the name of a text encoding', "'windows-1252'")
const DELIMITER: Reader<string> = matching(
  (value) => typeof value === 'string' && /^[^"\r\n]$/u.test(value),
  'must be one character other than a quote or a line break',
  "';'",
)
const JSON_FILE = object<FileOptions>()(
  { ...ASSIGNMENT, encoding: optional(ENCODING) },
  { example: "json('users.json', { unique: true })" },
)
const CSV = object<CsvOptions>()(
  { ...ASSIGNMENT, encoding: optional(ENCODING), delimiter: optional(DELIMITER) },
  { example: "csv('users.csv', { unique: true })" },
)
const SQL = object<SqlOptions>()(
  { ...ASSIGNMENT, service: optional(text("'orders'", 'must be the name of a service of the config')) },
  { example: "sql('SELECT id FROM users', [], { unique: true })" },
)
const ROWS = object<DataOptions>()(ASSIGNMENT, { example: "rows(users, { assignment: 'per-iteration' })" })

function isEncoding(value: unknown): boolean {
  try {
    return typeof value === 'string' && new TextDecoder(value) instanceof TextDecoder
  } catch {
    return false
  }
}

/**
 * Rows of a list or an iterable, and how they are assigned.
 *
 * @example
 * const data = rows([{ sku: 'a-1' }, { sku: 'a-2' }], { assignment: 'per-iteration', order: 'random' })
 */
export function rows<D>(list: Iterable<D> | AsyncIterable<D>, options: DataOptions = {}): DataSource<D> {
  return { isDataSource: true, ...readOptions('rows()', ROWS, options), rows: () => collect(list, MAX_ROWS) }
}

/**
 * Rows of which each VU needs its own: fewer rows than VUs are an error, and so is the same row twice.
 *
 * @example
 * const data = unique([{ token: 'a' }, { token: 'b' }])
 */
export function unique<D>(list: Iterable<D> | AsyncIterable<D>): DataSource<D> {
  return rows(list, { unique: true })
}

/** Rows of data, or their source. */
export type DataOption<D> = Iterable<D> | AsyncIterable<D> | DataSource<D>

/** What a run has that rows can be assigned to. */
export type RowReceivers = 'VUs' | 'VUs and iterations'

const SOURCE_OPTIONS = ['isDataSource', ...Object.keys(ASSIGNMENT), 'rows']

/** Reader of the option `data`, which returns it unchanged. */
export const dataOption = <D>(receivers: RowReceivers = 'VUs and iterations') =>
  reading((problems, path, value): DataOption<D> => {
    const example = `data: [{ token: 'a' }], or data: csv('users.csv')`
    if (typeof value !== 'object' || value === null || !(isSource(value) || isIterable(value)))
      problems.add(
        path,
        value,
        'must be an array, an iterable, rows(…), csv(…), json(…), jsonLines(…) or sql(…)',
        example,
      )
    else if (Array.isArray(value) && value.length === 0)
      problems.add(path, value, 'must have at least one row', example)
    else if (isSource(value)) {
      checkKnownKeys(problems, path, value, SOURCE_OPTIONS)
      if (receivers === 'VUs' && value.assignment === 'per-iteration')
        problems.add(
          `${path}.assignment`,
          value.assignment,
          "must be 'per-vu', because this run has no iterations",
          `data: csv('users.csv')`,
        )
    }
    return value as DataOption<D>
  })

/** A run, as far as it decides how many rows are needed. */
export interface RowDemand {
  /** Number of VUs. */
  readonly vus: number
  /** Number of iterations, those of the warm-up included; `undefined` if it depends on the responses. */
  readonly iterations: number | undefined
}

/** Demand of a load with its warm-up. */
export function rowDemand(load: Load, warmupMs: number): RowDemand {
  const counts = [load, ...(warmupMs > 0 ? [warmUpLoad(load, warmupMs)] : [])].map(offeredIterations)
  return {
    vus: maxVusOf(load),
    iterations: counts.every((count) => count !== undefined)
      ? counts.reduce((sum, count) => sum + count, 0)
      : undefined,
  }
}

/**
 * Fetches the rows of a run, until the signal aborts. At most one row for each VU is read from an iterable.
 *
 * @param random seeds a random assignment
 * @throws {Error} if there are no rows, or too few if each VU or iteration needs its own
 */
export async function assignRows<D>(
  data: DataOption<D> | undefined,
  { vus, iterations }: RowDemand,
  context: DataContext & { readonly random: Random; readonly signal: AbortSignal },
): Promise<AssignedRows<D>> {
  const random = context.random.fork('data')
  if (data === undefined) return new AssignedRows([undefined as D], {}, random)
  const isFromSource = isSource<D>(data)
  const fetched = isFromSource ? data.rows(context) : collect(data, vus)
  const all = await settledInTime(fetched, { name: 'data', signal: context.signal })
  if (all.length === 0) throw new Error('data: there are no rows\nFix: provide at least one row')
  if (!isFromSource) return new AssignedRows(all, {}, random)
  const isPerIteration = data.assignment === 'per-iteration'
  if (data.unique === true) {
    const one = isPerIteration ? 'iteration' : 'VU'
    refuseEqual(all, one)
    const needed = (isPerIteration ? iterations : vus) ?? 0
    if (all.length < needed)
      throw new Error(
        `data: ${all.length} rows for ${needed} ${one}s, but each ${one} needs its own\n` +
          `Fix: add rows or ${isPerIteration ? 'reduce the load' : 'lower vus'}`,
      )
  }
  return new AssignedRows(all, data, random)
}

/** @throws {Error} if two of the rows have equal values */
function refuseEqual(all: readonly unknown[], one: string): void {
  const numbers = new Map<string, number>()
  const keyOf = valueKeys()
  for (const [index, row] of all.entries()) {
    const key = keyOf(row)
    const earlier = numbers.get(key)
    if (earlier !== undefined)
      throw new Error(
        `data: rows ${earlier + 1} and ${index + 1} are the same, but each ${one} needs its own\nFix: remove one of them, or do not require unique rows`,
      )
    numbers.set(key, index)
  }
}

/** Largest number of rows, so that an endless iterable is an error. */
const MAX_ROWS = 10_000_000

/** @param atMost number of rows after which reading stops; an error if it is {@link MAX_ROWS} */
async function collect<D>(list: Iterable<D> | AsyncIterable<D>, atMost: number): Promise<readonly D[]> {
  if (Array.isArray(list)) return list as readonly D[]
  const found: D[] = []
  for await (const row of list) {
    found.push(row)
    if (found.length < atMost) continue
    if (atMost === MAX_ROWS)
      throw new Error(
        `data: the iterable has at least ${MAX_ROWS} rows\nFix: end it, or pass it as data without rows(), which reads one row for each VU`,
      )
    break
  }
  return found
}

function isSource<D>(value: object): value is DataSource<D> {
  return 'isDataSource' in value
}

function isIterable(value: object): boolean {
  return Symbol.iterator in value || Symbol.asyncIterator in value
}

import { randomUUID } from 'node:crypto'
import type { Client, ClientConfig, FieldDef, QueryConfig } from 'pg'
import { storeLocation } from '../machine/store-location.ts'
import { postgresTlsProblem } from '../machine/store-tls.ts'
import { loadOptional } from '../options/optional-package.ts'
import { columnOf, type Column } from './columns.ts'
import { LedgerError } from './ledger-error.ts'
import { PULSE, readPulse, type Pulse } from './pulse.ts'
import { queryFailed } from './query-error.ts'
import type { Row, Table } from './rows.ts'
import { showSql } from './statement.ts'

const CONNECT_MS = 5_000

export interface SessionOptions {
  readonly url: string
  readonly queryTimeoutMs: number
  /** Ends the session, also during a query. */
  readonly signal: AbortSignal
}

/** A read-only connection. */
export interface Session extends AsyncDisposable {
  /** Runs a query in a separate snapshot. @throws {LedgerError} if it fails, takes too long or is not read-only */
  query(sql: string, params?: readonly unknown[]): Promise<Table>
  /** Runs all queries of `read` in one repeatable-read, read-only transaction. */
  inSnapshot<T>(read: (query: Session['query']) => Promise<T>): Promise<T>
  pulse(): Promise<Pulse>
}

/**
 * Opens a session that cannot write, by three means: its transactions are read-only by default; each query runs in a
 * transaction declared read-only, as the only statement of its message (so no `COMMIT;` can precede it); and after each
 * query the session checks that it is still in that transaction.
 *
 * A pooler may lack the first: pgBouncer rejects the startup parameter, and a `SET` would affect the next user of the
 * server connection. The other two also apply there.
 *
 * @throws {LedgerError} if the database cannot be reached; the message contains no password
 * @throws {MissingPackageError} if the driver is not installed
 */
export async function openSession({ url, queryTimeoutMs, signal }: SessionOptions): Promise<Session> {
  signal.throwIfAborted()
  const { default: pg } = await loadOptional('ledger', 'pg', () => import('pg'))
  const client = await connect(pg, url)
  const abort = () => void client.end().catch(() => {})
  signal.addEventListener('abort', abort, { once: true })

  const run = async (sql: string, params: readonly unknown[] = []) => {
    signal.throwIfAborted()
    // Without values the driver would use the simple protocol, which accepts several statements.
    const config: QueryConfig & { queryMode: 'extended' } = { text: sql, values: [...params], queryMode: 'extended' }
    try {
      return await client.query<Row>(config)
    } catch (error) {
      signal.throwIfAborted()
      throw queryFailed(sql, error, queryTimeoutMs)
    }
  }
  const inSnapshot: Session['inSnapshot'] = async (read) => {
    const token = randomUUID()
    await run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    try {
      await run(`SET LOCAL statement_timeout = ${queryTimeoutMs}`)
      await noticeHangUp(client)
      // After the first snapshot the server rejects SET TRANSACTION READ WRITE.
      const readsEscapes = (await run(BEGUN, [token])).rows[0]?.['strings'] !== 'on'
      let left: LedgerError | undefined
      return await read(async (sql, params) => {
        // Outside the transaction, a query through a pooler could write.
        if (left !== undefined) throw left
        if (readsEscapes && sql.includes('\\')) throw ambiguous(sql)
        const { rows, fields } = await run(sql, params)
        const [state] = (await run(STATE)).rows
        if (state?.['token'] !== token || state['mode'] !== 'on') throw (left = leftTransaction(sql))
        return { rows, columns: await columnsOf(fields, run) }
      })
    } finally {
      await client.query('ROLLBACK').catch(() => {})
    }
  }
  return {
    query: (sql, params) => inSnapshot((query) => query(sql, params)),
    inSnapshot,
    pulse: async () => readPulse((await run(PULSE)).rows),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', abort)
      await client.end().catch(() => {})
    },
  }
}

const BEGUN = `
  SELECT set_config('vitest_slo.transaction', $1, true), current_setting('standard_conforming_strings') AS strings`

/** With the setting off, a constant with a backslash may end after the place where the check of queries reads its end. */
function ambiguous(sql: string): LedgerError {
  return new LedgerError(
    `the query contains a backslash, and standard_conforming_strings is off in this database: ${showSql(sql)}`,
    'set it to on for the ledger, with ?options=-c%20standard_conforming_strings%3Don in the URL',
  )
}

const STATE = `
  SELECT current_setting('vitest_slo.transaction', true) AS token, current_setting('transaction_read_only') AS mode`

function leftTransaction(sql: string): LedgerError {
  return new LedgerError(
    `the query ended or changed its read-only transaction: ${showSql(sql)}`,
    'write a SELECT; a ledger only reads',
  )
}

interface Driver {
  readonly Client: new (config: ClientConfig) => Client
}

const READ_ONLY = encodeURIComponent('-c default_transaction_read_only=on')

async function connect(pg: Driver, url: string): Promise<Client> {
  try {
    return await connectOnce(pg, readOnlyUrl(url))
  } catch (error) {
    const isPooler = /unsupported startup parameter/i.test((error as Error).message)
    if (!isPooler) throw unreachable(url, error)
    return connectOnce(pg, url).catch((again: unknown) => {
      throw unreachable(url, again)
    })
  }
}

async function connectOnce(pg: Driver, url: string): Promise<Client> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'vitest-slo ledger',
  })
  // If the session breaks between two queries, the next one fails and reports it.
  client.on('error', () => {})
  try {
    await client.connect()
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

/** Adds the read-only option to existing options of the URL: of two parameters of a name, the driver uses the last. */
function readOnlyUrl(url: string): string {
  if (!URL.canParse(url)) return url
  const own = new URL(url).searchParams.get('options')
  const options = own === null ? READ_ONLY : `${encodeURIComponent(own)}%20${READ_ONLY}`
  return `${url}${url.includes('?') ? '&' : '?'}options=${options}`
}

/** Makes the server end a query whose client has disconnected, if its platform supports that. */
async function noticeHangUp(client: Client): Promise<void> {
  await client.query('SAVEPOINT platform')
  await client
    .query('SET LOCAL client_connection_check_interval = 500')
    .catch(() => client.query('ROLLBACK TO SAVEPOINT platform'))
}

/** First identifier of types that a database or an extension defines. */
const FIRST_OWN_TYPE = 16_384

async function columnsOf(
  fields: readonly FieldDef[],
  run: (sql: string, params: readonly unknown[]) => Promise<{ readonly rows: readonly Row[] }>,
): Promise<readonly Column[]> {
  const own = fields.map(({ dataTypeID }) => dataTypeID).filter((id) => id >= FIRST_OWN_TYPE)
  const named = own.length === 0 ? [] : (await run(OWN_TYPES, [own])).rows
  const names = new Map(named.map(({ id, name }) => [Number(id), String(name)]))
  return fields.map(({ name, dataTypeID }) => columnOf(name, dataTypeID, names.get(dataTypeID)))
}

const OWN_TYPES = 'SELECT oid::int8 AS id, typname AS name FROM pg_type WHERE oid = ANY ($1::oid[])'

const CORRECT_URL = 'correct its URL (PERF_DATABASE_URL): postgres://user:password@host:5432/database'

function unreachable(url: string, error: unknown): LedgerError {
  const { code, message } = error as { code?: string; message?: string }
  // The driver quotes the whole URL if it cannot parse it.
  if (!URL.canParse(url)) return new LedgerError('the URL of the database is not valid', CORRECT_URL)
  const place = storeLocation(new URL(url))
  const tls = postgresTlsProblem(code ?? '', message ?? '')
  if (tls !== undefined) return new LedgerError(`the database at ${place} cannot be reached: ${tls.finding}`, tls.fix)
  const reason = code ?? message
  return new LedgerError(
    `the database at ${place} cannot be reached${reason === undefined ? '' : ` (${reason})`}`,
    `start that server, or ${CORRECT_URL}`,
  )
}

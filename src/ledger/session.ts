import type { Client } from 'pg'
import { loadOptional } from '../options/optional-package.ts'
import { formatMs } from '../stats/units.ts'
import { LedgerProblem } from './problem.ts'
import type { Row } from './rows.ts'
import type { Pulse } from './settle.ts'

const CONNECT_MS = 5_000
const QUERY_CANCELED = '57014'

export interface SessionOptions {
  readonly url: string
  readonly queryTimeoutMs: number
  /** Ends the session, also in the middle of a query. */
  readonly signal: AbortSignal
}

/** One connection that only reads. */
export interface Session extends AsyncDisposable {
  /** Runs in a snapshot of its own. @throws {LedgerProblem} where the query fails or takes too long */
  query(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>
  /** Everything read within sees the database as of one moment: one repeatable-read, read-only transaction. */
  inSnapshot<T>(read: (query: Session['query']) => Promise<T>): Promise<T>
  pulse(): Promise<Pulse>
}

/**
 * @throws {LedgerProblem} where the database cannot be reached; the message holds no password
 * @throws {MissingPackageError} where the driver is not installed
 */
export async function openSession({ url, queryTimeoutMs, signal }: SessionOptions): Promise<Session> {
  signal.throwIfAborted()
  const { default: pg } = await loadOptional('ledger', 'pg', () => import('pg'))
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    application_name: 'vitest-slo ledger',
  })
  // A session that breaks between two queries makes the next one fail; that is where it is reported.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    await client.end().catch(() => {})
    throw unreachable(url, error)
  }
  const abort = () => void client.end().catch(() => {})
  signal.addEventListener('abort', abort, { once: true })

  const run = async (sql: string, params: readonly unknown[] = []): Promise<readonly Row[]> => {
    signal.throwIfAborted()
    try {
      const result = await client.query<Row>(sql, [...params])
      return result.rows
    } catch (error) {
      signal.throwIfAborted()
      throw failed(sql, error, queryTimeoutMs)
    }
  }
  const inSnapshot: Session['inSnapshot'] = async (read) => {
    await run('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    try {
      await run(`SET LOCAL statement_timeout = ${queryTimeoutMs}`)
      await noticeHangUp(client)
      return await read(run)
    } finally {
      await client.query('ROLLBACK').catch(() => {})
    }
  }
  return {
    query: (sql, params) => inSnapshot((query) => query(sql, params)),
    inSnapshot,
    pulse: async () => readPulse(await run(PULSE)),
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', abort)
      await client.end().catch(() => {})
    },
  }
}

/**
 * Whoever has written holds a lock on its own transaction id, which everybody may see; the snapshot's upper end moves
 * whenever one of them ends.
 */
const PULSE = `
  SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS horizon,
         (SELECT count(DISTINCT virtualtransaction)::int FROM pg_locks
          WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted) AS writers`

function readPulse([row]: readonly Row[]): Pulse {
  return { horizon: String(row?.['horizon']), writers: Number(row?.['writers']) }
}

/** Has the server end a query whose client is gone, where its platform lets it see that. */
async function noticeHangUp(client: Client): Promise<void> {
  await client.query('SAVEPOINT platform')
  await client
    .query('SET LOCAL client_connection_check_interval = 500')
    .catch(() => client.query('ROLLBACK TO SAVEPOINT platform'))
}

function unreachable(url: string, error: unknown): LedgerProblem {
  const place = URL.canParse(url) ? new URL(url).host : 'a URL that is none'
  const { code, message } = error as { code?: string; message?: string }
  // The driver quotes the whole URL where it cannot read it.
  const reason = code ?? (URL.canParse(url) ? message : undefined)
  return new LedgerProblem(
    `the database at ${place} cannot be reached${reason === undefined ? '' : ` (${reason})`}`,
    'correct PERF_DATABASE_URL: postgres://user:password@host:5432/database, or unset it to have these assertions skipped',
  )
}

function failed(sql: string, error: unknown, queryTimeoutMs: number): LedgerProblem {
  const { code, message, position } = error as { code?: string; message: string; position?: string }
  const text = sql.replace(/\s+/g, ' ').trim()
  const shown = text.length > 300 ? `${text.slice(0, 299)}…` : text
  if (code === QUERY_CANCELED) {
    return new LedgerProblem(
      `the query took longer than ${formatMs(queryTimeoutMs)}: ${shown}`,
      `give the column that scopes it an index, or give it more time: ledger.with({ queryTimeout: '5m' })`,
    )
  }
  const where = position === undefined ? '' : `, at "${sql.slice(Number(position) - 1, Number(position) + 29)}"`
  return new LedgerProblem(
    `the query failed: ${message}${code === undefined ? '' : ` (${code})`}${where}: ${shown}`,
    'correct the query; it runs in a read-only transaction, and `$1` is the run id',
  )
}

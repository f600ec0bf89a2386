import { loadOptional } from '../options/optional-package.ts'

/** What Postgres says of itself. Our own connection is left out. */
export interface PostgresReading {
  /** Client connections open, whatever they do. */
  readonly connections: number
  readonly activeConnections: number
  /** `max_connections` less the slots kept for superusers. */
  readonly maxConnections: number
  /** How long the oldest open transaction has been open. */
  readonly longestTransactionMs: number
  readonly deadlocks: number
}

const READING = `
  SELECT count(*) FILTER (WHERE backend_type = 'client backend')::int AS "connections",
         count(*) FILTER (WHERE backend_type = 'client backend' AND state = 'active')::int AS "activeConnections",
         current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS "maxConnections",
         coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE backend_type = 'client backend'), 0)::float8 * 1000
           AS "longestTransactionMs",
         (SELECT sum(deadlocks)::int FROM pg_stat_database) AS "deadlocks"
  FROM pg_stat_activity WHERE pid <> pg_backend_pid()`

/** Opens a connection of its own and reads `pg_stat_activity` through it. */
export async function postgresSampler(
  url: string,
): Promise<{ read(): Promise<PostgresReading>; close(): Promise<void> }> {
  const { default: pg } = await loadOptional('capacity of Postgres', 'pg', () => import('pg'))
  const client = new pg.Client({
    connectionString: url,
    application_name: 'vitest-slo capacity',
    statement_timeout: 5_000,
  })
  // Without a listener a lost connection would be an uncaught error; the failed reading says it.
  client.on('error', () => {})
  await client.connect()
  return {
    async read() {
      const { rows } = await client.query<PostgresReading>(READING)
      return rows[0]!
    },
    close: () => client.end(),
  }
}

import type { Connected } from './connected.ts'
import { readOverPg } from './pg-client.ts'

/** What Postgres says of itself. Our own connection is left out. */
export interface PostgresReading {
  /** Client connections open, whatever they do: each takes one of those that are allowed. */
  readonly connections: number
  readonly activeConnections: number
  /** Those of other roles, of which a role without `pg_monitor` sees only that they are there. */
  readonly hiddenConnections: number
  /** `max_connections` less the slots kept for superusers and by `reserved_connections`. */
  readonly maxConnections: number
  /** How long the oldest open transaction has been open. */
  readonly longestTransactionMs: number
  /** Since the statistics were reset, all databases. */
  readonly deadlocks: number
  /** Blocks found in Postgres' own cache, since the statistics were reset; what the system's cache had is not in it. */
  readonly blocksHit: number
  /** Blocks not found there. */
  readonly blocksRead: number
}

/** Whose `backend_type` is hidden has a database where it is a client, or works for one. */
const READING = `
  WITH clients AS (
    SELECT backend_type IS NULL AS hidden, state, xact_start FROM pg_stat_activity
    WHERE pid <> pg_backend_pid()
      AND (backend_type = 'client backend' OR (backend_type IS NULL AND datid IS NOT NULL))
  ), statistics AS (
    SELECT sum(deadlocks) AS deadlocks, sum(blks_hit) AS hit, sum(blks_read) AS read FROM pg_stat_database
  )
  SELECT count(*)::int AS "connections",
         count(*) FILTER (WHERE state = 'active')::int AS "activeConnections",
         count(*) FILTER (WHERE hidden)::int AS "hiddenConnections",
         current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true)::int, 0) AS "maxConnections",
         coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 * 1000 AS "longestTransactionMs",
         (SELECT deadlocks::float8 FROM statistics) AS "deadlocks",
         (SELECT hit::float8 FROM statistics) AS "blocksHit",
         (SELECT read::float8 FROM statistics) AS "blocksRead"
  FROM clients`

/** Opens a connection of its own and reads `pg_stat_activity` and `pg_stat_database` through it. */
export function connectPostgres(url: string): Promise<Connected<PostgresReading>> {
  return readOverPg(url, 'PERF_DATABASE_URL', async (client) => (await client.query<PostgresReading>(READING)).rows[0]!)
}

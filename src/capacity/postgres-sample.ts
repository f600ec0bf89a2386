import type { Connected } from './connected.ts'
import { readOverPg } from './pg-client.ts'

/** One reading of Postgres' statistics. The sampling connection is left out. */
export interface PostgresReading {
  /** Open client connections, active or idle: each uses one of those allowed. */
  readonly connections: number
  readonly activeConnections: number
  /** Connections of other roles, whose activity is hidden from a role without `pg_monitor`. */
  readonly hiddenConnections: number
  /** `max_connections` less the slots kept for superusers and by `reserved_connections`. */
  readonly maxConnections: number
  /** Age of the oldest open transaction. */
  readonly longestTransactionMs: number
  /** Deadlocks in all databases since the statistics were reset. */
  readonly deadlocks: number
  /** Blocks found in Postgres' cache since the statistics were reset; hits in the system's cache are not included. */
  readonly blocksHit: number
  /** Blocks not found in Postgres' cache. */
  readonly blocksRead: number
}

/** A backend with a hidden `backend_type` counts as a client if it is connected to a database. */
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

/** Opens a separate connection and reads `pg_stat_activity` and `pg_stat_database` through it. */
export function connectPostgres(url: string): Promise<Connected<PostgresReading>> {
  return readOverPg(url, 'PERF_DATABASE_URL', async (client) => (await client.query<PostgresReading>(READING)).rows[0]!)
}

import type { Row } from './rows.ts'

/** Activity of a database at one moment. */
export interface Pulse {
  /** Number of open transactions that have written, on the whole server. */
  readonly writers: number
  /** Changes if a transaction that has written ends. */
  readonly horizon: string
  /** Open transactions of other clients in this database, whether they have written or not. */
  readonly open: readonly OpenTransaction[]
  /** Set if the database is a standby. */
  readonly standby?: Standby
}

export interface OpenTransaction {
  /** Unique among the transactions of the server. */
  readonly id: string
  /** `pid 4711 (orders-api)`, `prepared transaction xa-7` */
  readonly client: string
  /** Whether it is prepared for a two-phase commit: no client owns it, and it commits later under this name. */
  readonly isPrepared?: boolean
}

/** Progress of a standby. Positions are bytes of the write-ahead log. */
export interface Standby {
  /** Position received from the primary; `undefined` if none is connected. */
  readonly received: bigint | undefined
  readonly replayed: bigint
  /** Time since the commit of the last replayed transaction; `undefined` if there was none. */
  readonly behindMs: number | undefined
  readonly isPaused: boolean
}

/**
 * Query for a {@link Pulse}. Every transaction that has written holds an ExclusiveLock on its `transactionid`, and every
 * open transaction one on its `virtualxid`; all roles can see both in `pg_locks`. `pg_stat_activity` hides `xact_start` and
 * `state` of other roles, but shows their database and application. The snapshot's xmax advances when a writer ends. A
 * prepared transaction belongs to no process, and is only listed in `pg_prepared_xacts`.
 */
export const PULSE = `
  SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS horizon,
         (SELECT count(DISTINCT virtualtransaction)::int FROM pg_locks
          WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted) AS writers,
         (SELECT coalesce(json_agg(o), '[]'::json) FROM (
            SELECT l.virtualtransaction AS id, false AS "isPrepared",
                   'pid ' || l.pid || coalesce(' (' || nullif(a.application_name, '') || ')', '') AS client
            FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'virtualxid' AND l.mode = 'ExclusiveLock' AND l.granted
              AND a.datname = current_database() AND l.pid <> pg_backend_pid()
              AND coalesce(a.backend_type, 'client backend') = 'client backend'
              AND a.application_name NOT LIKE 'vitest-slo%'
            UNION ALL
            SELECT 'prepared ' || transaction, true, 'prepared transaction ' || gid
            FROM pg_prepared_xacts WHERE database = current_database()) AS o) AS open,
         CASE WHEN pg_is_in_recovery() THEN json_build_object(
            'received', CASE WHEN EXISTS (SELECT FROM pg_stat_wal_receiver WHERE pid IS NOT NULL)
                        THEN (pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::text END,
            'replayed', (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::text,
            'behindMs', extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000,
            'isPaused', pg_is_wal_replay_paused()) END AS standby`

export function readPulse([row]: readonly Row[]): Pulse {
  const standby = row?.['standby'] as
    | { received: string | null; replayed: string; behindMs: number | null; isPaused: boolean }
    | null
    | undefined
  return {
    horizon: String(row?.['horizon']),
    writers: Number(row?.['writers']),
    open: (row?.['open'] ?? []) as readonly OpenTransaction[],
    ...(standby && {
      standby: {
        received: standby.received === null ? undefined : BigInt(standby.received),
        replayed: BigInt(standby.replayed),
        behindMs: standby.behindMs ?? undefined,
        isPaused: standby.isPaused,
      },
    }),
  }
}

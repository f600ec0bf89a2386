import type { Connected } from './connected.ts'
import { readOverPg } from './pg-client.ts'

/** Server connections of one pool, that is of one database and user. */
export interface Pool {
  /** `shop/app` */
  readonly name: string
  /** Server connections linked to a client, or about to be. */
  readonly used: number
  /** Connections it may open: `pool_size` of its database. */
  readonly size: number
}

/** One reading of pgBouncer. Its console is left out. */
export interface PgBouncerReading {
  readonly pools: readonly Pool[]
  /** Clients that wait for a server connection, over all pools. */
  readonly waiting: number
  /** Longest current wait of a client. */
  readonly longestWaitMs: number
}

type Row = Readonly<Record<string, string | number | null>>

/** Opens a connection to pgBouncer's console (the database `pgbouncer`) and reads `SHOW POOLS` and `SHOW DATABASES`. */
export function connectPgBouncer(url: string): Promise<Connected<PgBouncerReading>> {
  return readOverPg(url, 'PERF_PGBOUNCER_URL', async (client) => {
    const pools = await client.query<Row>('SHOW POOLS')
    const databases = await client.query<Row>('SHOW DATABASES')
    return readPools(pools.rows, databases.rows)
  })
}

function readPools(pools: readonly Row[], databases: readonly Row[]): PgBouncerReading {
  const sizes = new Map(databases.map(({ name, pool_size }) => [name, Number(pool_size)]))
  const own = pools.filter(({ database }) => database !== 'pgbouncer')
  return {
    pools: own.flatMap(({ database, user, sv_active, sv_login }) => {
      const size = sizes.get(database) ?? 0
      return size > 0 ? [{ name: `${database}/${user}`, used: Number(sv_active) + Number(sv_login), size }] : []
    }),
    waiting: own.reduce((sum, { cl_waiting }) => sum + Number(cl_waiting), 0),
    longestWaitMs: Math.max(
      0,
      ...own.map(({ maxwait, maxwait_us }) => Number(maxwait) * 1000 + Number(maxwait_us ?? 0) / 1000),
    ),
  }
}

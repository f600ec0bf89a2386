import type { RunWindow } from '../evidence/run-window.ts'
import type { UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import { formatCount, formatMs, formatRatio } from '../stats/units.ts'
import type { PgBouncerReading, Pool } from './pgbouncer-sample.ts'
import type { PostgresReading } from './postgres-sample.ts'
import { grown, isSeen, mapped, within, type Observed, type Reading } from './samples.ts'
import { utilizationOf, unseenUtilization } from './utilization.ts'

export function postgresConnections(observed: Observed<PostgresReading>, window: RunWindow): UtilizationEvidence {
  const what = 'Postgres connections'
  if (!isSeen(observed)) return unseenUtilization(what, 'of max_connections', observed)
  const readings = within(observed.readings, window)
  return utilizationOf({
    what,
    of: `of ${formatCount(readings.at(-1)?.value.maxConnections ?? 0)} that Postgres allows`,
    window,
    shares: mapped(readings, ({ connections, maxConnections }) => connections / maxConnections),
    failures: observed.failures,
    lines: postgresLines(readings),
  })
}

function postgresLines(readings: readonly Reading<PostgresReading>[]): string[] {
  if (readings.length === 0) return []
  const active = Math.max(...readings.map(({ value }) => value.activeConnections))
  const longestMs = Math.max(...readings.map(({ value }) => value.longestTransactionMs))
  const deadlocks = grown(mapped(readings, (reading) => reading.deadlocks))
  const hidden = Math.max(...readings.map(({ value }) => value.hiddenConnections))
  const lines = [
    `at most ${formatCount(active)} active   longest transaction ${formatMs(longestMs)}   ${formatCount(deadlocks)} deadlocks   ${buffersText(readings)}`,
  ]
  if (hidden === 0) return lines
  return [
    ...lines,
    `the activity of ${formatCount(hidden)} connections is hidden from this role: GRANT pg_monitor shows it`,
  ]
}

function buffersText(readings: readonly Reading<PostgresReading>[]): string {
  const hits = grown(mapped(readings, ({ blocksHit }) => blocksHit))
  const reads = grown(mapped(readings, ({ blocksRead }) => blocksRead))
  return hits + reads === 0 ? 'no block was read' : `${formatRatio(hits / (hits + reads))} of blocks found in its cache`
}

export function pgBouncerPools(observed: Observed<PgBouncerReading>, window: RunWindow): UtilizationEvidence {
  const what = 'pgBouncer pool'
  if (!isSeen(observed)) return unseenUtilization(what, 'of its size', observed)
  const readings = within(observed.readings, window)
  const fullest = readings.map(({ atMs, value }) => ({ atMs, pool: fullestOf(value.pools) }))
  const shares = fullest.flatMap(({ atMs, pool }) => (pool === undefined ? [] : [{ atMs, value: shareIn(pool) }]))
  const worst = fullest.reduce<Pool | undefined>(
    (most, { pool }) => (pool !== undefined && (most === undefined || shareIn(pool) > shareIn(most)) ? pool : most),
    undefined,
  )
  const waiting = Math.max(0, ...readings.map(({ value }) => value.waiting))
  const waitMs = Math.max(0, ...readings.map(({ value }) => value.longestWaitMs))
  return utilizationOf({
    what,
    of: worst === undefined ? 'of its size' : `of ${formatCount(worst.size)} in pool ${worst.name}`,
    window,
    shares,
    failures: observed.failures,
    lines: [`at most ${formatCount(waiting)} clients waiting for a connection, the longest for ${formatMs(waitMs)}`],
    hint:
      waiting > 0
        ? 'clients waited for a server connection: raise pool_size, or hold connections for less time'
        : undefined,
  })
}

function fullestOf(pools: readonly Pool[]): Pool | undefined {
  return pools.toSorted((a, b) => shareIn(b) - shareIn(a))[0]
}

function shareIn({ used, size }: Pool): number {
  return used / size
}

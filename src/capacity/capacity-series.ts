import type { RunWindow } from '../evidence/run-window.ts'
import type { RunSeries } from '../results/result.ts'
import { cpuUtilizations } from './cpu-utilization.ts'
import type { Sampled } from './sampled.ts'
import { growths, isSeen, mapped, seriesOf, type Observed, type Reading } from './samples.ts'

type Readings<T> = readonly Reading<T>[]
type Values<T> = (readings: Readings<T>) => Readings<number>
type Draw<T> = (label: string, unit: RunSeries['unit'], values: Values<T>) => RunSeries

/** Charts of all samples since the start of the run, for the report. */
export function capacitySeries(sampled: Sampled, window: RunWindow): readonly RunSeries[] {
  const { cpu, cores = 1, redis, postgres, pgBouncer } = sampled
  return [
    ...charts(cpu, window, 'target', (draw) => [draw('CPU', 'ratio', (all) => cpuUtilizations(all, cores))]),
    ...charts(redis, window, 'redis', (draw) => [
      draw('used memory', 'bytes', each('usedMemoryBytes')),
      draw('maxmemory', 'bytes', each('maxMemoryBytes')),
      draw('evicted keys', 'perSec', (all) => perSecond(mapped(all, ({ evictedKeys }) => evictedKeys))),
      draw('keys found', 'ratio', hitRatio('keyspaceHits', 'keyspaceMisses')),
    ]),
    ...charts(postgres, window, 'postgres', (draw) => [
      draw('connections', 'count', each('connections')),
      draw('active', 'count', each('activeConnections')),
      draw('longest transaction', 'ms', each('longestTransactionMs')),
      draw('deadlocks', 'perSec', (all) => perSecond(mapped(all, ({ deadlocks }) => deadlocks))),
      draw('blocks found in cache', 'ratio', hitRatio('blocksHit', 'blocksRead')),
    ]),
    ...charts(pgBouncer, window, 'pgBouncer', (draw) => [
      draw('connections in use', 'count', (all) =>
        mapped(all, ({ pools }) => pools.reduce((n, { used }) => n + used, 0)),
      ),
      draw('clients waiting', 'count', each('waiting')),
      draw('longest wait', 'ms', each('longestWaitMs')),
    ]),
  ]
}

function charts<T>(
  observed: Observed<T>,
  window: RunWindow,
  group: string,
  describe: (draw: Draw<T>) => readonly RunSeries[],
): readonly RunSeries[] {
  if (!isSeen(observed)) return []
  const all = describe((label, unit, values) => seriesOf(observed, window, { group, label, unit }, values))
  return all.filter(({ values }) => values.some((value) => value !== null))
}

/** The keys of a reading that hold numbers. */
type Figure<T> = { [Key in keyof T]: T[Key] extends number ? Key : never }[keyof T]

function each<T>(figure: Figure<T>): Values<T> {
  return (readings) => mapped(readings, (reading) => Number(reading[figure]))
}

/** Shortest time between two readings from which a rate is computed. */
const MIN_STEP_SEC = 0.2

function perSecond(readings: Readings<number>): Readings<number> {
  return growths(readings).flatMap(({ atMs, value }, index) => {
    const seconds = (atMs - readings[index]!.atMs) / 1000
    return seconds < MIN_STEP_SEC ? [] : [{ atMs, value: value / seconds }]
  })
}

/** Hit ratio between successive readings; no value if nothing was looked up in between. */
function hitRatio<T>(hits: Figure<T>, misses: Figure<T>): Values<T> {
  return (readings) => {
    const missed = growths(each<T>(misses)(readings))
    return growths(each<T>(hits)(readings)).flatMap(({ atMs, value }, index) => {
      const all = value + missed[index]!.value
      return all > 0 ? [{ atMs, value: value / all }] : []
    })
  }
}

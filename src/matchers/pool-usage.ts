import type { CapacityEvidence, MetricsEvidence, UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import { Problems } from '../options/problems.ts'
import { object, optional, type ReadOf } from '../options/schema.ts'
import { oneOf, text } from '../options/values.ts'
import { lastOptions, ratio, readArguments } from './arguments.ts'
import { defineMatcher } from './define.ts'
import type { CannotJudge } from './typing.ts'
import { judgeUtilization, STATISTIC, STATISTIC_EXAMPLE, type StatisticOptions } from './utilization.ts'
import { anyWindow, type CapacitySource, type MetricsSource } from './window-subject.ts'

export interface PoolOptions extends StatisticOptions {
  /** Selector of the gauge of connections in use. @default `pg_pool_connections{state="active"}` */
  readonly used?: string
  /** Selector of the gauge of the pool's maximum size. @default `pg_pool_size` */
  readonly size?: string
}

export interface ConnectionOptions extends StatisticOptions {
  /**
   * Source of the connections. `'postgres'` (default): open connections, used or idle, of all clients, relative to
   * `max_connections` minus the reserved ones. `'pgbouncer'`: server connections in use, relative to the `pool_size` of
   * the fullest pool.
   */
  readonly source?: 'postgres' | 'pgbouncer'
}

/** Options by type of window; if it is unknown, all are allowed. */
export type PoolUsage<T, R> = unknown extends T
  ? (ratio: number, options?: PoolOptions & ConnectionOptions) => R
  : [T] extends [MetricsSource]
    ? (ratio: number, options?: PoolOptions) => R
    : [T] extends [CapacitySource]
      ? (ratio: number, options?: ConnectionOptions) => R
      : CannotJudge<'judges a window, as await metrics.during(run) or await capacity.during(run) gives'>

const USED = 'pg_pool_connections{state="active"}'
const SIZE = 'pg_pool_size'
const GAUGE = 'must select a gauge of the target'

const OPTIONS = lastOptions(
  object<PoolOptions & ConnectionOptions>()(
    {
      ...STATISTIC,
      used: optional(text(`'${USED}'`, GAUGE)),
      size: optional(text(`'${SIZE}'`, GAUGE)),
      source: optional(oneOf(['postgres', 'pgbouncer'], 'pgbouncer')),
    },
    STATISTIC_EXAMPLE,
  ),
)

export const toHavePoolUsageBelow = defineMatcher<
  CapacityEvidence | MetricsEvidence,
  { readonly ratio: number; readonly options: ReadOf<typeof OPTIONS> }
>({
  name: 'toHavePoolUsageBelow',
  subject: anyWindow,
  readArguments: readArguments('toHavePoolUsageBelow(0.7)', {
    ratio: ratio('toHavePoolUsageBelow(0.7)'),
    options: OPTIONS,
  }),
  judge: (evidence, { ratio: limit, options }) => judgeUtilization(poolShare(evidence, options), limit, options),
})

/** @throws {OptionsError} if options apply to the other kind of window: they would be ignored */
function poolShare(evidence: CapacityEvidence | MetricsEvidence, options: ReadOf<typeof OPTIONS>): UtilizationEvidence {
  const { source = 'postgres', used = USED, size = SIZE } = options
  const ofMetrics = 'share' in evidence
  const problems = new Problems()
  for (const key of ofMetrics ? (['source'] as const) : (['used', 'size'] as const)) {
    if (options[key] === undefined) continue
    const [given, required] = ofMetrics ? ['metrics', 'capacity'] : ['capacity', 'metrics']
    const rule = `is an option for ${required}.during(run), and this is ${given}.during(run)`
    problems.add(
      `options.${key}`,
      options[key],
      rule,
      `expect(await ${required}.during(run)).toHavePoolUsageBelow(0.7, …)`,
    )
  }
  problems.throwIfAny('toHavePoolUsageBelow()')
  if (ofMetrics) return evidence.share('pool usage', used, size)
  return source === 'postgres' ? evidence.postgresConnections() : evidence.pgBouncerPools()
}

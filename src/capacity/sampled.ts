import type { Invalidity } from '../evidence/verdict.ts'
import type { Cores, CpuReading } from './cpu-utilization.ts'
import type { PgBouncerReading } from './pgbouncer-sample.ts'
import type { PostgresReading } from './postgres-sample.ts'
import type { RedisReading } from './redis-sample.ts'
import type { Observed } from './samples.ts'

/** Samples of one scenario. */
export interface Sampled {
  readonly cpu: Observed<CpuReading>
  /** Reason why the readings may lack CPU of the target. */
  readonly cpuDoubt?: Invalidity
  /** Responses of the target in the scope. @default 0 */
  readonly responses?: number
  /** Cores the target may use, over all its instances. */
  readonly cores: Cores
  readonly redis: Observed<RedisReading>
  readonly postgres: Observed<PostgresReading>
  readonly pgBouncer: Observed<PgBouncerReading>
}

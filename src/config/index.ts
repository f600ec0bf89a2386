import './require-node.ts'
export type { PerfConfig } from './config-options.ts'
export { definePerfConfig } from './perf-config.ts'
export type { CapacityOptions, MetricsOptions } from './observation.ts'
export type { ExporterOptions } from '../metrics/exporter-options.ts'
export { postgres, type PostgresOptions } from '../services/postgres/postgres.ts'
export type { PostgresConnection } from '../services/postgres/postgres-client.ts'
export type { RedisConnection } from '../services/redis/redis-client.ts'
export type { StartedTarget, TargetContext } from '../services/target/started-target.ts'
export { redis, type RedisOptions } from '../services/redis/redis.ts'
export { target, type Target } from '../services/target/target.ts'
export type { InstanceContext, TargetOptions } from '../services/target/target-options.ts'
export type { Problem } from '../options/problems.ts'
export type {
  Service,
  ServiceContext,
  ServiceDisruptions,
  ServiceFailure,
  StartedService,
} from '../services/service.ts'
export { ServiceError } from '../services/service.ts'

import type { ViteUserConfig } from 'vitest/config'
import type { ResolvedConfig } from 'vitest/node'
import type { Problems } from '../options/problems.ts'

/** What of Vitest's options decides how tests run. */
export type RunOptions = Pick<ResolvedConfig, 'maxWorkers' | 'pool' | 'retry' | 'sequence'>

/**
 * Refuses what would have Vitest repeat scenarios or run two at once, whether it came by `test` in the config, by the
 * command line or by a variable.
 *
 * @param given the config's `test`; the options before it are those that Vitest resolved
 */
export function refuseUnfit(
  problems: Problems,
  { maxWorkers, pool, retry, sequence }: RunOptions,
  given: ViteUserConfig['test'] = {},
): void {
  const retries = typeof retry === 'object' ? (retry.count ?? 0) : (retry ?? 0)
  if (retries > 0)
    problems.add(
      'test.retry (--retry)',
      retry,
      'must be 0: a measurement that is repeated until it passes samples until it is lucky',
      'test: { retry: 0 }',
    )
  if (sequence.concurrent === true)
    problems.add(
      'test.sequence.concurrent (--sequence.concurrent)',
      true,
      'must be false: scenarios that run at the same time measure each other',
      'test: { sequence: { concurrent: false } }',
    )
  // Vitest lets `fileParallelism: false` win over the number of workers: what was given matters as well.
  const { fileParallelism = false, maxWorkers: givenWorkers = 1 } = given
  if (fileParallelism || Number(givenWorkers) !== 1 || maxWorkers > 1)
    problems.add(
      'test.fileParallelism, test.maxWorkers (--file-parallelism, --max-workers)',
      { fileParallelism, maxWorkers: Number(givenWorkers) === 1 ? maxWorkers : givenWorkers },
      'must be false and 1: files that run at the same time measure each other',
      'test: { fileParallelism: false, maxWorkers: 1 }',
    )
  if (pool !== 'forks')
    problems.add(
      'test.pool (--pool)',
      pool,
      "must be 'forks': the generator's CPU and event loop are watched in a process of their own",
      "test: { pool: 'forks' }",
    )
}

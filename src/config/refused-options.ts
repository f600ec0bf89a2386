import type { ViteUserConfig } from 'vitest/config'
import type { ResolvedConfig } from 'vitest/node'
import type { Problems } from '../options/problems.ts'
import type { SeveralGenerators } from './generators-option.ts'

/** Vitest's options that determine how tests run. */
export type RunOptions = Pick<ResolvedConfig, 'maxWorkers' | 'pool' | 'retry' | 'sequence'>

/**
 * Rejects options with which Vitest would repeat scenarios or run two simultaneously, whether from `test` in the config, the
 * command line or a variable.
 *
 * @param given the config's `test`; the second argument has the options that Vitest resolved
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
  // In Vitest, `fileParallelism: false` overrides the number of workers, so the given options are checked as well.
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
      "must be 'forks': the generator's CPU and event loop are measured per process",
      "test: { pool: 'forks' }",
    )
}

/** Rejects options that several generators cannot have. */
export function refuseUnfitForSeveral(
  problems: Problems,
  { watch, sequence }: Pick<ResolvedConfig, 'sequence' | 'watch'>,
  isComparison: boolean,
  { from }: SeveralGenerators,
): void {
  if (watch && typeof from !== 'number')
    problems.add(
      'PERF_GENERATOR',
      `${from.source}, in watch mode`,
      'must not be set in watch mode: the generators would rerun at different times',
      'definePerfConfig({ generators: 4 }) for several generators on this machine',
    )
  const { shuffle } = sequence
  if (shuffle === true)
    problems.add(
      'test.sequence.shuffle (--sequence.shuffle)',
      shuffle,
      'must be false with several generators, which run their scenarios in step',
      'test: { sequence: { shuffle: false } }',
    )
  if (isComparison)
    problems.add(
      'generators',
      typeof from === 'number' ? from : from.source,
      'must be 1 for vitest-slo compare, which runs on one generator',
      'generators: 1',
    )
}

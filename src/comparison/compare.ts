import type { ComparisonResult } from '../results/result.ts'
import { startBuilds, type BuildContext, type CompareTargets } from './builds.ts'
import { compareBuilds, type CompareContext } from './compare-builds.ts'
import type { Comparison } from './comparison.ts'
import { readCompareOptions, type CompareOptions } from './options.ts'

/**
 * Starts two builds of the target, applies the same load to both in alternating slices, and cleans them up. Machine
 * noise that lasts longer than a slice affects both builds and cancels out.
 *
 * @throws {OptionsError} naming every invalid option, before anything is started
 * @throws {BuildError} if a build does not start
 * @throws any error that a request, check or extract function of the scenario throws
 */
export type Compare = <D = undefined>(builds: CompareTargets, options: CompareOptions<D>) => Promise<Comparison>

/** The parts of a scenario that {@link Compare} uses. */
export interface CompareFixtureContext extends CompareContext, Pick<BuildContext, 'startable' | 'log' | 'env'> {
  /** Called once for each finished comparison. */
  onComparison(result: ComparisonResult): void
}

/** The `compare` fixture of one scenario. Unnamed comparisons are called `comparison 1`, `comparison 2`, … */
export function createCompare(context: CompareFixtureContext): Compare {
  let comparisons = 0
  return async (targets, options) => {
    const request = readCompareOptions(options)
    const name = request.name ?? `comparison ${++comparisons}`
    const { signal, scale } = context
    signal.throwIfAborted()
    await using builds = await startBuilds(targets, {
      ...context,
      scale: scale.name === 'full' ? 'full' : scale.users,
    })
    const comparison = await compareBuilds(name, builds, request, context)
    context.onComparison(comparison.result())
    return comparison
  }
}

import type { ComparisonResult } from '../results/result.ts'
import { startBuilds, type BuildContext, type CompareTargets } from './builds.ts'
import { compareBuilds, type CompareContext } from './compare-builds.ts'
import type { Comparison } from './comparison.ts'
import { readCompareOptions, type CompareOptions } from './options.ts'

/**
 * Starts two builds of the target, puts the same load on both in alternating slices, and cleans them up: noise of
 * the machine that outlasts a slice falls on both, and cancels.
 *
 * @throws {OptionsError} naming every option that cannot be used, before anything is started
 * @throws {BuildError} if a build does not start
 * @throws whatever a request, check or extract function of the scenario throws
 */
export type Compare = <D = undefined>(builds: CompareTargets, options: CompareOptions<D>) => Promise<Comparison>

/** What {@link Compare} needs from the runner of scenarios. */
export interface CompareSurroundings extends CompareContext, Pick<BuildContext, 'startable' | 'log' | 'env'> {
  /** Called once for each comparison that came to its end. */
  onComparison(result: ComparisonResult): void
}

/** The `compare` of one scenario. Comparisons are named `comparison 1`, … where they have no name of their own. */
export function createCompare(surroundings: CompareSurroundings): Compare {
  let comparisons = 0
  return async (targets, options) => {
    const request = readCompareOptions(options)
    const name = request.name ?? `comparison ${++comparisons}`
    const { signal, scale } = surroundings
    signal.throwIfAborted()
    await using builds = await startBuilds(targets, {
      ...surroundings,
      scale: scale.name === 'full' ? 'full' : scale.users,
    })
    const comparison = await compareBuilds(name, builds, request, surroundings)
    surroundings.onComparison(comparison.result())
    return comparison
  }
}

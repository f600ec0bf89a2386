import type { Http } from '../http/http.ts'
import type { HttpRunOptions } from '../http/types.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { ComparisonResult } from '../results/result.ts'
import { compareBuilds, type CompareContext } from './compare-builds.ts'
import { readCompareOptions } from './options.ts'
import type { Build, Builds } from './slice.ts'

/** Ends the scenario as skipped, for a reason. */
export type Skip = (note: string) => never

/** Where a build runs. */
interface Place {
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  readonly tls?: TlsOptions | undefined
}

export interface ComparedHttpContext extends CompareContext {
  /** How base is named. */
  readonly label: string
  readonly base: Place
  readonly head: Place
  readonly slices?: number
  readonly skip: Skip
  onComparison(result: ComparisonResult): void
}

/**
 * The `http` of a scenario where two builds are compared: its first run is put on both in slices, and there the scenario
 * ends, because what follows would judge one build.
 */
export function comparedHttp(context: ComparedHttpContext): Http {
  const { base, head, label, slices, skip, onComparison } = context
  const builds: Builds = { base: buildAt(base, label), head: buildAt(head, 'head') }
  return {
    async run<D>({ name, record: _record, abortWhen: _abortWhen, ...options }: HttpRunOptions<D>) {
      if (options.baseUrl !== undefined || options.connectTo !== undefined)
        return skip('not compared: its first http.run() names the place it asks itself')
      if (options.load?.kind === 'sharedIterations')
        return skip('not compared: its first http.run() is work to be done once (sharedIterations)')
      const request = readCompareOptions<D>({ ...options, ...(slices !== undefined && { slices }) })
      const comparison = await compareBuilds(name ?? 'http 1', builds, request, context)
      onComparison(comparison.result())
      return skip('compared; what follows the first http.run() is left out')
    },
  }
}

function buildAt({ urls, pids, tls }: Place, label: string): Build {
  return { label, baseUrl: urls[0]!, pids, tls }
}

import type { Http } from '../http/http.ts'
import type { HttpRunOptions } from '../http/types.ts'
import type { TlsOptions } from '../machine/tls.ts'
import type { ComparisonResult } from '../results/result.ts'
import { compareBuilds, type CompareContext } from './compare-builds.ts'
import { readCompareOptions } from './options.ts'
import type { Build, Builds } from './slice.ts'

/** Stops the scenario and marks it as skipped. The note is the reason. */
export type Skip = (note: string) => never

/** URLs and processes of a running build. */
interface BuildLocation {
  readonly urls: readonly string[]
  readonly pids: readonly number[]
  readonly tls?: TlsOptions | undefined
}

export interface ComparedHttpContext extends CompareContext {
  /** Name of base in messages and reports. */
  readonly label: string
  readonly base: BuildLocation
  readonly head: BuildLocation
  readonly slices?: number
  readonly skip: Skip
  onComparison(result: ComparisonResult): void
}

/**
 * The `http` fixture while two builds are compared. The scenario's first run is applied to both builds in slices; then
 * the scenario stops, because the rest of it would judge a single build.
 */
export function comparedHttp(context: ComparedHttpContext): Http {
  const { base, head, label, slices, skip, onComparison } = context
  const builds: Builds = { base: buildAt(base, label), head: buildAt(head, 'head') }
  return {
    async run<D>({ name, record: _record, abortWhen: _abortWhen, ...options }: HttpRunOptions<D>) {
      if (options.baseUrl !== undefined || options.connectTo !== undefined)
        return skip('not compared: its first http.run() sets baseUrl or connectTo')
      if (options.load?.kind === 'sharedIterations')
        return skip('not compared: its first http.run() has a fixed number of iterations (sharedIterations)')
      const request = readCompareOptions<D>({ ...options, ...(slices !== undefined && { slices }) })
      const comparison = await compareBuilds(name ?? 'http 1', builds, request, context)
      onComparison(comparison.result())
      return skip('compared; nothing after the first http.run() was run')
    },
  }
}

function buildAt({ urls, pids, tls }: BuildLocation, label: string): Build {
  return { label, baseUrl: urls[0]!, pids, tls }
}

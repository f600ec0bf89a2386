import type { Companion } from '../evidence/companion.ts'
import type { Invalidity } from '../evidence/verdict.ts'

/** Reasons of a run because of which the target did not get its load. */
const WITHOUT_LOAD: ReadonlySet<Invalidity['reason']> = new Set(['offered-rate-missed', 'generator-lost', 'aborted'])

interface Span {
  readonly startMs: number
  readonly endMs: number
}

/**
 * Reasons why a run is invalid because of runs in parallel that were to load the target at the same time, and did not. A
 * saturated generator is not one of them: its health is judged in each run, with the delays of all.
 *
 * @param spans when the requests were due that are judged, on the clock of this process
 */
export function companionInvalidities(companions: readonly Companion[], spans: readonly Span[]): readonly Invalidity[] {
  return companions.flatMap(({ name, invalidities, startMs, endMs }) => {
    const found = invalidities.find(({ reason }) => WITHOUT_LOAD.has(reason))
    if (found === undefined || !spans.some((span) => span.startMs < endMs && startMs < span.endMs)) return []
    const { reason, finding, fix } = found
    return [{ reason, finding: `the run ${name} in parallel did not apply its load: ${finding}`, fix }]
  })
}

/** Names of the runs in parallel, for a result. */
export function parallelTo(companions: readonly Companion[] = []): { readonly parallelTo?: readonly string[] } {
  return companions.length === 0 ? {} : { parallelTo: companions.map(({ name }) => name) }
}

/** Line of evidence that names the runs in parallel. */
export function companionLine(companions: readonly Companion[] = []): readonly string[] {
  return companions.length === 0 ? [] : [`in parallel with ${companions.map(({ name }) => name).join(', ')}`]
}

/** Names the runs in parallel that the saturated generator carried as well: it is one process, and its limit is that of all. */
export function alsoCarried(invalidity: Invalidity, companions: readonly Companion[] = []): Invalidity {
  if (companions.length === 0 || invalidity.reason !== 'generator-saturated') return invalidity
  const names = companions.map(({ name }) => name).join(', ')
  return { ...invalidity, finding: `${invalidity.finding}; the same process carried ${names}` }
}

import { formatCount } from '../stats/units.ts'
import type { AssertionResult, PhaseErrors, RunResult } from './result.ts'

/** `ramp (not judged): 30 of 50 requests failed: 30 × status 503` */
export function describePhaseErrors({ phase, offered, failed, dropped, kinds }: PhaseErrors): string {
  const reasons = Object.entries(kinds).map(([kind, count]) => {
    return `${formatCount(count)} × ${/^\d+$/.test(kind) ? `status ${kind}` : kind}`
  })
  if (dropped > 0) reasons.push(`${formatCount(dropped)} dropped`)
  const why = reasons.length === 0 ? '' : `: ${reasons.join(', ')}`
  return `${phase} (not judged): ${formatCount(failed)} of ${formatCount(offered)} requests failed${why}`
}

/** Lines about errors of a run in phases that no assertion judged. */
export function unjudgedErrors(run: RunResult, assertions: readonly AssertionResult[]): readonly string[] {
  if (run.kind !== 'http' && run.kind !== 'conversation') return []
  const own = assertions.filter((asserted) => asserted.run === run.name && asserted.ending === undefined)
  const isJudged = (name: PhaseErrors['phase']) =>
    own.some(({ phase, between, metric, softCheck }) => {
      if (metric !== undefined || softCheck !== undefined) return false
      if (between === undefined) return phase === name
      // A period leaves out the warm-up.
      return name !== 'warmup' && run.phases.every((each) => each.name !== name || isWithin(each, between))
    })
  return (run.unjudgedErrors ?? []).filter(({ phase }) => !isJudged(phase)).map(describePhaseErrors)
}

function isWithin(
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  [fromMs, toMs]: readonly [number, number],
): boolean {
  return startMs >= fromMs && endMs <= toMs
}

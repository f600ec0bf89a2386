import type { GeneratorSummary } from '../evidence/merged-generators.ts'
import { phasesIn, type Scope } from '../execution/request-scope.ts'
import type { Phase } from '../load/load.ts'

/** Figures of one generator of a merged run of requests. */
export interface GeneratorFigures extends GeneratorSummary {
  readonly due: readonly DueInSecond[]
}

/** Requests due and sent in one second of one phase. */
export interface DueInSecond {
  /** Index of the phase. */
  readonly phase: number
  readonly second: number
  readonly offered: number
  readonly sent: number
}

/** Requests due and sent of one generator in a scope, in any step. */
export function dueIn(
  { due }: GeneratorFigures,
  phases: readonly Phase[],
  scope: Scope,
): { offered: number; sent: number } {
  const inScope = phasesIn(phases, scope)
  const [fromMs, toMs] = scope.between ?? [0, Number.POSITIVE_INFINITY]
  const sum = { offered: 0, sent: 0 }
  for (const { phase, second, offered, sent } of due) {
    if (!inScope.includes(phase) || second * 1000 < fromMs || (second + 1) * 1000 > toMs) continue
    sum.offered += offered
    sum.sent += sent
  }
  return sum
}

import { evidenceOf, type IterationEvidence } from '../evidence/evidence.ts'
import { windowOf, type RunWindow, type TimedRun } from '../evidence/run-window.ts'
import { WHOLE_RUN } from '../execution/request-scope.ts'
import type { PhaseName } from '../load/load.ts'
import type { Duration } from '../options/checks.ts'
import { partOf } from '../results/owner.ts'
import { timeStats, type TimeStats } from '../stats/summary.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { iterationEvidence } from './iteration-evidence.ts'
import { iterationTotals, type IterationScope } from './iteration-totals.ts'
import type { HttpMeasurement } from './request-measurement.ts'
import { assertKnown, period } from './scope-arguments.ts'
import { windowOfScope } from './window-of-scope.ts'

/** Whole iterations of a run, or one group in them, with their times. Percentiles can be asserted on it. */
export interface IterationRun extends TimedRun {
  /** Kind of the run. */
  readonly kind: 'http' | 'conversation'
  /** Name of the run. */
  readonly name: string
  /** Name of the journey; `undefined` for those of all journeys. */
  readonly journey: string | undefined
  /** Name of the group; `undefined` for whole iterations. */
  readonly group: string | undefined
  /** Number due in scope: begun or dropped. A group is due only if the iteration reaches it. */
  readonly offered: number
  /** Number that ended, with or without an error. */
  readonly completed: number
  /** Number of iterations due that never began. */
  readonly dropped: number
  /** Number that had not ended when the run ended. */
  readonly unfinished: number
  /** First errors by kind. */
  readonly errors: ReadonlyMap<ErrorKind, number>
  /** Ratio that had an error, was dropped or did not end, 0–1; `undefined` if none was due. */
  readonly errorRate: number | undefined
  /**
   * Times of all that were due: from the intended start to the end, think times and sleeps in between included. With an
   * error, dropped or unfinished, one counts as infinitely slow. `undefined` if none was due.
   */
  readonly time: TimeStats | undefined
  /** Those due in one phase. @throws {Error} naming the available phases */
  phase(name: PhaseName): IterationRun
  /** Those due in a period since the start of the run (including the warm-up), in whole seconds and any phase. */
  between(from: Duration, to: Duration): IterationRun
  /** @internal */
  [evidenceOf](): IterationEvidence
}

/** Creates the iterations or the group that matchers and scenarios read. */
export function iterationRun(measured: HttpMeasurement, scope: IterationScope, settledMs: number): IterationRun {
  const { totals } = iterationTotals(measured, scope)
  const { sum } = totals
  const within = (narrower: Partial<IterationScope>) => iterationRun(measured, { ...scope, ...narrower }, settledMs)
  return {
    kind: measured.kind,
    name: measured.name,
    journey: scope.journey,
    group: scope.group,
    offered: sum.offered,
    completed: sum.completed,
    dropped: sum.dropped,
    unfinished: sum.sent - sum.completed,
    errors: sum.errors,
    errorRate: totals.errorRate,
    time: timeStats(sum.latency()),
    phase(name) {
      assertKnown(measured.name, 'phase', name, new Set(measured.phases.map((phase) => phase.name)))
      return partOf(this, within({ phase: name }))
    },
    between(from, to) {
      return partOf(this, within({ between: period(from, to) }))
    },
    [windowOf]: (): RunWindow => windowOfScope(measured, { ...WHOLE_RUN, ...scope }, settledMs),
    [evidenceOf]: () => iterationEvidence(measured, scope),
  }
}

import type { PhaseName } from '../load/load.ts'

/** The part of a run that was asserted on: `run.step('pay').tag('small').phase('spike')`. */
export interface RunPart {
  readonly phase?: PhaseName
  readonly journey?: string
  readonly step?: string
  readonly tag?: string
  readonly group?: string
  /** Set for whole iterations. */
  readonly isIteration?: true
  /** Custom metric. */
  readonly metric?: string
  readonly softCheck?: string
  /** From and to, in milliseconds since the start of the run. */
  readonly between?: readonly [number, number]
  /** Set if only the requests with this ending were judged. */
  readonly ending?: 'good' | 'failed'
}

import type { GeneratorInfo, LostGenerator } from '../../evidence/generator-info.ts'
import type { AbortCause } from '../../execution/abort-watch.ts'
import type { DividedPlan } from '../../load/plan-fingerprint.ts'
import type { Division } from '../../load/share.ts'

/** What all measurements of a run have in common. */
export interface JointMeasurement {
  /** Start of the load on the clock of this process. */
  readonly startMs: number
  readonly abortReason: string | undefined
  readonly abortCause?: AbortCause | undefined
}

/** How the evidence of a kind of run is exchanged and merged. */
export interface Merging<M extends JointMeasurement> {
  readonly encode: (own: M, generator: GeneratorInfo, secrets: readonly string[]) => Uint8Array
  readonly merge: (parts: readonly Uint8Array[], own: M, lost: readonly LostGenerator[]) => M
}

/** One run that several generators carry together. */
export interface JointRun extends Division {
  /** Aborts when the run stops on all generators. */
  readonly signal: AbortSignal
  /**
   * Compares the plans of all generators before the run.
   *
   * @throws {InvalidRunError} naming the fields that differ
   */
  agree(plan: Omit<DividedPlan, 'ordinal' | 'version'>): Promise<void>
  /** Exchanges the evidence of all generators. Called once, after the load, also if it was aborted. */
  merged<M extends JointMeasurement>(own: M, merging: Merging<M>): Promise<M>
}

/** Returns the share of this generator in a run, by the run's name; without a merge, only that share is measured. */
export type Divide = (run: string) => Division & Partial<JointRun>

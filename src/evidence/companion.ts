import type { Invalidity } from './verdict.ts'

/** A run that was in progress in parallel with another one, as far as the verdict on the other one needs it. */
export interface Companion {
  readonly name: string
  /** Start and planned end of its load on the clock of this process. */
  readonly startMs: number
  readonly endMs: number
  /** Why the whole run is invalid. */
  readonly invalidities: readonly Invalidity[]
}

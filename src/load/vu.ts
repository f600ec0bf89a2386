/** One virtual user as the functions of a scenario see it: one and the same object in all of them. */
export interface Vu<D> {
  /** From 0. */
  readonly id: number
  /** Its row of the run's `data`. */
  readonly data: D
  /** Kept for the whole run: what `extract` found, and whatever the scenario puts there. */
  readonly vars: Record<string, unknown>
}

/** One virtual user, as passed to the functions of a scenario: the same object in each call. */
export interface Vu<D> {
  /** Id of the VU, from 0. */
  readonly id: number
  /** Row of the run's `data` that is assigned to the VU, or to its current iteration. */
  readonly data: D
  /** Variables kept for the whole run: extracted values, and any that the scenario sets. */
  readonly vars: Record<string, unknown>
}

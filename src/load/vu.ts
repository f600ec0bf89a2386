/** One virtual user, as passed to the functions of a scenario: the same object in each call. */
export interface Vu<D> {
  /** Id of the VU, from 0. */
  readonly id: number
  /** The VU's row of the run's `data`. */
  readonly data: D
  /** Variables kept for the whole run: extracted values, and any that the scenario sets. */
  readonly vars: Record<string, unknown>
}

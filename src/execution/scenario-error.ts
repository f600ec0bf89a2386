/**
 * A mistake in the scenario that shows only during the run, or that would let it pass although it proves nothing. Examples
 * are a request function that returns a path without a slash, which ends the run immediately, and a run that is not
 * awaited.
 */
export class ScenarioError extends Error {
  /** Name of the class. */
  override readonly name = 'ScenarioError'
}

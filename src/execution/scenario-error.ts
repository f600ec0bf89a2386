/**
 * A mistake in the scenario that shows only while the load runs, such as a request function that throws or returns a
 * path without a slash. It ends the run at once: every further request would be as wrong.
 */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

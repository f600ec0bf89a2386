/**
 * A mistake in the scenario itself: one that shows only while the load runs, such as a request function that throws or
 * returns a path without a slash (it ends the run at once, since every further request would be wrong in the same way), or
 * one that would let the scenario pass although nothing was proved, such as a run that is not awaited.
 */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

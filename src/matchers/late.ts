import type { RunnerTestCase } from 'vitest'
import { assertedBy } from '../results/asserted.ts'

/** An assertion after the end of its scenario, whose verdict cannot change any more. */
export class LateAssertionError extends Error {
  override readonly name = 'LateAssertionError'
}

/**
 * Rejects an assertion after the end of its scenario. Vitest reports the error and fails the command even if the code that
 * asserts catches it, e.g. in a timer.
 *
 * @param call the assertion as it was written
 * @param place sets the stack of the error
 * @throws {LateAssertionError} if the scenario has ended
 */
export function rejectLate(scenario: RunnerTestCase, call: string, place: (error: Error) => void): void {
  if (!assertedBy(scenario).isOver) return
  const error = new LateAssertionError(
    `${call} was called after its scenario had ended, and was not judged: ${scenario.fullTestName}\n\n` +
      'Fix: assert before the end of the scenario that made the subject of the assertion; await callbacks and timers that assert',
  )
  place(error)
  void Promise.reject(error)
  throw error
}

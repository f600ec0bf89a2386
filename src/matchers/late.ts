import { TestRunner, type RunnerTestCase } from 'vitest'
import { assertedBy } from '../results/asserted.ts'

/** An assertion after the end of its scenario, whose verdict cannot change any more. */
export class LateAssertionError extends Error {
  override readonly name = 'LateAssertionError'

  /** @param call the assertion as it was written */
  constructor(call: string, { fullTestName }: RunnerTestCase) {
    super(
      `${call} was called after the end of its scenario, and was not judged: ${fullTestName}\n\n` +
        'Fix: await callbacks and timers that assert before the scenario ends',
    )
  }
}

/** Whether the scenario has ended. Its hooks for failures are the last part of it. */
export function isOver(scenario: RunnerTestCase): boolean {
  return assertedBy(scenario).isOver && TestRunner.getCurrentTest() !== scenario
}

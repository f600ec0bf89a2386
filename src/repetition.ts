import type { RunnerTestCase } from 'vitest'
import { ScenarioError } from './audit.ts'

/**
 * Refuses a scenario that Vitest would repeat, or run beside another, wherever that was asked for.
 *
 * @throws {ScenarioError} before anything is sent
 */
export function refuseRepetition(task: RunnerTestCase): void {
  const { retry = 0, repeats = 0, concurrent = false } = task
  const retries = typeof retry === 'object' ? (retry.count ?? 0) : retry
  if (retries > 0) {
    // Or the refusal would be tried again.
    Object.assign(task, { retry: { count: retries, condition: () => false } })
    throw refusal(
      `retry: ${retries}`,
      'a measurement that is repeated until it passes samples until it is lucky',
      'take retry out of the scenario, its suite, the config and the command line',
    )
  }
  if (repeats > 0)
    throw refusal(
      `repeats: ${repeats}`,
      'load that is put on again meets a target, and a database, that the first time has changed',
      'lengthen the load instead: its interval then says how much the result varies',
    )
  if (concurrent)
    throw refusal(
      'concurrent: true',
      'scenarios that run at the same time measure each other',
      'take .concurrent out of the scenario and its suites, and sequence.concurrent out of the config',
    )
}

/** @throws {ScenarioError} for `expect.poll()`, whatever it holds */
export function refusePoll(): never {
  throw new ScenarioError(
    'A scenario cannot use expect.poll(): it tries again until it passes, and what passes in the end is luck.\n\n' +
      'Fix: measure once and assert on that; wait for the target with vi.waitFor() before the run',
  )
}

function refusal(option: string, reason: string, fix: string): ScenarioError {
  const error = new ScenarioError(`A scenario cannot have ${option}: ${reason}.\n\nFix: ${fix}`)
  error.stack = `${error.name}: ${error.message}`
  return error
}

import type { RunnerTestCase } from 'vitest'
import type { ControlAddress } from './run/disruption.ts'
import { scenarioRecordOf } from './run/task-meta.ts'

const ELSEWHERE = 'the target runs elsewhere, with services that were not started for this run'

/** @throws {Error} where services were not started for this run, or cannot be reset */
export async function resetServices(control: ControlAddress | undefined, signal: AbortSignal): Promise<void> {
  if (control === undefined) throw new Error(`services cannot be reset from here: ${ELSEWHERE}`)
  const { orderReset } = await import('./run/control-client.ts')
  await orderReset(control, signal)
}

/** As the config asks before each scenario; where it cannot be done from here, that is recorded as skipped. */
export async function resetBefore(
  task: RunnerTestCase,
  control: ControlAddress | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (control !== undefined) return resetServices(control, signal)
  const assertion = {
    assertion: "reset: 'each-scenario'",
    expected: 'services reset',
    received: `not done: ${ELSEWHERE}`,
  }
  scenarioRecordOf(task).assertions.push({ ...assertion, outcome: 'skipped' })
}

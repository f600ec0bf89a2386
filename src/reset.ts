import type { RunnerTestCase } from 'vitest'
import { checkKnownKeys } from './options/checks.ts'
import { Problems } from './options/problems.ts'
import type { ControlAddress } from './run/disruption.ts'
import { scenarioRecordOf } from './run/task-meta.ts'

const ELSEWHERE = 'the target runs elsewhere, with services that were not started for this run'

/** What of the services is reset. */
export interface ResetOptions {
  /** Its name in the config. Default: all that can be reset. */
  readonly service?: string
}

/** @throws {Error} if services were not started for this run, cannot be reset, or there is none of that name */
export async function resetServices(
  control: ControlAddress | undefined,
  signal: AbortSignal,
  options: ResetOptions = {},
): Promise<void> {
  const problems = new Problems()
  checkKnownKeys(problems, '', options, ['service'])
  const { service } = options
  if (service !== undefined && (typeof service !== 'string' || service === ''))
    problems.add('service', service, 'must be the name of a service of the config', "reset({ service: 'orders' })")
  problems.throwIfAny('reset()')
  if (control === undefined) throw new Error(`services cannot be reset from here: ${ELSEWHERE}`)
  const { orderReset } = await import('./run/control-client.ts')
  await orderReset(control, service, signal)
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

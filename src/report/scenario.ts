import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { SerializedError } from 'vitest'
import type { TestCase, TestSuite } from 'vitest/node'
import type { Outcome } from '../evidence/verdict.ts'
import type { ScenarioRecord } from '../results/result.ts'
import type { ErrorResult, ScenarioResult } from './results.ts'
import { RUN_INFO } from './run-info.ts'

/** Record of a test from its worker; `undefined` if there is none, e.g. because a fixture failed. */
export function recordOf(testCase: TestCase): ScenarioRecord | undefined {
  const slo = (testCase.meta() as { slo?: Partial<ScenarioRecord> }).slo
  return slo && { runs: slo.runs ?? [], comparisons: slo.comparisons ?? [], assertions: slo.assertions ?? [] }
}

/** Whether a test is a scenario: it has a record, or its project provides {@link RUN_INFO}. */
export function isScenario(testCase: TestCase): boolean {
  return recordOf(testCase) !== undefined || testCase.project.getProvidedContext()[RUN_INFO] !== undefined
}

/** Identity of a scenario across runs. */
export function identityOf(testCase: TestCase): Pick<ScenarioResult, 'name' | 'file' | 'project'> {
  const { fullName: name, module, project } = testCase
  return { name, file: module.relativeModuleId, ...(project.name ? { project: project.name } : {}) }
}

/**
 * Entry of a test in `results.json`, not yet redacted.
 *
 * @param isCancelled whether the command was stopped before its end: Vitest then reports a running test as skipped, or, if
 * its process ended first, not at all
 */
export function scenarioOf(testCase: TestCase, isCancelled = false): ScenarioResult {
  if (isUnstarted(testCase)) return notStarted(testCase)
  const record = recordOf(testCase) ?? { runs: [], assertions: [] }
  const result = testCase.result()
  const isUnreported = isCancelled && result.state !== 'passed' && result.state !== 'skipped' && !result.errors?.length
  const state = isUnreported ? 'skipped' : result.state
  const note = result.state === 'skipped' ? result.note : undefined
  const wasStopped =
    state === 'skipped' && (isCancelled ? record.runs.length > 0 && !skippedItself(note) : hasAborted(record))
  const root = testCase.project.config.root
  const isFailureExpected = testCase.options.fails === true
  const errors = (result.errors ?? []).map((error) => errorOf(error, root))
  return {
    ...identityOf(testCase),
    verdict: verdictOf(wasStopped ? 'stopped' : state, record, { errors, isFailureExpected }),
    ...(isFailureExpected ? { isFailureExpected } : {}),
    ...(wasStopped ? { note: STOPPED } : isUnreported ? { note: UNREPORTED } : note ? { note } : {}),
    durationMs: Math.round(testCase.diagnostic()?.duration ?? 0),
    runs: record.runs,
    ...(record.comparisons?.length ? { comparisons: record.comparisons } : {}),
    assertions: record.assertions,
    errors,
  }
}

/**
 * A scenario with the errors of hooks around it, such as `beforeAll()` of its file or suite, which Vitest reports apart from
 * its tests. They fail every scenario of the suite: those that a hook prevented from running, and those whose runs it judged.
 */
export function withHookErrors(scenario: ScenarioResult, testCase: TestCase): ScenarioResult {
  const { project, options } = testCase
  const isLeftOut =
    scenario.verdict === 'skipped' && (options.mode === 'skip' || options.mode === 'todo' || scenario.note)
  const errors = isLeftOut ? [] : hookErrorsOf(testCase).map((error) => errorOf(error, project.config.root))
  if (errors.length === 0) return scenario
  const isInvalid = scenario.verdict !== 'failed' && errors.every(({ name }) => name === 'InvalidRunError')
  return { ...scenario, verdict: isInvalid ? 'invalid' : 'failed', errors: [...scenario.errors, ...errors] }
}

function hookErrorsOf({ parent }: TestCase | TestSuite): SerializedError[] {
  return [...parent.errors(), ...(parent.type === 'suite' ? hookErrorsOf(parent) : [])]
}

/**
 * Whether a test did not start because Vitest skipped a suite or file around it, as it does if the run is stopped. It then
 * reports a pending result for the test.
 */
export function isUnstarted(testCase: TestCase): boolean {
  return testCase.result().state === 'pending' && isInSkippedSuite(testCase)
}

function isInSkippedSuite({ parent }: TestCase | TestSuite): boolean {
  return parent.state() === 'skipped' || (parent.type === 'suite' && isInSkippedSuite(parent))
}

/** Entry of a scenario that did not start. Vitest may still hold its result of an earlier run. */
export function notStarted(testCase: TestCase): ScenarioResult {
  const empty = { durationMs: 0, runs: [], assertions: [], errors: [] }
  return { ...identityOf(testCase), verdict: 'skipped', note: NOT_STARTED, ...empty }
}

const NOT_STARTED = 'did not start: the run was stopped first'

const STOPPED = 'stopped before its end: the results are partial'

const UNREPORTED = 'stopped before its end: there are no results'

/** Whether a note was given by the scenario. Vitest adds a note to tests that it stops. */
function skippedItself(note: string | undefined): boolean {
  return note !== undefined && !note.includes('aborted by the user')
}

function hasAborted({ runs }: ScenarioRecord): boolean {
  return runs.some(({ state }) => state === 'aborted')
}

/**
 * `failed` if an assertion or any other error failed the scenario, `invalid` if its only errors are evidence that cannot be
 * judged. Assertions count even if the scenario caught their errors, so a test that passed or was skipped in Vitest can be
 * `failed` or `invalid`. Only `.fails` hides a failed assertion. A scenario that was stopped before it failed is `invalid`:
 * its evidence is partial and was not judged.
 */
function verdictOf(
  state: ReturnType<TestCase['result']>['state'] | 'stopped',
  { assertions }: ScenarioRecord,
  { errors, isFailureExpected }: { readonly errors: readonly ErrorResult[]; readonly isFailureExpected: boolean },
): Outcome {
  if (!isFailureExpected && assertions.some(({ outcome }) => outcome === 'failed')) return 'failed'
  if (state === 'stopped') return 'invalid'
  if (state === 'skipped') return assertions.some(({ outcome }) => outcome === 'invalid') ? 'invalid' : 'skipped'
  if (state !== 'passed') {
    const isInvalid = errors.length > 0 && errors.every(({ name }) => name === 'InvalidRunError')
    return isInvalid ? 'invalid' : 'failed'
  }
  return assertions.some(({ outcome }) => outcome === 'invalid') ? 'invalid' : 'passed'
}

/** An error without colours and stack, with the position inside the project from which it was thrown. */
export function errorOf(error: SerializedError, root: string): ErrorResult {
  const frame = error.stacks?.find(({ file }) => file.startsWith(root) && !file.includes('/node_modules/'))
  return {
    name: error.name ?? 'Error',
    message: stripVTControlCharacters(error.message ?? 'no message'),
    ...(frame ? { at: `${relative(root, frame.file)}:${frame.line}:${frame.column}` } : {}),
  }
}

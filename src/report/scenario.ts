import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { SerializedError } from 'vitest'
import type { TestCase } from 'vitest/node'
import type { Outcome } from '../evidence/verdict.ts'
import type { ScenarioRecord } from '../results/result.ts'
import type { ErrorResult, ScenarioResult } from './results.ts'
import { RUN_INFO } from './run-info.ts'

/** What the worker recorded for a test; empty if it recorded nothing, e.g. because a fixture failed. */
export function recordOf(testCase: TestCase): ScenarioRecord | undefined {
  const slo = (testCase.meta() as { slo?: Partial<ScenarioRecord> }).slo
  return slo && { runs: slo.runs ?? [], comparisons: slo.comparisons ?? [], assertions: slo.assertions ?? [] }
}

/** Tests that recorded something, and every test of a project that said its tests are scenarios. */
export function isScenario(testCase: TestCase): boolean {
  return recordOf(testCase) !== undefined || testCase.project.getProvidedContext()[RUN_INFO] !== undefined
}

/** What a scenario is known by from one run to the next. */
export function identityOf(testCase: TestCase): Pick<ScenarioResult, 'name' | 'file' | 'project'> {
  const { fullName: name, module, project } = testCase
  return { name, file: module.relativeModuleId, ...(project.name ? { project: project.name } : {}) }
}

/**
 * A test as `results.json` holds it. Not yet redacted.
 *
 * @param isCancelled the command was stopped before its end: Vitest then takes a test that was under way for skipped
 */
export function scenarioOf(testCase: TestCase, isCancelled = false): ScenarioResult {
  const record = recordOf(testCase) ?? { runs: [], assertions: [] }
  const result = testCase.result()
  const wasStopped =
    result.state === 'skipped' &&
    (isCancelled ? record.runs.length > 0 && !skippedItself(result.note) : hasAborted(record))
  const root = testCase.project.config.root
  const isFailureExpected = testCase.options.fails === true
  const errors = (result.errors ?? []).map((error) => errorOf(error, root))
  return {
    ...identityOf(testCase),
    verdict: verdictOf(wasStopped ? 'stopped' : result.state, record, { errors, isFailureExpected }),
    ...(wasStopped ? { note: STOPPED } : result.state === 'skipped' && result.note ? { note: result.note } : {}),
    durationMs: Math.round(testCase.diagnostic()?.duration ?? 0),
    runs: record.runs,
    ...(record.comparisons?.length ? { comparisons: record.comparisons } : {}),
    assertions: record.assertions,
    errors,
  }
}

/** A scenario of which Vitest has nothing but what an earlier run of the session left. */
export function unbegun(testCase: TestCase): ScenarioResult {
  const nothing = { durationMs: 0, runs: [], assertions: [], errors: [] }
  return { ...identityOf(testCase), verdict: 'skipped', note: UNBEGUN, ...nothing }
}

const UNBEGUN = 'did not begin: the run was stopped before'

const STOPPED = 'stopped before its end: what was measured until then is here'

/** Whether a note is the scenario's own; Vitest leaves one on tests that it stopped. */
function skippedItself(note: string | undefined): boolean {
  return note !== undefined && !note.includes('aborted by the user')
}

function hasAborted({ runs }: ScenarioRecord): boolean {
  return runs.some(({ state }) => state === 'aborted')
}

/**
 * `invalid` where everything that speaks against the scenario is evidence that cannot be judged, `failed` where
 * anything else does. What an assertion came to counts also where the scenario caught it: a test that Vitest passed does
 * not hide a judgement that went against it, nor does one that was skipped after it. Only `.fails` hides an assertion that failed. Stopped before its end, what has not
 * failed yet is `invalid`: there is a part of the evidence and no judgement.
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

/** An error without colours and stack, but with the place it was thrown at inside the project. */
export function errorOf(error: SerializedError, root: string): ErrorResult {
  const frame = error.stacks?.find(({ file }) => file.startsWith(root) && !file.includes('/node_modules/'))
  return {
    name: error.name ?? 'Error',
    message: stripVTControlCharacters(error.message ?? 'no message'),
    ...(frame ? { at: `${relative(root, frame.file)}:${frame.line}:${frame.column}` } : {}),
  }
}

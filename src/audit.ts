import type { RunnerTestCase } from 'vitest'
import { assertedBy } from './run/asserted.ts'
import type { AssertionResult, RunResult } from './run/result.ts'
import { scenarioRecordOf } from './run/task-meta.ts'
import { InvalidRunError } from './run/verdict.ts'
import type { UnderWay } from './under-way.ts'

/** Thrown where a scenario, as it is written, would pass although something speaks against it. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

interface Auditor {
  /** In watch mode a scenario is being written: that it asserts nothing yet is only a warning. */
  readonly isWatching: boolean
  /** Evidence that cannot be judged fails the scenario. */
  readonly failsInvalid: boolean
  /** Aborted if the command is stopped, or the scenario's time is over. */
  readonly signal: AbortSignal
  skip(note: string): never
}

/**
 * Looks at a scenario that has ended, hooks and fixtures included, for what Vitest would let pass:
 *
 * | the scenario | becomes |
 * |---|---|
 * | did not wait for a run or an assertion | failed |
 * | caught the error of an assertion that failed or was invalid | failed, invalid |
 * | skipped itself after such an assertion | failed, invalid |
 * | asserted nothing | invalid |
 * | asserted on figures of runs that cannot be judged, by matchers that do not see that | invalid |
 * | asserted so on a run that was given up because the target failed | failed |
 * | could check none of its assertions | skipped |
 */
export function auditScenario(task: RunnerTestCase, underWay: UnderWay, auditor: Auditor): void {
  const result = task.result as { state: string; pending?: boolean; errors?: TaskError[] } | undefined
  if (result === undefined) return
  if (task.fails === true) {
    if (result.state === 'fail') keepUnexpected(result.errors ?? [], scenarioRecordOf(task).assertions)
    return
  }
  if (result.state === 'fail') return
  const hasSkippedItself = result.pending === true
  // Stopped from outside.
  if (result.state === 'skip' && !hasSkippedItself) return
  if (!hasSkippedItself) refuseUnawaited(task, underWay)
  const { assertions, runs } = scenarioRecordOf(task)
  const against = assertions.find(speaksAgainst('failed')) ?? assertions.find(speaksAgainst('invalid'))
  if (against !== undefined && (against.outcome === 'failed' || auditor.failsInvalid)) {
    // Vitest would keep the test skipped.
    if (hasSkippedItself) result.pending = false
    throw suppressed(against, hasSkippedItself)
  }
  if (hasSkippedItself) return
  if (underWay.assertions > 0) refuseUnusable(assertions, runs, auditor)
  const { judged, skipped } = assertedBy(task)
  if (judged > 0 || underWay.assertions > 0) return
  if (skipped > 0) auditor.skip(noteOf(assertions))
  // It ended by itself before Vitest could say that it was stopped.
  if (auditor.signal.aborted) auditor.skip(messageOf(auditor.signal.reason))
  reportNothingAsserted(assertions, runs, auditor)
}

function speaksAgainst(outcome: AssertionResult['outcome']) {
  return (assertion: AssertionResult) => assertion.outcome === outcome
}

interface TaskError {
  readonly name?: string
  readonly message?: string
}

/**
 * `perfTest.fails` expects a failed assertion, which says something about the service, and nothing else: not a bug of the
 * scenario, a wrong option, or evidence that cannot be judged. Vitest leaves errors with this mark alone if it turns a
 * failure that was expected into a pass.
 */
function keepUnexpected(errors: readonly TaskError[], assertions: readonly AssertionResult[]): void {
  if (errors.every((error) => isFailedAssertion(error, assertions))) return
  for (const error of errors) Object.assign(error, { __vitest_test_syntax_error__: true })
}

/** Of a matcher of this package, of Vitest, of Chai, of `node:assert`, or of `expect.extend()`, which have no name. */
function isFailedAssertion(error: TaskError, assertions: readonly AssertionResult[]): boolean {
  if (error.name === 'AssertionError') return true
  if (error.name !== 'Error') return false
  const isOurs = assertions.some(({ outcome, message }) => outcome === 'failed' && message === error.message)
  return isOurs || ('actual' in error && 'expected' in error)
}

/**
 * Matchers of others read figures and do not see that a run cannot be judged.
 *
 * @throws {Error} unless a matcher of this package judged a run
 */
function refuseUnusable(assertions: AssertionResult[], runs: readonly RunResult[], auditor: Auditor): void {
  if (assertions.some(({ run }) => run !== undefined)) return
  for (const { name, state, abortReason, invalidities } of runs) {
    const [invalidity] = invalidities
    if (invalidity === undefined && state !== 'aborted') continue
    const finding = invalidity?.finding ?? `the run was given up: ${abortReason}`
    const message = `The run ${name} cannot be judged, and only its figures were asserted on.

Expected: a run that can be judged
Received: ${finding}

Fix: ${invalidity?.remedy ?? 'see why the target failed; if it is meant to fail that often, set abortWhen: false'}`
    const [outcome, reason] =
      invalidity === undefined ? (['failed'] as const) : (['invalid', invalidity.reason] as const)
    assertions.push({
      ...{
        assertion: 'expect()',
        expected: 'a run that can be judged',
        received: finding,
        outcome,
        message,
        run: name,
      },
      ...(reason === undefined ? {} : { reason }),
    })
    if (reason === undefined) throw withoutStack(new ScenarioError(message))
    if (auditor.failsInvalid) throw withoutStack(new InvalidRunError(message, reason))
    console.warn(`InvalidRunError: ${message}`)
    return
  }
}

function suppressed({ assertion, outcome, reason, message = '' }: AssertionResult, hasSkipped: boolean): Error {
  const how = hasSkipped ? 'was skipped after' : 'caught the error of'
  const fix = hasSkipped
    ? 'skip before anything is asserted'
    : 'let the error through; use .not for the opposite, perfTest.fails for a scenario that is to fail'
  const text = `The scenario ${how} an assertion that ${outcome === 'failed' ? 'failed' : 'was invalid'}: ${assertion}. \
What was judged counts.\n\n${message}\n\nFix: ${fix}`
  return withoutStack(reason === undefined ? new ScenarioError(text) : new InvalidRunError(text, reason))
}

/** @throws {ScenarioError} with the stack of the call that was not awaited */
function refuseUnawaited(task: RunnerTestCase, { started }: UnderWay): void {
  const run = started.find(({ promise, wasOver }) => !promise.isAwaited || !wasOver)
  if (run !== undefined)
    throw at(
      // The first frame is the fixture's.
      framesOf(run.site).slice(1),
      `${run.call} was not awaited: the scenario ended while it was under way, or did not look at its result.\n\n` +
        `Fix: await ${run.call.replace('()', '(…)')} and assert on what it returns`,
    )
  const later = assertedBy(task).later.find(({ promise }) => !promise.isAwaited)
  if (later !== undefined)
    throw at(
      framesOf(later.site),
      `${later.call} was not awaited: it is judged later, and the scenario did not wait for it.\n\n` +
        `Fix: await ${later.call}`,
    )
}

function noteOf(assertions: readonly AssertionResult[]): string {
  const reasons = assertions.filter(speaksAgainst('skipped')).map(({ received }) => received)
  return `none of its assertions could be checked: ${[...new Set(reasons)].join('; ')}`
}

/** @throws {InvalidRunError} unless invalid evidence only warns */
function reportNothingAsserted(
  assertions: AssertionResult[],
  runs: readonly RunResult[],
  { failsInvalid, isWatching }: Auditor,
): void {
  const received = runs.length === 0 ? 'none, and no load' : `none on ${runs.map(({ name }) => name).join(', ')}`
  const message = `Nothing was asserted: a scenario without an assertion proves nothing.

Expected: at least one expect() on what was measured
Received: ${received}

Fix: ${runs[0] === undefined ? NOTHING_RUN : EXAMPLES[runs[0].kind]}`
  assertions.push({
    assertion: 'expect()',
    expected: 'at least one assertion',
    received,
    outcome: 'invalid',
    reason: 'nothing-asserted',
    message,
  })
  if (failsInvalid && !isWatching) throw withoutStack(new InvalidRunError(message, 'nothing-asserted'))
  console.warn(`InvalidRunError: ${message}`)
}

/** Assertions to begin with, by what was run. */
const EXAMPLES: Readonly<Record<RunResult['kind'], string>> = {
  http: 'assert on the run: expect(run).toHaveP95Below(150), expect(run).toHaveErrorRateBelow(0.001)',
  conversation: 'assert on the run: expect(run).toHaveP95Below(150), expect(run).toHaveErrorRateBelow(0.001)',
  fanOut: 'assert on what was delivered: expect(fanOut).toDeliverWithin(250, { ratio: 0.99 })',
  micro: 'assert on the times: expect(run).toHaveP95Below(5)',
}
const NOTHING_RUN =
  'run a load and assert on it: const run = await http.run({ load, request }); expect(run).toHaveP95Below(150)'

function at(frames: readonly string[], message: string): ScenarioError {
  const error = new ScenarioError(message)
  error.stack = [`${error.name}: ${message}`, ...frames].join('\n')
  return error
}

function framesOf({ stack = '' }: Error): readonly string[] {
  return stack.split('\n').filter((line) => line.startsWith('    at '))
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}

/** A stack through our own files would bury the message. */
function withoutStack<E extends Error>(error: E): E {
  error.stack = `${error.name}: ${error.message}`
  return error
}

import { stripVTControlCharacters } from 'node:util'
import { shortened } from '../options/shortened.ts'
import { showValue } from '../options/show-value.ts'
import type { ExpectCall } from '../results/asserted.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN, RETURN_FIX } from './forgotten-return.ts'
import { ScenarioError } from './scenario-error.ts'

/**
 * Whether a function of the scenario is running that is called for each request or message. In it `expect.soft()` works
 * like `expect()`: otherwise the same error would be collected and printed for each of thousands of responses.
 */
export const calledEachTime = {
  isRunning: false,
  /** Number of runs with a flow, whose functions run between those of the scenario. */
  flows: 0,
  /** Calls of `expect()` in these functions on which no matcher has been called yet. */
  unmatched: new Set<ExpectCall>(),
}

/** @throws {ScenarioError} for a function that calls `expect()` without a matcher */
export function rejectUnmatched(name: string): never {
  throw new ScenarioError(
    `${name}: the function calls expect() without a matcher, which checks nothing: every response passes\nFix: call a matcher: expect(response.status).toBe(200)`,
  )
}

/** Error of a function of the scenario that returned an invalid value. It is called for each `what`. */
export function wrongReturn(name: string, returned: unknown, valid: string, what = 'response'): ScenarioError {
  // A rejection of the promise does not matter any more.
  if (returned instanceof Promise) returned.catch(() => {})
  const [why, not] =
    returned instanceof Promise ? [`; it is called for each ${what} and cannot wait`, ', not a promise'] : ['', '']
  return new ScenarioError(
    `${name}: the function must return ${valid}, it returned ${showValue(returned)}${why}\nFix: return ${valid}${not}`,
  )
}

/** Reads the boolean that a function returned; nothing counts as false. @throws {ScenarioError} for any other value */
export function decision(name: string, returned: unknown): boolean {
  return decided(name, returned) ?? false
}

/** Like {@link decision}, but `undefined` for nothing. */
export function decided(name: string, returned: unknown): boolean | undefined {
  if (typeof returned === 'boolean') return returned
  if (returned === undefined || returned === null) return undefined
  throw wrongReturn(name, returned, 'true or false', 'message')
}

/**
 * Problem that a check function of the scenario finds in a response; `undefined` if it finds none.
 *
 * @throws {ScenarioError} if it returns an invalid value, or calls `expect()` without a matcher
 * @throws any error that it throws, except a failed assertion
 */
export function checkProblem<R, C>(
  check: (response: R, context: C) => unknown,
  response: R,
  context: C,
): string | undefined {
  let verdict: unknown
  const wasRunning = calledEachTime.isRunning
  const { unmatched } = calledEachTime
  const unmatchedBefore = unmatched.size
  let isUnmatched = false
  calledEachTime.isRunning = true
  try {
    verdict = check(response, context)
  } catch (error) {
    const problem = assertionProblem(error)
    if (problem === undefined) throw error
    return problem
  } finally {
    calledEachTime.isRunning = wasRunning
    isUnmatched = unmatched.size > unmatchedBefore
    if (isUnmatched) for (const call of [...unmatched].slice(unmatchedBefore)) unmatched.delete(call)
  }
  if (isUnmatched && !(verdict instanceof Promise)) rejectUnmatched('check')
  if (verdict === true || isAssertion(verdict)) return undefined
  if (verdict === undefined) {
    // The check of a request that a function returned has not been validated before.
    if (forgetsItsReturn(check)) throw new ScenarioError(`check: the function ${FORGOTTEN_RETURN}\nFix: ${RETURN_FIX}`)
    return undefined
  }
  if (verdict === false) return 'check: the function returned false'
  if (typeof verdict === 'string') return `check: ${firstLine(verdict)}`
  throw wrongReturn('check', verdict, 'true, false, a text or nothing')
}

/** Problem that a failed assertion found; `undefined` for any other error. */
export function assertionProblem(error: unknown): string | undefined {
  return error instanceof Error && isFailedAssertion(error) ? `check: ${firstLine(error.message)}` : undefined
}

/** Whether a value was returned by a passed matcher, as in `(response) => expect(response.status).toBe(200)`. */
function isAssertion(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '__flags' in value
}

/** Whether an error was thrown by a matcher: of Vitest, Chai, `node:assert` or `expect.extend()`. */
function isFailedAssertion(error: Error): boolean {
  return error.name === 'AssertionError' || ('actual' in error && 'expected' in error)
}

function firstLine(text: string): string {
  const line = stripVTControlCharacters(text).split('\n', 1)[0]!
  return shortened(line, 120)
}

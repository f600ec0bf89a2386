import { stripVTControlCharacters } from 'node:util'
import { shortened } from '../options/shortened.ts'
import { showValue } from '../options/show-value.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN } from './forgotten-return.ts'
import { ScenarioError } from './scenario-error.ts'

/**
 * Whether a function of the scenario is called that runs for each request or message. `expect.soft()` does there what
 * `expect()` does: collected, the same error would be printed once for each of thousands of responses.
 */
export const calledEachTime = { isRunning: false }

/** A function of the scenario, called for each `what`, returned what has no meaning there. */
export function wrongReturn(name: string, returned: unknown, valid: string, what = 'response'): ScenarioError {
  // Its own failure is of no interest any more.
  if (returned instanceof Promise) returned.catch(() => {})
  const hint = returned instanceof Promise ? `; it is called for each ${what} and cannot wait` : ''
  return new ScenarioError(`${name}: the function must return ${valid}, it returned ${showValue(returned)}${hint}`)
}

/** What a function that decides returned. @throws {ScenarioError} if it is neither true nor false; nothing is false */
export function decision(name: string, returned: unknown): boolean {
  if (typeof returned === 'boolean') return returned
  if (returned === undefined || returned === null) return false
  throw wrongReturn(name, returned, 'true or false', 'message')
}

/**
 * What a check function of the scenario finds wrong with a response; `undefined` for nothing.
 *
 * @throws {ScenarioError} if it returns what has no meaning
 * @throws what it throws, unless that is a failed assertion
 */
export function checkProblem<R, C>(
  check: (response: R, context: C) => unknown,
  response: R,
  context: C,
): string | undefined {
  let verdict: unknown
  const wasRunning = calledEachTime.isRunning
  calledEachTime.isRunning = true
  try {
    verdict = check(response, context)
  } catch (error) {
    if (error instanceof Error && isFailedAssertion(error)) return `check: ${firstLine(error.message)}`
    throw error
  } finally {
    calledEachTime.isRunning = wasRunning
  }
  if (verdict === true || isAssertion(verdict)) return undefined
  if (verdict === undefined) {
    // The check of a request that a function returned has not been looked at before.
    if (forgetsItsReturn(check)) throw new ScenarioError(`check: the function ${FORGOTTEN_RETURN}`)
    return undefined
  }
  if (verdict === false) return 'check: the function returned false'
  if (typeof verdict === 'string') return `check: ${firstLine(verdict)}`
  throw wrongReturn('check', verdict, 'true, false, a text or nothing')
}

/** What a matcher of Vitest or Chai returns once it holds: `(response) => expect(response.status).toBe(200)`. */
function isAssertion(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '__flags' in value
}

/** Of Vitest, Chai, `node:assert`, or a custom matcher, which has no name of its own. */
function isFailedAssertion(error: Error): boolean {
  return error.name === 'AssertionError' || ('actual' in error && 'expected' in error)
}

function firstLine(text: string): string {
  const line = stripVTControlCharacters(text).split('\n', 1)[0]!
  return shortened(line, 120)
}

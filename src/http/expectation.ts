import { isDeepStrictEqual, stripVTControlCharacters } from 'node:util'
import type { HttpAnswer } from './answer.ts'
import { ScenarioError } from '../run/scenario-error.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN } from './forgotten-return.ts'
import { showValue } from './request-error.ts'
import { BodyError } from './response-body.ts'

/** Which status codes are as expected. Default: all below 400. */
export type ExpectedStatus = number | readonly number[] | ((status: number) => boolean)

/**
 * What a response's body must be. `json`: every property given must be equal, others may be there; arrays have equal
 * length. `text`: contains the string, or matches. A function fails the check with `false`, with a text (the reason), or
 * with a failed assertion (`expect`, `node:assert`); it passes with `true`, or with nothing, unless all it does is compare. Any other error that it throws
 * is the scenario's and ends the run.
 */
export type Check =
  | { readonly json: unknown }
  | { readonly text: string | RegExp }
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a check may only call `expect`
  | ((response: HttpAnswer) => boolean | string | void)

export function statusTest(expected: ExpectedStatus | undefined): (status: number) => boolean {
  if (expected === undefined) return (status) => status < 400
  if (typeof expected === 'function') return (status) => verdictOf(expected, status)
  if (typeof expected === 'number') return (status) => status === expected
  const statuses = new Set(expected)
  return (status) => statuses.has(status)
}

function verdictOf(expected: (status: number) => boolean, status: number): boolean {
  const verdict: unknown = expected(status)
  if (typeof verdict === 'boolean') return verdict
  throw wrongReturn('expectStatus', verdict, 'true or false')
}

/** A function of the scenario returned what has no meaning there. */
export function wrongReturn(name: string, returned: unknown, valid: string): ScenarioError {
  // Its own failure is of no interest any more.
  if (returned instanceof Promise) returned.catch(() => {})
  const hint = returned instanceof Promise ? '; it is called for each response and cannot wait' : ''
  return new ScenarioError(`${name}: the function must return ${valid}, it returned ${showValue(returned)}${hint}`)
}

/**
 * What is wrong with a response's body, in words that carry nothing of it; `undefined` for one that is as it should be.
 *
 * @throws {BodyError} for a body that cannot be read
 * @throws whatever else a function of the scenario throws
 */
export function failedCheck(check: Check, answer: HttpAnswer): string | undefined {
  if (typeof check === 'function') return failedFunction(check, answer)
  if ('text' in check) {
    const { text } = check
    const found = typeof text === 'string' ? answer.text().includes(text) : answer.text().search(text) >= 0
    return found ? undefined : `check: the text is not in the response${noteOn(answer)}`
  }
  const path = difference(check.json, answer.json(), '$')
  return path === undefined ? undefined : `check: the response differs at ${path}${noteOn(answer)}`
}

function noteOn(answer: HttpAnswer): string {
  return answer.isGarbled ? ', whose body is not valid UTF-8' : ''
}

function failedFunction(check: (answer: HttpAnswer) => unknown, answer: HttpAnswer): string | undefined {
  let verdict: unknown
  try {
    verdict = check(answer)
  } catch (error) {
    if (error instanceof Error && isFailedAssertion(error)) return `check: ${firstLine(error.message)}`
    throw error
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
  if (error instanceof BodyError) return false
  return error.name === 'AssertionError' || ('actual' in error && 'expected' in error)
}

function difference(expected: unknown, received: unknown, path: string): string | undefined {
  // A literal of a number was rounded when the scenario was read.
  if (typeof expected === 'number' && typeof received === 'bigint')
    return Number(received) === expected ? undefined : path
  if (typeof expected === 'bigint' && typeof received === 'number')
    return Number.isInteger(received) && BigInt(received) === expected ? undefined : path
  if (typeof expected !== 'object' || expected === null) return isDeepStrictEqual(expected, received) ? undefined : path
  if (typeof received !== 'object' || received === null || Array.isArray(expected) !== Array.isArray(received))
    return path
  if (Array.isArray(expected) && expected.length !== (received as unknown[]).length) return path
  for (const [key, value] of Object.entries(expected)) {
    const found = difference(value, (received as Record<string, unknown>)[key], `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function firstLine(text: string): string {
  const line = stripVTControlCharacters(text).split('\n', 1)[0]!
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

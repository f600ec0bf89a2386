import { isDeepStrictEqual } from 'node:util'
import type { HttpAnswer } from './answer.ts'
import { checkProblem, wrongReturn } from '../execution/checked-function.ts'
import { isPlainObject } from './json-body.ts'

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

/**
 * What is wrong with a response's body, in words that carry nothing of it; `undefined` for one that is as it should be.
 *
 * @throws {BodyError} for a body that cannot be read
 * @throws whatever else a function of the scenario throws
 */
export function failedCheck(check: Check, answer: HttpAnswer): string | undefined {
  if (typeof check === 'function') return checkProblem(check, answer, undefined)
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

/**
 * As `toMatchObject`, but that a bigint may be written for any integer.
 *
 * @returns where the first difference is
 */
function difference(expected: unknown, received: unknown, path: string): string | undefined {
  // A literal of a number beyond 2^53 was rounded when the scenario was read: other integers are the same number.
  if (typeof expected === 'number' && typeof received === 'bigint')
    return Number.isSafeInteger(expected)
      ? path
      : `${path}: integers beyond 2^53 are exact, write them as bigint, such as 9007199254740993n`
  if (typeof expected === 'bigint' && typeof received === 'number')
    return Number.isInteger(received) && BigInt(received) === expected ? undefined : path
  if (typeof expected !== 'object' || expected === null) return isDeepStrictEqual(expected, received) ? undefined : path
  if (isAsymmetric(expected)) return expected.asymmetricMatch(received) ? undefined : path
  if (typeof received !== 'object' || received === null || Array.isArray(expected) !== Array.isArray(received))
    return path
  if (Array.isArray(expected)) {
    if (expected.length !== (received as unknown[]).length) return path
  } else if (!isPlainObject(expected) && Object.keys(expected).length === 0) return path
  // Also the holes of an array, which have no keys.
  const keys = Array.isArray(expected) ? expected.keys() : Object.keys(expected)
  for (const key of keys) {
    const at = `${path}.${key}`
    if (!Object.hasOwn(received, key)) return at
    const found = difference((expected as Values)[key], (received as Values)[key], at)
    if (found !== undefined) return found
  }
  return undefined
}

type Values = Readonly<Record<string | number, unknown>>

/** `expect.any(String)` and its like. */
function isAsymmetric(value: object): value is { asymmetricMatch(received: unknown): boolean } {
  return 'asymmetricMatch' in value && typeof value.asymmetricMatch === 'function'
}

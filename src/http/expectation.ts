import { isDeepStrictEqual } from 'node:util'
import { checkProblem, wrongReturn } from '../execution/checked-function.ts'
import { inspected } from '../options/shortened.ts'
import { isPlainObject } from './json-body.ts'
import type { HttpResponse } from './response.ts'

/** Expected status codes. @default all below 400 except 101, with which the target switches protocols */
export type ExpectedStatus = number | readonly number[] | ((status: number) => boolean)

/**
 * Check of a response. `json`: every given property must be equal, the body may have others; arrays must have the same
 * length. `text`: the body contains the string or matches the expression. A function fails the check by returning `false`
 * or a string (the reason), or with a failed assertion (`expect`, `node:assert`). It passes by returning `true`, or
 * nothing if it does more than compare. Any other error that it throws is the scenario's and ends the run.
 */
export type Check =
  | {
      /** JSON that the body must contain. */
      readonly json: unknown
    }
  | {
      /** Text that the body must contain, or a pattern that it must match. */
      readonly text: string | RegExp
    }
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a check may only call `expect`
  | ((response: HttpResponse) => boolean | string | void)

/**
 * Checks of a response by name that do not fail the request. Each has a rate of its own, see `run.softCheck()`. A request that
 * got no response with an expected status does not pass.
 */
export type SoftChecks = Readonly<Record<string, Check>>

/** Status Switching Protocols: the bytes after it are not HTTP. */
export const SWITCHED = 101

export function statusTest(expected: ExpectedStatus | undefined): (status: number) => boolean {
  if (expected === undefined) return (status) => status < 400 && status !== SWITCHED
  if (typeof expected === 'function') return (status) => isExpectedBy(expected, status)
  if (typeof expected === 'number') return (status) => status === expected
  const statuses = new Set(expected)
  return (status) => statuses.has(status)
}

function isExpectedBy(expected: (status: number) => boolean, status: number): boolean {
  const returned: unknown = expected(status)
  if (typeof returned === 'boolean') return returned
  throw wrongReturn('expectStatus', returned, 'true or false')
}

/** Result of a failed check. */
export interface FailedCheck {
  /** Message without content of the response, so that failures of one kind are counted together. */
  readonly detail: string
  /** Message with content of the response, shortened and without secrets. */
  readonly sample?: (() => string) | undefined
}

/**
 * Runs a check; `undefined` if it passes.
 *
 * @throws {BodyError} if the body cannot be read
 * @throws any other error that a function of the scenario throws
 */
export function failedCheck(check: Check, response: HttpResponse): FailedCheck | undefined {
  if (typeof check === 'function') {
    const detail = checkProblem(check, response, undefined)
    return detail === undefined ? undefined : { detail }
  }
  if ('text' in check) {
    const { text } = check
    const found = typeof text === 'string' ? response.text().includes(text) : response.text().search(text) >= 0
    return found ? undefined : { detail: `check: the text is not in the response${noteOn(response)}` }
  }
  const found = difference(check.json, response.json(), '$')
  if (found === undefined) return undefined
  const { path, note = '' } = found
  return {
    detail: `check: the response differs at ${path}${note}${noteOn(response)}`,
    sample: () => `check: ${path}: ${valuesOf(found)}${note}${noteOn(response)}`,
  }
}

/** `expected 2, received 1` */
function valuesOf({ path, expected, received }: Difference): string {
  const shown = received === undefined ? 'nothing' : inspected(received, MAX_TEXT, path)
  return `expected ${inspected(expected, MAX_TEXT, path)}, received ${shown}`
}

const MAX_TEXT = 60

interface Difference {
  readonly path: string
  readonly expected: unknown
  readonly received: unknown
  /** Text after the path: why values that look alike differ. */
  readonly note?: string
}

function noteOn(response: HttpResponse): string {
  return response.isGarbled ? ', whose body is not valid UTF-8' : ''
}

/**
 * Compares as `toMatchObject` does, except that any integer may be given as a bigint.
 *
 * @returns the first difference
 */
function difference(expected: unknown, received: unknown, path: string): Difference | undefined {
  // JavaScript rounded a number literal beyond 2^53 when it parsed the scenario: other integers give the same number.
  if (typeof expected === 'number' && typeof received === 'bigint')
    return Number.isSafeInteger(expected)
      ? differs(path, expected, received)
      : {
          ...differs(path, expected, received),
          note: ': integers beyond 2^53 are exact, write them as bigint, such as 9007199254740993n',
        }
  if (typeof expected === 'bigint' && typeof received === 'number')
    return Number.isInteger(received) && BigInt(received) === expected ? undefined : differs(path, expected, received)
  if (typeof expected !== 'object' || expected === null)
    return isDeepStrictEqual(expected, received) ? undefined : differs(path, expected, received)
  if (isAsymmetric(expected)) return expected.asymmetricMatch(received) ? undefined : differs(path, expected, received)
  if (typeof received !== 'object' || received === null || Array.isArray(expected) !== Array.isArray(received))
    return differs(path, expected, received)
  if (Array.isArray(expected)) {
    if (expected.length !== (received as unknown[]).length) return differs(path, expected, received)
  } else if (!isPlainObject(expected) && Object.keys(expected).length === 0) return differs(path, expected, received)
  // `keys()` includes the holes of an array, which `Object.keys` leaves out.
  const keys = Array.isArray(expected) ? expected.keys() : Object.keys(expected)
  for (const key of keys) {
    const keyPath = `${path}.${key}`
    if (!Object.hasOwn(received, key)) return differs(keyPath, (expected as Values)[key], undefined)
    const found = difference((expected as Values)[key], (received as Values)[key], keyPath)
    if (found !== undefined) return found
  }
  return undefined
}

/** Allocated only for a difference: comparing good responses allocates nothing. */
function differs(path: string, expected: unknown, received: unknown): Difference {
  return { path, expected, received }
}

type Values = Readonly<Record<string | number, unknown>>

/** `expect.any(String)` and other asymmetric matchers. */
function isAsymmetric(value: object): value is { asymmetricMatch(received: unknown): boolean } {
  return 'asymmetricMatch' in value && typeof value.asymmetricMatch === 'function'
}

import { isDeepStrictEqual } from 'node:util'
import type { HttpAnswer } from './answer.ts'
import { ScenarioError } from '../run/scenario-error.ts'

/** Which status codes are as expected. Default: all below 400. */
export type ExpectedStatus = number | readonly number[] | ((status: number) => boolean)

/**
 * What an answer's body must be. `json`: every property given must be equal, others may be there; arrays have equal
 * length. `text`: contains the string, or matches. Of a function, `false` or a text (the reason) is an error; one that
 * throws, as `expect` does, too.
 */
export type Check =
  | { readonly json: unknown }
  | { readonly text: string | RegExp }
  | ((answer: HttpAnswer) => boolean | string)

export function statusTest(expected: ExpectedStatus | undefined): (status: number) => boolean {
  if (expected === undefined) return (status) => status < 400
  if (typeof expected === 'function') return expected
  if (typeof expected === 'number') return (status) => status === expected
  const statuses = new Set(expected)
  return (status) => statuses.has(status)
}

/** What is wrong with an answer's body, in words that carry nothing of it; `undefined` where it is as it should be. */
export function failedCheck(check: Check, answer: HttpAnswer): string | undefined {
  if (typeof check === 'function') return failedFunction(check, answer)
  if ('text' in check) {
    const { text } = check
    const found = typeof text === 'string' ? answer.text().includes(text) : answer.text().search(text) >= 0
    return found ? undefined : `check: the text is not in the answer`
  }
  const json = parsed(answer)
  if (json === undefined) return 'check: the answer is no JSON'
  const path = difference(check.json, json, '$')
  return path === undefined ? undefined : `check: the answer differs at ${path}`
}

function failedFunction(check: (answer: HttpAnswer) => boolean | string, answer: HttpAnswer): string | undefined {
  let verdict: unknown
  try {
    verdict = check(answer)
  } catch (error) {
    return `check: ${firstLine(error instanceof Error ? error.message : String(error))}`
  }
  if (verdict === true) return undefined
  if (verdict === false) return 'check: the function returned false'
  if (typeof verdict === 'string') return `check: ${firstLine(verdict)}`
  throw new ScenarioError(`check: the function must return true, false or a text, it returned ${typeof verdict}`)
}

function parsed(answer: HttpAnswer): unknown {
  try {
    return answer.json()
  } catch {
    return undefined
  }
}

function difference(expected: unknown, received: unknown, path: string): string | undefined {
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
  const line = text.split('\n', 1)[0]!
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

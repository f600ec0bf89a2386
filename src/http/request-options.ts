import { forgetsItsReturn, FORGOTTEN_RETURN } from '../execution/forgotten-return.ts'
import { checkDuration, checkKnownKeys, checkNumber } from '../options/checks.ts'
import { OptionsError, Problems } from '../options/problems.ts'
import { jsonPath } from './json-path.ts'
import { isReadFirst } from './request-body.ts'
import { fieldLines, RequestEncoder } from './request-encoder.ts'
import { RequestError } from './request-error.ts'
import type { RequestSpec } from './types.ts'

const REQUEST_KEYS = ['path', 'method', 'headers', 'body', 'expectStatus', 'check', 'tag'] as const
const REQUEST_KEY_SET: ReadonlySet<string> = new Set(REQUEST_KEYS)
const STEP_KEYS = ['name', 'request', 'weight', 'extract', 'check', 'expectStatus', 'thinkTime'] as const
const REQUEST_EXAMPLE = `request: ({ vu }) => ({ path: \`/api/users/\${vu.data.id}\` })`

const anyTarget = new RequestEncoder({ host: 'host', pathPrefix: '', headers: {} })

/** Checks a request that is a value; what a function returns is checked at each send. */
export function checkRequest(problems: Problems, path: string, request: unknown): void {
  if (typeof request !== 'function') checkSpec(problems, path, request)
}

/**
 * Whether a request that a function returned has the keys and values of a request. Path, method, headers and body are
 * left to the encoder.
 */
export function isRequestSpec(spec: unknown): spec is RequestSpec {
  if (typeof spec !== 'object' || spec === null) return false
  for (const key in spec) if (!REQUEST_KEY_SET.has(key)) return false
  const { headers, expectStatus, check, tag } = spec as Record<string, unknown>
  return (
    (headers === undefined || isFields(headers)) &&
    (expectStatus === undefined || isExpectation(expectStatus)) &&
    (check === undefined || isCheck(check)) &&
    (tag === undefined || isName(tag))
  )
}

/**
 * Every mistake of a request that a function returned.
 *
 * @param path of the function: `request`, `steps[1].request`
 * @returns `undefined` for a request without a mistake
 */
export function mistakesOf(path: string, spec: unknown): OptionsError | undefined {
  const problems = new Problems()
  if (spec instanceof Promise) {
    // Its own failure is of no interest any more.
    spec.catch(() => {})
    const rule = 'must return the request itself, not a promise: what it waits for would be measured with the target'
    problems.add(`${path}()`, spec, rule, `data: await users(), ${REQUEST_EXAMPLE}`)
  } else checkSpec(problems, `${path}()`, spec)
  return problems.found.length === 0 ? undefined : new OptionsError('http.run()', problems.found)
}

function checkSpec(problems: Problems, path: string, request: unknown): void {
  if (typeof request !== 'object' || request === null) {
    problems.add(path, request, 'must be a request or a function that makes one', REQUEST_EXAMPLE)
    return
  }
  const spec = request as RequestSpec
  const before = problems.found.length
  checkKnownKeys(problems, path, spec, REQUEST_KEYS)
  checkPart(problems, path, { path: spec.path })
  if (spec.method !== undefined) checkPart(problems, path, { path: '/', method: spec.method })
  if (spec.tag !== undefined && !isName(spec.tag))
    problems.add(`${path}.tag`, spec.tag, 'must be a string', `tag: 'search'`)
  checkFields(problems, `${path}.headers`, spec.headers)
  checkExpectations(problems, path, spec)
  // A body is judged by its content type: where a header is wrong, there is none.
  const { headers, body } = spec
  const hasHeaders = problems.found.slice(before).every((problem) => problem.path !== `${path}.headers`)
  if (hasHeaders)
    checkPart(problems, path, { path: '/', ...(headers && { headers }), body: isReadFirst(body) ? undefined : body })
}

function checkPart(problems: Problems, path: string, part: RequestSpec): void {
  try {
    anyTarget.encode(part)
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    const { received, rule, example } = error.problem
    problems.add(`${path}.${error.field}`, received, rule, example)
  }
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

export function checkSteps(problems: Problems, steps: unknown): void {
  const example = `steps: [{ name: 'me', request: { path: '/api/me' } }]`
  if (!Array.isArray(steps) || steps.length === 0) {
    problems.add('steps', steps, 'must be an array with at least one step', example)
    return
  }
  const names = new Set<unknown>()
  for (const [at, step] of (steps as unknown[]).entries()) {
    const path = `steps[${at}]`
    if (typeof step !== 'object' || step === null) {
      problems.add(path, step, 'must be a step', example)
      continue
    }
    checkStep(problems, path, step as Record<string, unknown>)
    const { name } = step as { name?: unknown }
    if (names.has(name)) problems.add(`${path}.name`, name, 'must be a name that no other step has', `name: 'me again'`)
    names.add(name)
  }
}

function checkStep(problems: Problems, path: string, step: Record<string, unknown>): void {
  checkKnownKeys(problems, path, step, STEP_KEYS)
  const { name, request, weight, extract, thinkTime } = step
  if (typeof name !== 'string' || name === '') problems.add(`${path}.name`, name, 'must be a string', `name: 'me'`)
  checkRequest(problems, `${path}.request`, request)
  checkExpectations(problems, path, step)
  if (weight !== undefined) checkNumber(problems, `${path}.weight`, weight, { above: 0, example: 3 })
  checkExtract(problems, `${path}.extract`, extract)
  checkThinkTime(problems, `${path}.thinkTime`, thinkTime)
}

function checkThinkTime(problems: Problems, path: string, value: unknown): void {
  if (value === undefined) return
  if (typeof value !== 'object' || value === null) {
    checkDuration(problems, path, value, { min: 0 })
    return
  }
  checkKnownKeys(problems, path, value, ['min', 'max'])
  const { min, max } = value as Record<string, unknown>
  const minMs = checkDuration(problems, `${path}.min`, min, { min: 0 })
  const maxMs = checkDuration(problems, `${path}.max`, max, { min: 0 })
  if (minMs > maxMs)
    problems.add(path, value, 'must have a max that is not below its min', `thinkTime: { min: '1s', max: '3s' }`)
}

function checkExtract(problems: Problems, path: string, extract: unknown): void {
  if (extract === undefined) return
  const example = `extract: { token: '$.access.token' }`
  if (typeof extract !== 'object' || extract === null || Array.isArray(extract)) {
    problems.add(path, extract, 'must be an object of JSON paths or functions', example)
    return
  }
  for (const [name, from] of Object.entries(extract)) {
    if (typeof from === 'function' || (typeof from === 'string' && jsonPath(from) !== undefined)) continue
    problems.add(`${path}.${name}`, from, 'must be a path to one value or a function of the response', example)
  }
}

/** Checks `expectStatus` and `check` of a run, a step or a request. */
export function checkExpectations(problems: Problems, prefix: string, options: object): void {
  const { expectStatus, check } = options as Record<string, unknown>
  const at = (name: string) => (prefix === '' ? name : `${prefix}.${name}`)
  if (expectStatus !== undefined && !isExpectation(expectStatus))
    problems.add(
      at('expectStatus'),
      expectStatus,
      'must be a status code, an array of them, or a function of one',
      'expectStatus: [200, 429]',
    )
  if (check !== undefined && !isCheck(check))
    problems.add(
      at('check'),
      check,
      'must be { json }, { text } or a function of the response',
      `check: { json: { status: 'ok' } }`,
    )
  else if (typeof check === 'function' && forgetsItsReturn(check as () => unknown))
    problems.add(at('check'), check, FORGOTTEN_RETURN, 'check: (response) => response.status === 200')
}

function isExpectation(value: unknown): boolean {
  if (typeof value === 'function' || isStatus(value)) return true
  return Array.isArray(value) && value.length > 0 && value.every(isStatus)
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 100 && (value as number) <= 999
}

function isCheck(value: unknown): boolean {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return false
  if ('json' in value) return true
  return 'text' in value && (typeof value.text === 'string' || value.text instanceof RegExp)
}

export function checkFields(problems: Problems, path: string, headers: unknown): void {
  if (headers === undefined) return
  const example = `headers: { accept: 'application/json' }`
  if (!isFields(headers)) {
    const isIterable = typeof headers === 'object' && headers !== null && !Array.isArray(headers)
    const fix = isIterable ? 'headers: Object.fromEntries(headers)' : example
    problems.add(path, headers, 'must be an object of names and values', fix)
    return
  }
  for (const [name, value] of Object.entries(headers)) {
    try {
      fieldLines(name, value as string)
    } catch (error) {
      problems.add(path, name, (error as RequestError).problem.rule, example)
    }
  }
}

/** `Headers` and a Map have no properties, so that nothing of them would be sent. */
function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value)
}

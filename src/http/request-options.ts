import { isMetricName, METRIC_NAME_RULE } from '../execution/custom-metrics/metric.ts'
import { forgetsItsReturn, FORGOTTEN_RETURN } from '../execution/forgotten-return.ts'
import { THINK_TIME } from '../load/load-options.ts'
import { OptionsError, Problems } from '../options/problems.ts'
import { asWritten, choose, isRecord, object, optional, reading, type Reader } from '../options/schema.ts'
import { any, array, integer, isText, matching, number, text } from '../options/values.ts'
import type { Check, ExpectedStatus, SoftChecks } from './expectation.ts'
import { isPlainObject } from './json-body.ts'
import { jsonPath } from './json-path.ts'
import { isReadFirst } from './request-body.ts'
import { fieldLines, RequestEncoder, type HeaderFields } from './request-encoder.ts'
import { RequestError } from './request-error.ts'
import type { FlowRequestSpec, RequestOption, RequestSpec, StepOption } from './types.ts'

const REQUEST_EXAMPLE = `request: ({ vu }) => ({ path: \`/api/users/\${vu.data.id}\` })`
const STEPS_EXAMPLE = `[{ name: 'me', request: { path: '/api/me' } }]`
const HEADERS_EXAMPLE = `headers: { accept: 'application/json' }`

const anyTarget = new RequestEncoder({ host: 'host', isSecure: false, pathPrefix: '', headers: {} })

/** Reader of headers, which returns them unchanged. */
export const HEADERS = reading<HeaderFields>((problems, path, headers) => {
  if (isFields(headers)) {
    for (const [name, value] of Object.entries(headers)) {
      try {
        fieldLines(name, value as string)
      } catch (error) {
        problems.add(path, name, (error as RequestError).problem.rule, HEADERS_EXAMPLE)
      }
    }
  } else {
    const isIterable = typeof headers === 'object' && headers !== null && !Array.isArray(headers)
    const fix = isIterable ? 'headers: Object.fromEntries(headers)' : HEADERS_EXAMPLE
    problems.add(path, headers, 'must be an object of names and values', fix)
  }
  return headers as HeaderFields
})

/** Reader of `expectStatus` of a run, a step or a request. */
export const EXPECT_STATUS = matching<ExpectedStatus>(
  isExpectation,
  'must be a status code, an array of them, or a function of one',
  '[200, 429]',
)

/** Reader of `check` of a step or a request. */
export const CHECK = choose((value) =>
  typeof value === 'function' && forgetsItsReturn(value as () => unknown)
    ? matching<Check>(() => false, FORGOTTEN_RETURN, '(response) => response.status === 200')
    : passesAll(value)
      ? matching<Check>(() => false, 'must require something of the response', `{ json: { status: 'ok' } }`)
      : matching<Check>(
          isCheck,
          'must be { json }, { text } or a function of the response',
          `{ json: { status: 'ok' } }`,
        ),
)

/** Reader of `softChecks` of a step or a request. */
const SOFT_CHECKS = reading<SoftChecks>((problems, path, checks) => {
  const example = `softChecks: { 'cart is complete': (response) => response.json().items.length > 0 }`
  if (!isRecord(checks)) problems.add(path, checks, 'must be an object of checks by name', example)
  else
    for (const [name, check] of Object.entries(checks)) {
      if (!isMetricName(name)) problems.add(path, name, `the name of each check ${METRIC_NAME_RULE}`, example)
      CHECK.read(problems, `${path}.${name}`, check)
    }
  return checks as SoftChecks
})

const MAX_REDIRECTS = 20

/** Reader of `redirects` of a run or a request. */
export const REDIRECTS = integer({ min: 0, max: MAX_REDIRECTS, example: 5 })

const SPEC_FIELDS = {
  path: part((path) => ({ path: path as string })),
  method: optional(part((method) => ({ path: '/', method: method as string }))),
  headers: optional(HEADERS),
  body: any(),
  expectStatus: optional(EXPECT_STATUS),
  check: optional(CHECK),
  softChecks: optional(SOFT_CHECKS),
  redirects: optional(REDIRECTS),
  host: optional(text("'identity'")),
  tag: optional(text("'search'")),
}

/** Reader of a constant request. The return value of a request function is checked at each send. */
const SPEC = object<RequestSpec>()(SPEC_FIELDS, {
  rule: 'must be a request or a function that returns one',
  example: REQUEST_EXAMPLE,
}).rule(['headers'], unsendableBody)
const SPEC_NAMES: ReadonlySet<string> = new Set(SPEC.names)

/** Reader of a request of a flow. */
const FLOW_SPEC = object<FlowRequestSpec>()(
  { ...SPEC_FIELDS, name: optional(text("'order'")) },
  { rule: 'must be a request', example: `request({ path: '/api/me' })` },
).rule(['headers'], unsendableBody)
const FLOW_SPEC_NAMES: ReadonlySet<string> = new Set(FLOW_SPEC.names)

/** How the body is encoded depends on the content type, so the body is checked only if the headers are valid. */
function unsendableBody(_: unknown, { headers, body }: { readonly headers?: unknown; readonly body?: unknown }) {
  const given = { path: '/', ...(headers !== undefined && { headers: headers as HeaderFields }) }
  const broken = mistakeIn({ ...given, body: isReadFirst(body) ? undefined : body })
  return broken && { option: broken.field, ...broken.problem }
}

const REQUEST = choose<unknown>((value) => (typeof value === 'function' ? any() : SPEC))

/** Reader of a request, or of a function that returns one. */
export const request = <D>() => asWritten<RequestOption<D>>(REQUEST)

const EXTRACT = reading((problems, path, extract) => {
  const example = `extract: { token: '$.access.token' }`
  if (!isRecord(extract)) problems.add(path, extract, 'must be an object of JSON paths or functions', example)
  else
    for (const [name, from] of Object.entries(extract))
      if (typeof from !== 'function' && (typeof from !== 'string' || jsonPath(from) === undefined))
        problems.add(`${path}.${name}`, from, 'must be a path to one value or a function of the response', example)
})

const STEPS = array(
  object<StepOption<never>>()(
    {
      name: text("'me'"),
      weight: optional(number({ above: 0, example: 3 })),
      request: REQUEST,
      group: optional(text("'checkout'")),
      extract: optional(EXTRACT),
      check: optional(CHECK),
      softChecks: optional(SOFT_CHECKS),
      expectStatus: optional(EXPECT_STATUS),
      thinkTime: optional(THINK_TIME),
    },
    { rule: 'must be a step', example: `steps: ${STEPS_EXAMPLE}` },
  ),
  'must be an array with at least one step',
  STEPS_EXAMPLE,
)

/** Reader of the steps of an iteration, whose names must be unique. */
export const steps = <D>() =>
  reading((problems, path, value) => {
    STEPS.read(problems, path, value)
    const names = Array.isArray(value) ? value.map((step: unknown) => (isRecord(step) ? step['name'] : undefined)) : []
    for (const [at, name] of names.entries())
      if (name !== undefined && names.indexOf(name) < at)
        problems.add(`${path}[${at}].name`, name, 'must be unique among the steps', `name: 'me again'`)
    return value as readonly StepOption<D>[]
  })

/**
 * Whether the return value of a request function has the keys and values of a request. The encoder checks path, method,
 * header values and body.
 */
export function isRequestSpec(spec: unknown): spec is RequestSpec {
  return hasParts(spec, SPEC_NAMES)
}

/** As {@link isRequestSpec}, for a request of a flow. */
export function isFlowRequestSpec(spec: unknown): spec is FlowRequestSpec {
  if (!hasParts(spec, FLOW_SPEC_NAMES)) return false
  const { name } = spec as { readonly name?: unknown }
  return name === undefined || isText(name)
}

function hasParts(spec: unknown, names: ReadonlySet<string>): boolean {
  if (typeof spec !== 'object' || spec === null) return false
  for (const key in spec) if (!names.has(key)) return false
  const { headers, expectStatus, check, softChecks, redirects, host, tag } = spec as Record<string, unknown>
  return (
    (headers === undefined || isFields(headers)) &&
    (expectStatus === undefined || isExpectation(expectStatus)) &&
    (check === undefined || (isCheck(check) && !passesAll(check))) &&
    (softChecks === undefined || areSoftChecks(softChecks)) &&
    (redirects === undefined || isRedirectLimit(redirects)) &&
    (host === undefined || isText(host)) &&
    (tag === undefined || isText(tag))
  )
}

/**
 * Every mistake in the return value of a request function.
 *
 * @param path path of the function: `request`, `steps[1].request`
 * @returns `undefined` for a request without a mistake
 */
export function mistakesOf(path: string, spec: unknown): OptionsError | undefined {
  const problems = new Problems()
  if (spec instanceof Promise) {
    // Avoids an unhandled rejection: the promise itself is the mistake.
    spec.catch(() => {})
    const rule = 'must return the request itself, not a promise: its wait would count as latency of the target'
    problems.add(`${path}()`, spec, rule, `data: await users(), ${REQUEST_EXAMPLE}`)
  } else SPEC.read(problems, `${path}()`, spec)
  return problems.count === 0 ? undefined : new OptionsError('http.run()', problems.found)
}

/**
 * Every mistake in a request of a flow.
 *
 * @param path path in messages: `request()`, `request.all()[1]`
 * @returns `undefined` for a request without a mistake
 */
export function flowMistakesOf(path: string, spec: unknown): OptionsError | undefined {
  const problems = new Problems()
  FLOW_SPEC.read(problems, path, spec)
  return problems.count === 0 ? undefined : new OptionsError('flow', problems.found)
}

/** Reader of a part of a request, which checks it by encoding the request. */
function part(requestWith: (value: unknown) => RequestSpec): Reader<string> {
  return reading((problems, path, value) => {
    const broken = mistakeIn(requestWith(value))
    if (broken !== undefined) problems.add(path, broken.problem.received, broken.problem.rule, broken.problem.example)
    return value as string
  })
}

function mistakeIn(spec: RequestSpec): RequestError | undefined {
  try {
    anyTarget.encode(spec)
    return undefined
  } catch (error) {
    if (error instanceof RequestError) return error
    throw error
  }
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

function areSoftChecks(value: unknown): boolean {
  if (!isRecord(value)) return false
  for (const name in value) if (!isMetricName(name) || !isCheck(value[name]) || passesAll(value[name])) return false
  return true
}

/** Whether a check finds its text in every response, or its properties in every JSON object. */
function passesAll(check: unknown): boolean {
  if (!isRecord(check) || !isCheck(check)) return false
  const { json, text } = check
  if (isRecord(json) && isPlainObject(json) && Object.keys(json).length === 0) return true
  return text === '' || (text instanceof RegExp && ''.search(text) >= 0 && ANY_TEXT.search(text) >= 0)
}

/** Text with many characters: an expression that matches it, and no text at all, matches any. */
const ANY_TEXT = Array.from({ length: 0x2000 }, (_, code) => String.fromCodePoint(code)).join('')

function isRedirectLimit(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_REDIRECTS
}

/** Whether headers are in properties: `Headers` and a Map have none, so their entries would not be sent. */
function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value)
}

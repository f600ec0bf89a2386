import { showValue } from '../options/show-value.ts'

/** Shape of a value. A key that ends in `?` is optional; keys that are not listed may hold any value. */
type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  | { readonly oneOf: readonly string[] }
  | { readonly list: Shape }
  | { readonly keys: Readonly<Record<string, Shape>> }

const OUTCOME: Shape = { oneOf: ['passed', 'failed', 'invalid', 'skipped'] }

const ERROR: Shape = { keys: { name: 'string', message: 'string', 'at?': 'string' } }
const INVALIDITY: Shape = { keys: { reason: 'string', finding: 'string', fix: 'string' } }
const RUN: Shape = {
  keys: {
    ...{
      kind: { oneOf: ['http', 'fanOut', 'conversation', 'micro'] },
      name: 'string',
      load: 'string',
      durationMs: 'number',
    },
    ...{ state: { oneOf: ['completed', 'aborted'] }, 'abortReason?': 'string' },
    phases: { list: { keys: { name: 'string', startMs: 'number', endMs: 'number' } } },
    invalidities: { list: INVALIDITY },
    'isUnasserted?': 'boolean',
    'parallelTo?': { list: 'string' },
    'journeys?': { list: { keys: { name: 'string', weight: 'number', offered: 'number', dropped: 'number' } } },
    'generators?': { list: { keys: { number: 'number', 'node?': 'string', 'offered?': 'number', 'sent?': 'number' } } },
    'metrics?': { list: { keys: { kind: 'string', name: 'string', 'unit?': 'string', count: 'number' } } },
    'softChecks?': { list: { keys: { name: 'string', count: 'number', reasons: { keys: {} } } } },
    'series?': { list: { keys: { group: 'string', label: 'string', unit: 'string' } } },
    'marks?': { list: { keys: { label: 'string', startMs: 'number' } } },
  },
}
const ASSERTION: Shape = {
  keys: {
    ...{ assertion: 'string', expected: 'string', received: 'string', outcome: OUTCOME },
    ...{ 'reason?': 'string', 'invalidities?': { list: INVALIDITY }, 'message?': 'string', 'run?': 'string' },
    ...{
      'phase?': 'string',
      'journey?': 'string',
      'step?': 'string',
      'tag?': 'string',
      'group?': 'string',
      'isIteration?': 'boolean',
      'metric?': 'string',
      'softCheck?': 'string',
      'between?': { list: 'number' },
      'ending?': 'string',
      'percentile?': 'number',
      'limit?': 'number',
    },
    'unit?': { oneOf: ['ms', 'ratio', 'perSec', 'count', 'value'] },
  },
}
const SCENARIO: Shape = {
  keys: {
    ...{
      name: 'string',
      file: 'string',
      'project?': 'string',
      verdict: OUTCOME,
      'note?': 'string',
      durationMs: 'number',
    },
    runs: { list: RUN },
    assertions: { list: ASSERTION },
    errors: { list: ERROR },
  },
}
const RESULTS: Shape = {
  keys: {
    ...{
      vitestSlo: 'string',
      startedAt: 'string',
      durationMs: 'number',
      complete: 'boolean',
      'isPartial?': 'boolean',
      'scale?': 'string',
    },
    environment: { keys: {} },
    services: { list: { keys: { name: 'string', provider: 'string', summary: 'string' } } },
    totals: { keys: { scenarios: 'number', passed: 'number', failed: 'number', invalid: 'number', skipped: 'number' } },
    errors: { list: ERROR },
    scenarios: { list: SCENARIO },
  },
}

/** The first mismatch between a value and the shape of `results.json`; `undefined` if there is none. */
export function shapeProblem(value: unknown): string | undefined {
  return problemAt('', value, RESULTS)
}

function problemAt(path: string, value: unknown, shape: Shape): string | undefined {
  if (shape === 'string') return typeof value === 'string' ? undefined : mismatch(path, 'a string', value)
  if (shape === 'number') return Number.isFinite(value) ? undefined : mismatch(path, 'a number', value)
  if (shape === 'boolean') return typeof value === 'boolean' ? undefined : mismatch(path, 'true or false', value)
  if ('oneOf' in shape) {
    if (typeof value === 'string' && shape.oneOf.includes(value)) return undefined
    return mismatch(path, `one of ${shape.oneOf.map((one) => `'${one}'`).join(', ')}`, value)
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return mismatch(path, 'an array', value)
    for (const [at, item] of value.entries()) {
      const problem = problemAt(`${path}[${at}]`, item, shape.list)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mismatch(path, 'an object', value)
  for (const [key, inner] of Object.entries(shape.keys)) {
    const name = key.replace(/\?$/, '')
    const isPresent = Object.hasOwn(value, name)
    if (!isPresent && name !== key) continue
    const property = isPresent ? (value as Record<string, unknown>)[name] : undefined
    const problem = problemAt(path === '' ? name : `${path}.${name}`, property, inner)
    if (problem !== undefined) return problem
  }
  return undefined
}

function mismatch(path: string, expected: string, value: unknown): string {
  const received = Array.isArray(value) ? 'an array' : value === undefined ? 'nothing' : showValue(value)
  return `${path === '' ? 'the file' : path} must be ${expected}, received ${received}`
}

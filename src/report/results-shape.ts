import { showValue } from '../options/show-value.ts'

/** What a value must be. A key that ends in `?` may be missing; keys that are not named may hold anything. */
type Shape =
  | 'text'
  | 'number'
  | 'flag'
  | { readonly oneOf: readonly string[] }
  | { readonly list: Shape }
  | { readonly keys: Readonly<Record<string, Shape>> }

const OUTCOME: Shape = { oneOf: ['passed', 'failed', 'invalid', 'skipped'] }

const ERROR: Shape = { keys: { name: 'text', message: 'text', 'at?': 'text' } }
const INVALIDITY: Shape = { keys: { reason: 'text', finding: 'text', remedy: 'text' } }
const RUN: Shape = {
  keys: {
    ...{
      kind: { oneOf: ['http', 'fanOut', 'conversation', 'micro'] },
      name: 'text',
      load: 'text',
      durationMs: 'number',
    },
    ...{ state: { oneOf: ['completed', 'aborted'] }, 'abortReason?': 'text' },
    phases: { list: { keys: { name: 'text', startMs: 'number', endMs: 'number' } } },
    invalidities: { list: INVALIDITY },
    'isUnasserted?': 'flag',
    'series?': { list: { keys: { group: 'text', label: 'text', unit: 'text' } } },
    'marks?': { list: { keys: { label: 'text', startMs: 'number' } } },
  },
}
const ASSERTION: Shape = {
  keys: {
    ...{ assertion: 'text', expected: 'text', received: 'text', outcome: OUTCOME },
    ...{ 'reason?': 'text', 'invalidities?': { list: INVALIDITY }, 'message?': 'text', 'run?': 'text' },
  },
}
const SCENARIO: Shape = {
  keys: {
    ...{ name: 'text', file: 'text', 'project?': 'text', verdict: OUTCOME, 'note?': 'text', durationMs: 'number' },
    runs: { list: RUN },
    assertions: { list: ASSERTION },
    errors: { list: ERROR },
  },
}
const RESULTS: Shape = {
  keys: {
    ...{
      vitestSlo: 'text',
      startedAt: 'text',
      durationMs: 'number',
      complete: 'flag',
      'isPartial?': 'flag',
      'scale?': 'text',
    },
    environment: { keys: {} },
    services: { list: { keys: { name: 'text', provider: 'text', summary: 'text' } } },
    totals: { keys: { scenarios: 'number', passed: 'number', failed: 'number', invalid: 'number', skipped: 'number' } },
    errors: { list: ERROR },
    scenarios: { list: SCENARIO },
  },
}

/** The first place at which a value is not what `results.json` holds there, and what it is; `undefined` if there is none. */
export function shapeProblem(value: unknown): string | undefined {
  return problemAt('', value, RESULTS)
}

function problemAt(path: string, value: unknown, shape: Shape): string | undefined {
  if (shape === 'text') return typeof value === 'string' ? undefined : wrong(path, 'a text', value)
  if (shape === 'number') return Number.isFinite(value) ? undefined : wrong(path, 'a number', value)
  if (shape === 'flag') return typeof value === 'boolean' ? undefined : wrong(path, 'true or false', value)
  if ('oneOf' in shape) {
    if (typeof value === 'string' && shape.oneOf.includes(value)) return undefined
    return wrong(path, `one of ${shape.oneOf.map((one) => `'${one}'`).join(', ')}`, value)
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return wrong(path, 'a list', value)
    for (const [at, item] of value.entries()) {
      const problem = problemAt(`${path}[${at}]`, item, shape.list)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(path, 'an object', value)
  for (const [key, inner] of Object.entries(shape.keys)) {
    const name = key.replace(/\?$/, '')
    const isThere = Object.hasOwn(value, name)
    if (!isThere && name !== key) continue
    const held = isThere ? (value as Record<string, unknown>)[name] : undefined
    const problem = problemAt(path === '' ? name : `${path}.${name}`, held, inner)
    if (problem !== undefined) return problem
  }
  return undefined
}

function wrong(path: string, expected: string, value: unknown): string {
  const received = Array.isArray(value) ? 'a list' : value === undefined ? 'nothing' : showValue(value)
  return `${path === '' ? 'the file' : path} must be ${expected}, and is ${received}`
}

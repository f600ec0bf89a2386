import { showValue } from '../options/show-value.ts'
import schema from './results.schema.json' with { type: 'json' }

/** The keywords of JSON Schema that `results.schema.json` uses. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly minItems?: number
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Schema | boolean
  readonly $ref?: string
}

const ROOT = schema as unknown as Schema
const DEFINITIONS = schema.$defs as unknown as Readonly<Record<string, Schema>>

const NUMBERS_OF =
  'scenarios passed failed invalid skipped offered sent completed dropped unfinished count hits infiniteCount inFlight vus second publications expected received onTime late missing duplicate outOfOrder racing optional unexpected unidentified requested subscribed closed reconnected processes withoutResponse pairs status cores openSockets descriptorLimit'
const SIZES =
  'durationMs minMs meanMs p50Ms p75Ms p90Ms p95Ms p99Ms p999Ms p99AtLeastMs sustainedP99Ms maxMs totalMs openingMs latencyMs sliceMs lengthMs atMs memoryBytes maxRssBytes cpuRatio eventLoopUtilization minUs maxUs sumUs infinite weight'
/** Names of numbers that are never negative. Others may be: a custom metric, a change, the offset of a clock. */
const NOT_NEGATIVE: ReadonlySet<string> = new Set(`${NUMBERS_OF} ${SIZES}`.split(' '))
/** Names of numbers between 0 and 1. */
const RATIOS: ReadonlySet<string> = new Set(['rate', 'confidence', 'percentile'])

/**
 * The first mismatch between a value and the schema of `results.json`, with its path; `undefined` if there is none. Keys that
 * the schema does not have are ignored: a later version may have added them.
 */
export function shapeProblem(value: unknown): string | undefined {
  return problemAt('', '', value, ROOT)
}

const { runs, assertions, comparisons } = DEFINITIONS['ScenarioResult']!.properties!
const { startedAt, scale, services, environment } = ROOT.properties!
/** What a worker stores with a test. */
const TEST_META: Schema = {
  properties: {
    slo: {
      properties: { runs: runs!, assertions: assertions!, comparisons: comparisons! },
      required: ['runs', 'assertions'],
    },
    sloConditions: {
      properties: { startedAt: startedAt!, scale: scale!, services: services!, environment: environment! },
      required: ['startedAt', 'services', 'environment'],
    },
    sloSecrets: { type: 'array', items: { type: 'string' } },
  },
}

/** Like {@link shapeProblem}, for what a blob of Vitest holds of a test. */
export function testMetaProblem(meta: object): string | undefined {
  return problemAt('', '', meta, TEST_META)
}

/** @param name the last key of the path that is not an index */
function problemAt(path: string, name: string, value: unknown, given: Schema): string | undefined {
  const rule = given.$ref === undefined ? given : DEFINITIONS[given.$ref.replace('#/$defs/', '')]!
  if (rule.anyOf !== undefined) return alternativesProblem(path, name, value, rule.anyOf)
  if ('const' in rule) return value === rule.const ? undefined : mismatch(path, JSON.stringify(rule.const), value)
  if (rule.enum !== undefined) {
    return rule.enum.includes(value) ? undefined : mismatch(path, `one of ${rule.enum.map(quoted).join(', ')}`, value)
  }
  switch (rule.type) {
    case 'string':
      return typeof value === 'string' ? undefined : mismatch(path, 'a string', value)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch(path, 'true or false', value)
    case 'null':
      return value === null ? undefined : mismatch(path, 'null', value)
    case 'number':
      return numberProblem(path, name, value)
    case 'array':
      return listProblem(path, name, value, rule)
    default:
      return objectProblem(path, value, rule)
  }
}

function numberProblem(path: string, name: string, value: unknown): string | undefined {
  const isRatio = RATIOS.has(name)
  const least = isRatio || NOT_NEGATIVE.has(name) ? 0 : Number.NEGATIVE_INFINITY
  const most = isRatio ? 1 : Number.MAX_VALUE
  if (typeof value === 'number' && value >= least && value <= most) return undefined
  const range = isRatio ? 'a number from 0 to 1, such as 0.95' : least === 0 ? 'a number of at least 0' : 'a number'
  return mismatch(path, range, value)
}

function listProblem(path: string, name: string, value: unknown, rule: Schema): string | undefined {
  if (!Array.isArray(value)) return mismatch(path, 'an array', value)
  const { items = {}, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = rule
  if (value.length < minItems || value.length > maxItems)
    return `${path} must have ${minItems} elements, received ${value.length}`
  // Histograms have thousands of numbers: a path of each one would take most of the time.
  if (items.type === 'number' && value.every((item) => numberProblem(path, name, item) === undefined)) return undefined
  for (const [at, item] of value.entries()) {
    const problem = problemAt(`${path}[${at}]`, name, item, items)
    if (problem !== undefined) return problem
  }
  return undefined
}

function objectProblem(path: string, value: unknown, rule: Schema): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return mismatch(path, 'an object', value)
  const fields = value as Record<string, unknown>
  const { properties = {}, required = [], additionalProperties } = rule
  for (const [key, inner] of Object.entries(properties)) {
    const isPresent = Object.hasOwn(fields, key)
    if (!isPresent && !required.includes(key)) continue
    const problem = problemAt(below(path, key), key, isPresent ? fields[key] : undefined, inner)
    if (problem !== undefined) return problem
  }
  if (typeof additionalProperties !== 'object') return undefined
  // Counts by kind, such as errors.
  for (const [key, item] of Object.entries(fields)) {
    const problem = problemAt(`${path}[${quoted(key)}]`, 'count', item, additionalProperties)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Alternatives are plain values, or objects that differ in their `kind`. */
function alternativesProblem(
  path: string,
  name: string,
  value: unknown,
  alternatives: readonly Schema[],
): string | undefined {
  const kinds = alternatives.map((one) => kindOf(one))
  if (kinds.every((kind) => kind !== undefined)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject) return mismatch(path, 'an object', value)
    const kind = Object.hasOwn(value, 'kind') ? (value as { kind: unknown }).kind : undefined
    const at = kinds.findIndex((known) => known.includes(kind))
    if (at >= 0) return problemAt(path, name, value, alternatives[at]!)
    return mismatch(below(path, 'kind'), `one of ${kinds.flat().map(quoted).join(', ')}`, kind)
  }
  const problems = alternatives.map((one) => problemAt(path, name, value, one))
  if (problems.includes(undefined)) return undefined
  const rules = problems.map((problem) => problem!.slice(path.length + ' must be '.length).split(', received ')[0])
  return mismatch(path, rules.toReversed().join(' or '), value)
}

function kindOf(given: Schema): readonly unknown[] | undefined {
  const rule = given.$ref === undefined ? given : DEFINITIONS[given.$ref.replace('#/$defs/', '')]!
  const kind = rule.properties?.['kind']
  if (kind === undefined) return undefined
  return 'const' in kind ? [kind.const] : kind.enum
}

function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : String(value)
}

function mismatch(path: string, expected: string, value: unknown): string {
  const received = Array.isArray(value) ? 'an array' : value === undefined ? 'nothing' : showValue(value)
  return `${path === '' ? 'the file' : path} must be ${expected}, received ${received}`
}

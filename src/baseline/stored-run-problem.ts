import { showValue } from '../options/show-value.ts'
import { betaQuantile } from '../stats/distributions.ts'
import { Histogram } from '../stats/histogram.ts'
import { FORMAT, type StoredRun } from './stored-run.ts'

/** What a value of the file must be, with an example, and the check of it. */
interface Rule {
  readonly rule: string
  holds(value: unknown): boolean
}

const TEXT: Rule = { rule: 'a string', holds: (value) => typeof value === 'string' }
const MS: Rule = { rule: "a number of milliseconds such as 12.5, or 'Infinity'", holds: isMs }
const COUNT: Rule = { rule: 'a whole number of at least 1', holds: (value) => isNumber(value, 1) && value % 1 === 0 }

const FIELDS: Readonly<Record<keyof StoredRun, Rule>> = {
  format: { rule: String(FORMAT), holds: (value) => value === FORMAT },
  scenario: TEXT,
  run: TEXT,
  kind: oneOf('http', 'conversation', 'fanOut', 'micro'),
  quantity: oneOf('latency', 'lag', 'time'),
  storedAt: {
    rule: 'a date such as "2026-03-01"',
    holds: (value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value),
  },
  environment: { rule: 'an object', holds: isObject },
  count: COUNT,
  meanMs: MS,
  percentiles: { rule: 'an array of percentiles', holds: (value) => Array.isArray(value) && value.length > 0 },
  histogram: { rule: 'an object', holds: isObject },
}
const CONDITIONS: Readonly<Record<keyof StoredRun['environment'], Rule>> = {
  cpuModel: TEXT,
  cores: COUNT,
  node: TEXT,
  platform: TEXT,
  scale: TEXT,
  load: TEXT,
}
const PERCENTILE: Readonly<Record<keyof StoredRun['percentiles'][number], Rule>> = {
  p: { rule: 'a ratio such as 0.95', holds: (value) => isNumber(value, 0) && value > 0 && value < 1 },
  ms: MS,
  lowMs: MS,
  highMs: MS,
}

/**
 * The first mistake in the content of a baseline's file, with its path; `undefined` if there is none. The figures that are
 * compared must be those of the stored histogram: an edited figure could let a slower run pass.
 */
export function storedRunProblem(value: unknown): string | undefined {
  if (!isObject(value)) return `it must be an object, received ${showValue(value)}`
  const wrong = mistakeIn('', value, FIELDS)
  if (wrong !== undefined) return wrong
  const stored = value as unknown as StoredRun
  return (
    mistakeIn('environment.', stored.environment, CONDITIONS) ?? percentilesProblem(stored) ?? figuresProblem(stored)
  )
}

function percentilesProblem({ percentiles }: StoredRun): string | undefined {
  for (const [at, each] of (percentiles as readonly unknown[]).entries()) {
    const path = `percentiles[${at}]`
    if (!isObject(each)) return `${path} must be an object, received ${showValue(each)}`
    const wrong = mistakeIn(`${path}.`, each, PERCENTILE)
    if (wrong !== undefined) return wrong
    const { p, ms, lowMs, highMs } = percentiles[at]!
    const before = percentiles[at - 1]?.p ?? 0
    if (p <= before) return `${path}.p must be more than ${before}, the one before it, received ${p}`
    if (Number(lowMs) > Number(ms)) return `${path}.lowMs must be at most ms, ${ms}, received ${lowMs}`
    if (Number(highMs) < Number(ms)) return `${path}.highMs must be at least ms, ${ms}, received ${highMs}`
  }
  return undefined
}

function figuresProblem({ histogram: json, count, meanMs, percentiles }: StoredRun): string | undefined {
  let histogram: Histogram
  try {
    histogram = Histogram.fromJSON(json)
  } catch (error) {
    return `histogram is ${(error as Error).message}`
  }
  const mean = histogram.infiniteCount > 0 ? Number.POSITIVE_INFINITY : histogram.meanUs / 1000
  const figures: [path: string, stored: number, held: number][] = [
    ['count', count, histogram.count],
    ['meanMs', Number(meanMs), mean],
    ...percentiles.map(({ p, ms }, at): [string, number, number] => {
      return [`percentiles[${at}].ms`, Number(ms), histogram.percentileUs(p) / 1000]
    }),
  ]
  const wrong = figures.find(([, stored, held]) => stored !== held)
  if (wrong !== undefined) return `${wrong[0]} must be ${wrong[2]}, as in histogram, received ${wrong[1]}`
  return intervalProblem(histogram, percentiles)
}

/** Samples of the most regular run are worth less than this many independent ones each. */
const MOST_WORTH = 20

/** An interval that no run of so many samples has would decide comparisons that are undecided. */
function intervalProblem(histogram: Histogram, percentiles: StoredRun['percentiles']): string | undefined {
  const worth = MOST_WORTH * histogram.count
  for (const [at, { p, lowMs, highMs }] of percentiles.entries()) {
    const timeAt = (tail: number) =>
      histogram.percentileUs(betaQuantile(tail, p * worth + 0.5, (1 - p) * worth + 0.5)) / 1000
    const [low, high] = [timeAt(0.025), timeAt(0.975)]
    const because = `as ${histogram.count} samples cannot be more precise`
    if (Number(lowMs) > low) return `percentiles[${at}].lowMs must be at most ${low}, ${because}, received ${lowMs}`
    if (Number(highMs) < high)
      return `percentiles[${at}].highMs must be at least ${high}, ${because}, received ${highMs}`
  }
  return undefined
}

function mistakeIn(path: string, value: object, rules: Readonly<Record<string, Rule>>): string | undefined {
  for (const [key, { rule, holds }] of Object.entries(rules)) {
    const held: unknown = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined
    if (!holds(held))
      return `${path}${key} must be ${rule}, received ${held === undefined ? 'nothing' : showValue(held)}`
  }
  return undefined
}

function oneOf(...values: readonly string[]): Rule {
  return {
    rule: `one of ${values.map((one) => `'${one}'`).join(', ')}`,
    holds: (value) => values.includes(value as string),
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNumber(value: unknown, least: number): value is number {
  return typeof value === 'number' && value >= least && value <= Number.MAX_VALUE
}

function isMs(value: unknown): boolean {
  return value === 'Infinity' || isNumber(value, 0)
}

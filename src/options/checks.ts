import type { Problems } from './problems.ts'
import { inspected } from './shortened.ts'

/** A length of time: `'2m'`, `'1.5s'`, `'500ms'`, `'1h'`, or a number of milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h'}`

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const EXAMPLES = ['2m', '10s', '1s', '100ms', '10ms', '1h'] as const
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/

/** Milliseconds of a duration, or `undefined` if the value is not one. */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  const match = typeof value === 'string' ? DURATION.exec(value) : null
  if (!match) return undefined
  return Number(match[1]) * MS_PER_UNIT[match[2]!]!
}

interface Bounds {
  readonly min?: number
  readonly max?: number
  /** Excludes `min` itself. */
  readonly above?: number
  /** Excludes `max` itself. */
  readonly below?: number
  readonly integer?: boolean
}

/** Reads a duration in milliseconds; a mistake is added to `problems` and NaN is returned. */
export function checkDuration(problems: Problems, path: string, value: unknown, bounds: Bounds = { above: 0 }): number {
  const ms = durationMs(value)
  const name = path.split('.').at(-1)
  if (ms === undefined || !within(ms, bounds)) {
    const limits = limitsOf(bounds, ' ms')
    const rule = `must be a duration${limits}: '2m', '1.5s', '500ms', or a number of milliseconds`
    const example = EXAMPLES.find((duration) => within(durationMs(duration)!, bounds)) ?? bounds.max ?? bounds.min
    problems.add(path, value, rule, typeof example === 'string' ? `${name}: '${example}'` : `${name}: ${example}`)
    return Number.NaN
  }
  return ms
}

/** Reads a number; a mistake is added to `problems` and NaN is returned. */
export function checkNumber(
  problems: Problems,
  path: string,
  value: unknown,
  bounds: Bounds & { readonly example: number },
): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || !within(value, bounds)) {
    const noun = bounds.integer ? 'an integer' : 'a number'
    const name = path.split('.').at(-1)
    problems.add(path, value, `must be ${noun}${limitsOf(bounds, '')}`, `${name}: ${bounds.example}`)
    return Number.NaN
  }
  return value
}

/** Names options that do not exist: a misspelt option must not be ignored. */
export function checkKnownKeys(problems: Problems, prefix: string, value: object, known: readonly string[]): void {
  for (const [key, received] of Object.entries(value)) {
    if (known.includes(key)) continue
    const path = prefix === '' ? key : `${prefix}.${key}`
    const meant = meantBy(key, known)
    const valid = `alid are ${known.join(', ')}`
    const rule = `is not an option here${meant === undefined ? `; v${valid}` : `: did you mean ${meant}? V${valid}`}`
    problems.add(path, received, rule, exampleOf(key, meant, received))
  }
}

/** Names that other tools have for what is called otherwise here. */
const ALIASES: Readonly<Record<string, string>> = {
  concurrency: 'vus',
  connections: 'vus',
  qps: 'rate',
  requests: 'iterations',
  rps: 'rate',
  uri: 'path',
  url: 'path',
  users: 'vus',
}

/** The option that was probably meant; `undefined` if none is near. */
function meantBy(key: string, known: readonly string[]): string | undefined {
  const alias = Object.hasOwn(ALIASES, key) ? ALIASES[key]! : undefined
  return alias !== undefined && known.includes(alias) ? alias : nearestOf(key, known)
}

/** The name that differs least, in less than half of its letters. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((each) => ({ each, distance: editDistance(name, each) }))
    .toSorted((a, b) => a.distance - b.distance)
  return nearest !== undefined && nearest.distance * 2 < Math.max(name.length, nearest.each.length)
    ? nearest.each
    : undefined
}

/** The value under the name that was meant, if it can be written in a line. */
function exampleOf(key: string, meant: string | undefined, received: unknown): string {
  const isPlain = ['string', 'number', 'boolean'].includes(typeof received)
  return meant !== undefined && isPlain ? `${meant}: ${inspected(received, 40, key)}` : `without ${key}`
}

/** Levenshtein's distance, ignoring case: how many letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let taken = 0; taken < from.length; taken++) {
    const next = [taken + 1]
    for (let at = 0; at < to.length; at++) {
      const same = from[taken]!.toLowerCase() === to[at]!.toLowerCase()
      next.push(Math.min(row[at + 1]! + 1, next[at]! + 1, row[at]! + (same ? 0 : 1)))
    }
    row = next
  }
  return row.at(-1)!
}

function within(value: number, { min, max, above, below, integer }: Bounds): boolean {
  return (
    (min === undefined || value >= min) &&
    (max === undefined || value <= max) &&
    (above === undefined || value > above) &&
    (below === undefined || value < below) &&
    (!integer || Number.isSafeInteger(value))
  )
}

function limitsOf({ min, max, above, below }: Bounds, unit: string): string {
  const parts = [
    min === undefined ? '' : `at least ${min}${unit}`,
    above === undefined ? '' : `above ${above}${unit}`,
    max === undefined ? '' : `at most ${max}${unit}`,
    below === undefined ? '' : `below ${below}${unit}`,
  ].filter((part) => part !== '')
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`
}

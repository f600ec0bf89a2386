import { joined, type Problems } from './problems.ts'
import { inspected } from './shortened.ts'

/** Reports options that do not exist: a misspelled option must not be ignored. */
export function checkKnownKeys(problems: Problems, prefix: string, value: object, known: readonly string[]): void {
  for (const [key, received] of Object.entries(value)) {
    if (known.includes(key)) continue
    const meant = meantBy(key, known)
    const question = meant === undefined ? '' : `; did you mean ${meant}?`
    const rule = `unknown option${question}${meant === undefined ? '.' : ''} Valid options: ${known.join(', ')}`
    problems.addWithFix(joined(prefix, key), received, rule, correction(key, meant, received))
  }
}

/** Names of the same options in other tools. */
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

/** The option that was probably meant; `undefined` if no name is similar. */
function meantBy(key: string, known: readonly string[]): string | undefined {
  const alias = Object.hasOwn(ALIASES, key) ? ALIASES[key]! : undefined
  return alias !== undefined && known.includes(alias) ? alias : nearestOf(key, known)
}

/** The most similar name, if it differs in less than half of its letters. */
export function nearestOf(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((each) => ({ each, distance: editDistance(name, each) }))
    .toSorted((a, b) => a.distance - b.distance)
  return nearest !== undefined && nearest.distance * 2 < Math.max(name.length, nearest.each.length)
    ? nearest.each
    : undefined
}

/** The fix for an unknown option: code with the option that was probably meant, if the value fits on a line. */
function correction(key: string, meant: string | undefined, received: unknown): string {
  if (meant === undefined) return `remove ${key}`
  const isPlain = ['string', 'number', 'boolean'].includes(typeof received)
  return isPlain ? `write ${meant}: ${inspected(received, 40, key)}` : `rename ${key} to ${meant}`
}

/** Levenshtein distance, ignoring case: number of letters to insert, delete or replace. */
export function editDistance(from: string, to: string): number {
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

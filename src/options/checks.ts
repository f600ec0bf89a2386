import { exampleOf, type Problems } from './problems.ts'

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

export interface Bounds {
  readonly min?: number
  readonly max?: number
  /** Excludes `min` itself. */
  readonly above?: number
  /** Excludes `max` itself. */
  readonly below?: number
  readonly integer?: boolean
  /** Reason for `max`; both are shown only if a value exceeds it. */
  readonly maxBecause?: string
}

/** Reads a duration in milliseconds; if it is invalid, adds a mistake to `problems` and returns NaN. */
export function checkDuration(problems: Problems, path: string, value: unknown, bounds: Bounds = { above: 0 }): number {
  const ms = durationMs(value)
  if (ms === undefined || !within(ms, bounds)) {
    const limits = limitsOf(bounds, ' ms')
    const rule = `must be a duration${limits}: '2m', '1.5s', '500ms', or a number of milliseconds`
    const example = EXAMPLES.find((duration) => within(durationMs(duration)!, bounds)) ?? bounds.max ?? bounds.min
    problems.add(path, value, rule, exampleOf(path, typeof example === 'string' ? `'${example}'` : String(example)))
    return Number.NaN
  }
  return ms
}

/** Reads a number; if it is invalid, adds a mistake to `problems` and returns NaN. */
export function checkNumber(
  problems: Problems,
  path: string,
  value: unknown,
  bounds: Bounds & { readonly example: number },
): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || !within(value, bounds)) {
    const noun = bounds.integer ? 'an integer' : 'a number'
    const { maxBecause, max, ...others } = bounds
    const isReason = maxBecause !== undefined && Number.isFinite(value) && Number(value) > max!
    const reason = isReason ? `: ${maxBecause}` : ''
    const shown = maxBecause === undefined || isReason ? bounds : others
    problems.add(path, value, `must be ${noun}${limitsOf(shown, '')}${reason}`, exampleOf(path, String(bounds.example)))
    return Number.NaN
  }
  return value
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

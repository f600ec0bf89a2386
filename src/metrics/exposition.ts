import { formatCount } from '../stats/units.ts'
import { parseSeriesName, type SeriesName } from './series-name.ts'

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'gaugehistogram' | 'summary' | 'stateset' | 'unknown'

/** Line that is not valid in an exposition, or contradicts an earlier one. */
export interface UnreadableLine {
  /** Line number, from 1. */
  readonly number: number
  readonly text: string
  /** Problem of the line: `the value is not a number`. */
  readonly problem: string
  /** Series of the line; `undefined` if it cannot be read either. */
  readonly series: SeriesName | undefined
}

/** Content that is neither Prometheus text nor OpenMetrics. */
export class ExpositionError extends Error {
  /** Name of the class. */
  override readonly name = 'ExpositionError'
}

/** Receiver of the lines of an exposition, one call per line. */
export interface ExpositionReader {
  /** @param series name and labels as written: `up{job="a"}` @returns the problem of the line, if any */
  sample(series: string, value: number): string | undefined
  type(family: string, type: MetricType): void
  unreadable(line: UnreadableLine): void
}

export const UNREADABLE_NAME = 'no name and labels'

/**
 * Reads one line of the Prometheus text format 0.0.4 and 1.0.0 (names of any characters, in quotes) or of OpenMetrics 1.0:
 * counters, gauges, histograms and summaries with labels and escapes, `NaN`, `+Inf` and `-Inf`. Exemplars, `# HELP`,
 * `# UNIT` and `# EOF` are skipped, and so are time stamps, unless they show that a value is old. Names and labels are passed on unparsed: a scrape has thousands of lines, and
 * almost all of them were in the previous scrape.
 *
 * Formats: https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/specs/om/open_metrics_spec/
 *
 * @param atMs time of the scrape by the wall clock
 */
export function readLine(line: string, number: number, reader: ExpositionReader, atMs: number): void {
  const text = line.trim()
  if (text === '') return
  if (text.startsWith('#')) {
    readType(text, reader)
    return
  }
  const end = endOfSeries(text)
  if (end === -1) {
    reader.unreadable({ number, text, problem: UNREADABLE_NAME, series: undefined })
    return
  }
  const series = text.slice(0, end)
  const value = parseValue(firstWord(text, end))
  const problem =
    value === undefined ? 'the value is not a number' : (problemOfRest(text, end, atMs) ?? reader.sample(series, value))
  if (problem !== undefined) reader.unreadable({ number, text, problem, series: parseSeriesName(series) })
}

/** `line 3 cannot be read (the value is not a number): up one` */
export function showUnreadable({ number, text, problem }: UnreadableLine): string {
  const shown = text.length > 60 ? `${text.slice(0, 59)}…` : text
  return `line ${number} cannot be read (${problem}): ${shown}`
}

const TYPES: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'stateset'])
const TYPE_LINE = /^#\s*TYPE\s+("(?:[^"\\]|\\.)*"|\S+)\s*(\S*)/

function readType(line: string, reader: ExpositionReader): void {
  const match = TYPE_LINE.exec(line)
  if (match === null) return
  const [, family = '', type = ''] = match
  const name = family.startsWith('"') ? parseSeriesName(`{${family}}`)?.name : family
  if (name !== undefined) reader.type(name, TYPES.has(type) ? (type as MetricType) : 'unknown')
}

const [SPACE, TAB, QUOTE, BACKSLASH, OPEN, CLOSE] = [32, 9, 34, 92, 123, 125]

/** End of name and labels; -1 if the name is invalid or the labels have no end. */
function endOfSeries(line: string): number {
  if (!/^[a-zA-Z_:{]/.test(line)) return -1
  let at = 0
  while (at < line.length && line.charCodeAt(at) !== OPEN) {
    const code = line.charCodeAt(at)
    if (code === SPACE || code === TAB) {
      const next = startOfWord(line, at)
      // A space may separate name and labels.
      if (line.charCodeAt(next) !== OPEN) return at
      at = next
    } else at++
  }
  let quoted = false
  for (at++; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === QUOTE) quoted = !quoted
    else if (code === BACKSLASH && quoted) at++
    else if (code === CLOSE && !quoted) return at + 1
  }
  return -1
}

function startOfWord(line: string, from: number): number {
  let at = from
  while (line.charCodeAt(at) === SPACE || line.charCodeAt(at) === TAB) at++
  return at
}

function endOfWord(line: string, from: number): number {
  let at = from
  while (at < line.length && line.charCodeAt(at) !== SPACE && line.charCodeAt(at) !== TAB) at++
  return at
}

function firstWord(line: string, from: number): string {
  const start = startOfWord(line, from)
  return line.slice(start, endOfWord(line, start))
}

/** Age from which a value is no longer current, as in Prometheus. Smaller differences may be those of two clocks. */
const STALE_MS = 5 * 60_000
/** Time stamps from this on are in milliseconds, as in the Prometheus text format; below, in seconds, as in OpenMetrics. */
const LEAST_MS = 1e11

const REST = /^(?:([-+]?[\d.]+(?:e[-+]?\d+)?)\s*)?(?:#.*)?$/is

/** Problem of the text after the value: it is neither empty nor a time stamp nor an exemplar, or the time stamp is old. */
function problemOfRest(line: string, from: number, atMs: number): string | undefined {
  const rest = startOfWord(line, endOfWord(line, startOfWord(line, from)))
  if (rest >= line.length) return undefined
  const match = REST.exec(line.slice(rest))
  if (match === null) return 'text after the value'
  if (match[1] === undefined) return undefined
  const stamp = Number(match[1])
  const ageMs = atMs - (Math.abs(stamp) < LEAST_MS ? stamp * 1000 : stamp)
  return ageMs > STALE_MS ? `its time stamp is ${formatCount(Math.floor(ageMs / 60_000))} min old` : undefined
}

function parseValue(text: string): number | undefined {
  const value = text === '' ? Number.NaN : Number(text)
  if (!Number.isNaN(value)) return value
  if (/^[-+]?nan$/i.test(text)) return Number.NaN
  if (/^\+?inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY
  return /^-inf(inity)?$/i.test(text) ? Number.NEGATIVE_INFINITY : undefined
}

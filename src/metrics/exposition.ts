import { parseSeriesName, type Labels } from './series-name.ts'

/** One line of an exposition: a name, its labels and a value. */
export interface Sample {
  readonly name: string
  readonly labels: Labels
  readonly value: number
}

export type MetricType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'

/** What a metrics route answered. */
export interface Exposition {
  readonly samples: readonly Sample[]
  /** By family name, as the `# TYPE` lines say. */
  readonly types: ReadonlyMap<string, MetricType>
}

/** An answer that is neither Prometheus text nor OpenMetrics. Says at which line and what stands there. */
export class ExpositionError extends Error {
  override readonly name = 'ExpositionError'
}

/** What the lines of an exposition say, one call a line. */
export interface ExpositionReader {
  /** @param series name and labels as written: `up{job="a"}` @returns whether they are well written */
  sample(series: string, value: number): boolean
  type(family: string, type: MetricType): void
}

/**
 * Reads the Prometheus text format 0.0.4 and OpenMetrics 1.0: counters, gauges, histograms and summaries with labels and
 * escapes, `NaN`, `+Inf` and `-Inf`. Time stamps, exemplars, `# HELP`, `# UNIT` and `# EOF` are passed over.
 *
 * Formats: https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/specs/om/open_metrics_spec/
 *
 * @throws {ExpositionError} at the first line that is neither
 */
export function parseExposition(text: string): Exposition {
  const samples: Sample[] = []
  const types = new Map<string, MetricType>()
  const reader: ExpositionReader = {
    sample(text, value) {
      const series = parseSeriesName(text)
      if (series !== undefined) samples.push({ ...series, value })
      return series !== undefined
    },
    type: (family, type) => void types.set(family, type),
  }
  for (const [index, line] of text.split('\n').entries()) readLine(line, index + 1, reader)
  return { samples, types }
}

/**
 * Reads one line. Names and labels are handed on as they stand and not looked into: a scrape has thousands of lines,
 * and all but a few have been there in the scrape before.
 *
 * @throws {ExpositionError} where it is no line of an exposition, or the reader says so
 */
export function readLine(line: string, number: number, reader: ExpositionReader): void {
  const text = line.trim()
  if (text === '') return
  if (text.startsWith('#')) {
    readType(text, reader)
    return
  }
  const end = endOfSeries(text)
  const space = text.charCodeAt(end)
  if (end === -1 || (space !== SPACE && space !== TAB)) throw unreadable(text, number)
  const value = parseValue(firstWord(text, end))
  if (value === undefined || !reader.sample(text.slice(0, end), value)) throw unreadable(text, number)
}

function readType(line: string, reader: ExpositionReader): void {
  if (!line.startsWith('# TYPE')) return
  const [, , family, type] = line.split(/\s+/)
  if (family === undefined) return
  const known = type === 'counter' || type === 'gauge' || type === 'histogram' || type === 'summary'
  reader.type(family, known ? type : 'unknown')
}

const [SPACE, TAB, QUOTE, BACKSLASH, OPEN, CLOSE] = [32, 9, 34, 92, 123, 125]

/** Where name and labels end; -1 where the name does not begin like one or the labels have no end. */
function endOfSeries(line: string): number {
  if (!/^[a-zA-Z_:]/.test(line)) return -1
  let at = 0
  while (at < line.length && line.charCodeAt(at) !== OPEN) {
    const code = line.charCodeAt(at)
    if (code === SPACE || code === TAB) {
      const next = startOfWord(line, at)
      // A space may stand between name and labels.
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

function firstWord(line: string, from: number): string {
  const start = startOfWord(line, from)
  let end = start
  while (end < line.length && line.charCodeAt(end) !== SPACE && line.charCodeAt(end) !== TAB) end++
  return line.slice(start, end)
}

function parseValue(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN
  const value = text === '' ? Number.NaN : Number(text)
  if (!Number.isNaN(value)) return value
  if (/^\+?Inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY
  return /^-Inf(inity)?$/i.test(text) ? Number.NEGATIVE_INFINITY : undefined
}

function unreadable(line: string, number: number): ExpositionError {
  const shown = line.length > 60 ? `${line.slice(0, 59)}…` : line
  return new ExpositionError(`line ${number} is no metric: ${shown}`)
}

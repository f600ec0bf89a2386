/** One line of an exposition: a name, its labels and a value. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
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

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|(?=\}))/

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
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.trim()
    if (trimmed === '') continue
    if (trimmed.startsWith('#')) readType(trimmed, types)
    else samples.push(parseSample(trimmed, index + 1))
  }
  return { samples, types }
}

function readType(line: string, types: Map<string, MetricType>): void {
  const [, keyword, family, type] = line.split(/\s+/)
  if (keyword !== 'TYPE' || family === undefined) return
  const known = type === 'counter' || type === 'gauge' || type === 'histogram' || type === 'summary'
  types.set(family, known ? type : 'unknown')
}

function parseSample(line: string, number: number): Sample {
  const name = NAME.exec(line)?.[0]
  if (name === undefined) throw unreadable(line, number)
  let rest = line.slice(name.length)
  const labels: Record<string, string> = {}
  if (rest.startsWith('{')) {
    rest = rest.slice(1)
    for (let label = LABEL.exec(rest); label !== null; label = LABEL.exec(rest)) {
      labels[label[1]!] = unescape(label[2]!)
      rest = rest.slice(label[0].length)
    }
    rest = rest.trimStart()
    if (!rest.startsWith('}')) throw unreadable(line, number)
    rest = rest.slice(1)
  }
  const value = parseValue(rest.trim().split(/\s+/)[0] ?? '')
  if (value === undefined || !/^\s/.test(rest)) throw unreadable(line, number)
  return { name, labels, value }
}

function parseValue(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN
  if (/^\+?Inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY
  if (/^-Inf(inity)?$/i.test(text)) return Number.NEGATIVE_INFINITY
  const value = text === '' ? Number.NaN : Number(text)
  return Number.isNaN(value) ? undefined : value
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
}

function unreadable(line: string, number: number): ExpositionError {
  const shown = line.length > 60 ? `${line.slice(0, 59)}…` : line
  return new ExpositionError(`line ${number} is no metric: ${shown}`)
}

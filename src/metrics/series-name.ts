export type Labels = Readonly<Record<string, string>>

/** What tells one series from another. */
export interface SeriesName {
  readonly name: string
  readonly labels: Labels
}

const NAME = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?$/s
const LABEL = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(?:,|$)/

/** Reads `name{label="value"}` as an exposition has it; `undefined` where it is none. */
export function parseSeriesName(text: string): SeriesName | undefined {
  const match = NAME.exec(text)
  if (match === null) return undefined
  const labels: Record<string, string> = {}
  let rest = match[2]?.trim() ?? ''
  while (rest !== '') {
    const label = LABEL.exec(rest)
    if (label === null) return undefined
    labels[label[1]!] = unescape(label[2]!)
    rest = rest.slice(label[0].length)
  }
  return { name: match[1]!, labels }
}

/** `name{a="b"}` with labels in the order of their names, whatever the order they came in. */
export function seriesKey({ name, labels }: SeriesName): string {
  const parts = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return parts.length === 0
    ? name
    : `${name}{${parts.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`
}

function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)) : text
}

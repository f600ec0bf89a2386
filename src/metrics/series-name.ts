export type Labels = Readonly<Record<string, string>>

/** Name and labels that identify a series. */
export interface SeriesName {
  readonly name: string
  readonly labels: Labels
}

const NAME = /^([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?$/s
const QUOTED = String.raw`"((?:[^"\\\n]|\\.)*)"`
/** `label="value"`, or a quoted name: of a label if `="value"` follows, else of the metric. */
const PART = new RegExp(
  String.raw`^\s*(?:${QUOTED}|([a-zA-Z_][a-zA-Z0-9_]*)(?=\s*=))\s*(?:=\s*${QUOTED})?\s*(?:,\s*|$)`,
)

/**
 * Parses `name{label="value"}` of an exposition, and names of any characters in the syntax of Prometheus 3:
 * `{"my.metric", "my.label"="value"}`.
 *
 * @returns `undefined` for invalid text, without a name or with a duplicate label
 */
export function parseSeriesName(text: string): SeriesName | undefined {
  const match = NAME.exec(text)
  if (match === null) return undefined
  let name = match[1]
  // Without a prototype: a target may have a label named `constructor`.
  const labels = Object.create(null) as Record<string, string>
  let rest = match[2]?.trim() ?? ''
  while (rest !== '') {
    const part = PART.exec(rest)
    if (part === null) return undefined
    const [whole, quoted, bare, value] = part
    if (value === undefined) {
      if (name !== undefined) return undefined
      name = unescape(quoted!)
    } else {
      const label = bare ?? unescape(quoted!)
      if (label in labels) return undefined
      labels[label] = unescape(value)
    }
    rest = rest.slice(whole.length)
  }
  return name === undefined || name === '' ? undefined : { name, labels }
}

/** `name{a="b"}` with labels sorted by name. */
export function seriesKey({ name, labels }: SeriesName): string {
  const parts = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return parts.length === 0
    ? name
    : `${name}{${parts.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}}`
}

/** Content of a quoted string of an exposition or a selector, without escapes. */
export function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gs, (_, char: string) => (char === 'n' ? '\n' : char)) : text
}

import type { Labels, SeriesName } from './series-name.ts'

/** Picks series: a metric's name and what its labels must be. Labels not named may have any value. */
export interface Selector {
  readonly name: string
  readonly matchers: readonly LabelMatcher[]
}

export interface LabelMatcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
  /** Set for `=~` and `!~`. */
  readonly pattern?: RegExp
}

const SELECTOR = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?$/s
const MATCHER = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/

/**
 * Reads `name` or `name{label="value"}`, as one writes it in PromQL, with its operators `=`, `!=`, `=~` and `!~`; a
 * pattern must match a label's whole value, and a label that a series does not have counts as empty.
 *
 * @throws {TypeError} where the text is neither
 */
export function parseSelector(text: string): Selector {
  const match = SELECTOR.exec(text.trim())
  if (match === null) throw unreadable(text)
  const matchers: LabelMatcher[] = []
  let rest = match[2]?.trim() ?? ''
  while (rest !== '') {
    const matcher = MATCHER.exec(rest)
    if (matcher === null) throw unreadable(text)
    matchers.push(labelMatcher(text, matcher[1]!, matcher[2] as LabelMatcher['operator'], matcher[3]!))
    rest = rest.slice(matcher[0].length)
  }
  return { name: match[1]!, matchers }
}

function labelMatcher(text: string, label: string, operator: LabelMatcher['operator'], raw: string): LabelMatcher {
  const value = raw.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char))
  if (!operator.endsWith('~')) return { label, operator, value }
  try {
    return { label, operator, value, pattern: new RegExp(`^(?:${value})$`, 's') }
  } catch {
    throw new TypeError(`${JSON.stringify(text)}: ${JSON.stringify(value)} is no regular expression`)
  }
}

/** A selector with labels that must be equal to what is given. */
export function withLabels({ name, matchers }: Selector, labels: Labels): Selector {
  const more = Object.entries(labels).map(([label, value]): LabelMatcher => ({ label, operator: '=', value }))
  return { name, matchers: [...matchers, ...more] }
}

/** Whether a series has the selector's name and labels. */
export function selects({ name, matchers }: Selector, series: SeriesName): boolean {
  return series.name === name && matchers.every((matcher) => matches(matcher, series.labels[matcher.label] ?? ''))
}

export function matches({ operator, value, pattern }: LabelMatcher, received: string): boolean {
  const alike = pattern === undefined ? received === value : pattern.test(received)
  return operator.startsWith('!') ? !alike : alike
}

/** As one would write it. */
export function showSelector({ name, matchers }: Selector): string {
  const parts = matchers.map(({ label, operator, value }) => `${label}${operator}${JSON.stringify(value)}`)
  return parts.length === 0 ? name : `${name}{${parts.join(', ')}}`
}

function unreadable(text: string): TypeError {
  return new TypeError(`${JSON.stringify(text)} selects no metric; write a name, or name{label="value"}`)
}

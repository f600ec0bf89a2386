import { unescape, type Labels, type SeriesName } from './series-name.ts'

/** Selection of series by name and labels. Unnamed labels may have any value. */
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

const SELECTOR = /^([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?$/s
const QUOTED = String.raw`"((?:[^"\\]|\\.)*)"`
const PART = new RegExp(
  String.raw`^\s*(?:${QUOTED}|([a-zA-Z_][a-zA-Z0-9_]*)(?=\s*[=!]))\s*(?:(=~|!~|!=|=)\s*${QUOTED})?\s*(?:,|$)`,
)
const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

/**
 * Parses `name` or `name{label="value"}` in PromQL syntax, with the operators `=`, `!=`, `=~` and `!~`. A pattern must match
 * a label's whole value; a missing label counts as empty. Names with other characters are quoted within the braces:
 * `{"my.metric", "my.label"="value"}`.
 *
 * @throws {TypeError} if the text is not a selector
 */
export function parseSelector(text: string): Selector {
  const match = typeof text === 'string' ? SELECTOR.exec(text.trim()) : null
  if (match === null) throw unreadable(text)
  let name = match[1]
  const matchers: LabelMatcher[] = []
  let rest = match[2]?.trim() ?? ''
  while (rest !== '') {
    const part = PART.exec(rest)
    if (part === null) throw unreadable(text)
    const [whole, quoted, bare, operator, value] = part
    const label = bare ?? unescape(quoted!)
    const isName = operator === undefined || (label === '__name__' && operator === '=')
    if (isName && name !== undefined) throw unreadable(text)
    if (isName) name = operator === undefined ? label : unescape(value!)
    else matchers.push(labelMatcher(text, label, operator as LabelMatcher['operator'], value!))
    rest = rest.slice(whole.length)
  }
  if (name === undefined || name === '') throw unreadable(text)
  return { name, matchers }
}

function labelMatcher(text: string, label: string, operator: LabelMatcher['operator'], raw: string): LabelMatcher {
  const value = unescape(raw)
  if (!operator.endsWith('~')) return { label, operator, value }
  try {
    return { label, operator, value, pattern: new RegExp(`^(?:${value})$`, 's') }
  } catch {
    throw new TypeError(
      `${JSON.stringify(text)}: ${JSON.stringify(value)} is not a valid regular expression\nFix: correct the pattern after ${operator}`,
    )
  }
}

/** Selector with additional labels that must be equal. */
export function withLabels({ name, matchers }: Selector, labels: Labels): Selector {
  const more = Object.entries(labels).map(([label, value]): LabelMatcher => ({ label, operator: '=', value }))
  return { name, matchers: [...matchers, ...more] }
}

/** Whether a selector matches a series. */
export function selects({ name, matchers }: Selector, series: SeriesName): boolean {
  return series.name === name && matchers.every((matcher) => matches(matcher, series.labels[matcher.label] ?? ''))
}

export function matches({ operator, value, pattern }: LabelMatcher, received: string): boolean {
  const alike = pattern === undefined ? received === value : pattern.test(received)
  return operator.startsWith('!') ? !alike : alike
}

/** Selector in PromQL syntax. */
export function showSelector({ name, matchers }: Selector): string {
  const isPlain = PLAIN_NAME.test(name)
  const labels = matchers.map(({ label, operator, value }) => `${showLabel(label)}${operator}${JSON.stringify(value)}`)
  const parts = isPlain ? labels : [JSON.stringify(name), ...labels]
  return parts.length === 0 ? name : `${isPlain ? name : ''}{${parts.join(', ')}}`
}

function showLabel(label: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : JSON.stringify(label)
}

function unreadable(text: unknown): TypeError {
  const fix = 'write a name, name{label="value"}, or {"a.name", label="value"} for a name with other characters'
  return new TypeError(`${JSON.stringify(text)} is not a valid selector\nFix: ${fix}`)
}

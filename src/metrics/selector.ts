import type { Sample } from './exposition.ts'

/** Picks series: a metric's name and the labels it must have. Further labels may have any value. */
export interface Selector {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

const SELECTOR = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(.*)\})?$/s
const MATCHER = /^\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)/

/**
 * Reads `name` or `name{label="value"}`, as one writes it in PromQL. Equality only.
 *
 * @throws {TypeError} where the text is neither
 */
export function parseSelector(text: string): Selector {
  const match = SELECTOR.exec(text.trim())
  if (match === null) throw unreadable(text)
  const labels: Record<string, string> = {}
  let rest = match[2]?.trim() ?? ''
  while (rest !== '') {
    const label = MATCHER.exec(rest)
    if (label === null) throw unreadable(text)
    labels[label[1]!] = label[2]!.replace(/\\(.)/g, '$1')
    rest = rest.slice(label[0].length)
  }
  return { name: match[1]!, labels }
}

/** Whether a sample called `name` has the selector's labels. */
export function selects({ labels }: Selector, sample: Sample): boolean {
  return Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
}

function unreadable(text: string): TypeError {
  return new TypeError(`${JSON.stringify(text)} selects no metric; write a name, or name{label="value"}`)
}

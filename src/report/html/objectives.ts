import type { AssertionResult } from '../../results/result.ts'
import { scopeOfAssertion } from '../../results/scope-of-assertion.ts'
import { formatCount, formatMs, formatRate, formatRatio, formatValue } from '../../stats/units.ts'
import { DISTANCE, marginOf, shortReceived } from '../decisive.ts'
import { badge } from './cells.ts'
import { html, type Markup } from './markup.ts'
import { table, type TableCell } from './tables.ts'

const FORMATS = {
  ms: formatMs,
  ratio: formatRatio,
  perSec: formatRate,
  count: formatCount,
  value: formatValue,
} as const

/** Assertions of a scenario: what was judged, the limit, the figure with its interval, and the distance between them. */
export function objectives(assertions: readonly AssertionResult[]): Markup {
  const scopes = assertions.map((asserted) => scopeOfAssertion(asserted, assertions))
  const optional = {
    scope: scopes.some((scope) => scope !== ''),
    interval: assertions.some(({ interval }) => interval !== undefined),
    margin: assertions.some((asserted) => marginOf(asserted) !== undefined),
  }
  const rows = assertions.map((asserted, at): TableCell[] => [
    { text: html`<code>${asserted.assertion}</code>` },
    ...(optional.scope ? [{ text: scopes[at]! }] : []),
    { text: badge(asserted.outcome) },
    { text: asserted.expected },
    { text: receivedText(asserted) },
    ...(optional.interval ? [{ text: intervalText(asserted) }] : []),
    ...(optional.margin ? [{ text: marginText(asserted) }] : []),
  ])
  const head = [
    'Assertion',
    ...(optional.scope ? ['Scope'] : []),
    'Outcome',
    'Objective',
    'Received',
    ...(optional.interval ? ['Interval'] : []),
    ...(optional.margin ? ['Margin'] : []),
  ]
  return table('Assertions', head, rows)
}

/** The text without what has a column of its own. Further lines, such as the failure of a target, are kept. */
function receivedText(asserted: AssertionResult): string {
  const [, ...more] = asserted.received.split('\n')
  const first = shortReceived(asserted)
  return [marginOf(asserted) === undefined ? first : first.replace(DISTANCE, ''), ...more].join('\n')
}

/** `95–101 ms (95%)`; empty without an interval. */
function intervalText({ interval, unit = 'value' }: AssertionResult): string {
  if (interval === undefined) return ''
  const [low, high] = [Number(interval.low), Number(interval.high)].map((value) => FORMATS[unit](value))
  return `${low} to ${high} (${formatRatio(interval.confidence)})`
}

/** `35% below the limit`; empty if either is unknown. */
function marginText(asserted: AssertionResult): string {
  const margin = marginOf(asserted)
  if (margin === undefined) return ''
  if (margin === 0) return 'at the limit'
  return margin >= 9
    ? `${Math.round(margin + 1)} times the limit`
    : `${formatRatio(Math.abs(margin))} ${margin < 0 ? 'below' : 'above'} the limit`
}

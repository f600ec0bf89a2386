import type { Outcome } from '../../evidence/verdict.ts'
import type { JsonMs } from '../../stats/summary.ts'
import { formatBytes, formatCount, formatMs, formatRatio } from '../../stats/units.ts'
import { html, type Markup } from './markup.ts'
import type { TableCell } from './tables.ts'

const NONE: TableCell = { text: '–' }

function cell(value: number | undefined, format: (value: number) => string): TableCell {
  return value === undefined || Number.isNaN(value) ? NONE : { text: format(value), value }
}

export const countCell = (value: number | undefined) => cell(value, formatCount)
export const msCell = (value: JsonMs | undefined) => cell(value === undefined ? value : Number(value), formatMs)
export const ratioCell = (value: number | undefined) => cell(value, formatRatio)
export const bytesCell = (value: number | undefined) => cell(value, formatBytes)

const WORDS = { passed: 'Passed', failed: 'Failed', invalid: 'Invalid', skipped: 'Skipped' } as const
const SIGNS = { passed: '✓', failed: '×', invalid: '?', skipped: '↓' } as const

/** A verdict as word, sign and colour, each of which is enough to read it. */
export function badge(verdict: Outcome): Markup {
  return html`<span class="badge ${verdict}"><span aria-hidden="true">${SIGNS[verdict]}</span> ${WORDS[verdict]}</span>`
}

/** The sign of a verdict, with its word for readers that do not see it. */
export function sign(verdict: Outcome): Markup {
  return html`<span class="sign ${verdict}" aria-hidden="true">${SIGNS[verdict]}</span
    ><span class="visually-hidden">${WORDS[verdict]}: </span>`
}

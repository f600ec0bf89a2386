import { styleText } from 'node:util'
import type { Outcome } from '../../evidence/verdict.ts'

/** Styles text for one stream. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string

/** Style functions for a stream. FORCE_COLOR and NO_COLOR take precedence; otherwise only a terminal is styled. */
export function paintFor(stream: NodeJS.WritableStream): Paint {
  return (format, text) => styleText(format, text, { stream, validateStream: true })
}

const LABELS = { passed: 'PASS', failed: 'FAIL', invalid: 'INVALID', skipped: 'SKIP' } as const
const COLOURS = { passed: 'green', failed: 'red', invalid: 'magenta', skipped: 'yellow' } as const
const MARKS = { passed: '✓', failed: '×', invalid: '?', skipped: '↓' } as const

/** Width of the longest verdict. */
export const VERDICT_WIDTH = 'INVALID'.length

/** `PASS`, `FAIL`, `INVALID` or `SKIP`, padded to one width. */
export function verdictLabel(verdict: Outcome, paint: Paint): string {
  return paint(['bold', COLOURS[verdict]], LABELS[verdict].padEnd(VERDICT_WIDTH))
}

/** One character per outcome, distinguishable without colour. */
export function outcomeMark(outcome: Outcome, paint: Paint): string {
  return paint(COLOURS[outcome], MARKS[outcome])
}

/** Text in the colour of an outcome. */
export function inColourOf(outcome: Outcome, text: string, paint: Paint): string {
  return paint(COLOURS[outcome], text)
}

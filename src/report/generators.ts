import type { GeneratorResult } from '../results/generator-result.ts'
import type { RunResult } from '../results/result.ts'
import type { JsonMs } from '../stats/summary.ts'
import { formatCount, formatMs, formatRatio } from '../stats/units.ts'

/** A figure of one generator: `value` is the exact number, absent if nothing was measured. */
export interface GeneratorFigure {
  readonly label: string
  readonly text: string
  readonly value?: number
}

const NONE = '–'

/** Figures of one generator of a run, for a row of a table. A lost generator has none. */
export function figuresOfGenerator(
  { offered, sent, expected, received, times, startSkewMs, health }: GeneratorResult,
  kind: RunResult['kind'],
): readonly GeneratorFigure[] {
  const counts =
    kind === 'fanOut'
      ? [figure('expected', expected, formatCount), figure('received', received, formatCount)]
      : [figure('offered', offered, formatCount), figure('sent', sent, formatCount)]
  return [
    ...counts,
    figure('p50', ms(times?.p50Ms), formatMs),
    figure('p95', ms(times?.p95Ms), formatMs),
    figure('p99', ms(times?.p99Ms), formatMs),
    figure('skew', startSkewMs, formatMs),
    figure('CPU', health?.cpuRatio, formatRatio),
  ]
}

/** `node-b`, or `lost at 41.0 s (node-b)` */
export function placeOfGenerator({ node, isLost, lostAtMs }: GeneratorResult): string {
  if (isLost !== true) return node ?? NONE
  const when = lostAtMs === undefined ? '' : ` at ${(lostAtMs / 1000).toFixed(1)} s`
  return `lost${when}${node === undefined ? '' : ` (${node})`}`
}

function ms(value: JsonMs | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}

function figure(label: string, value: number | undefined, format: (value: number) => string): GeneratorFigure {
  return value === undefined ? { label, text: NONE } : { label, text: format(value), value }
}

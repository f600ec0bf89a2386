import type { LostGenerator } from '../../evidence/generator-info.ts'
import type { MergedGenerators } from '../../evidence/merged-generators.ts'
import { totalsOf, WHOLE_RUN, type RequestSeries } from '../../execution/request-scope.ts'
import type { Phase } from '../../load/load.ts'
import { Histogram } from '../../stats/histogram.ts'
import { timeStats } from '../../stats/summary.ts'
import type { DueInSecond, GeneratorFigures } from '../generator-figures.ts'
import { distinctMedian } from './distinct-median.ts'
import type { HttpPart } from './http-part.ts'
import { mergeSeries } from './packed-series.ts'
import { lostOf } from './parts.ts'

interface MergedRun {
  readonly phases: readonly Phase[]
  readonly steps: readonly string[]
  readonly lost: readonly LostGenerator[]
}

/** Figures of each generator; empty if there is only one, so that nothing changes. */
export function mergeGenerators(
  parts: readonly HttpPart[],
  { phases, steps, lost }: MergedRun,
): { readonly generators?: MergedGenerators<GeneratorFigures> } {
  const { count } = parts[0]!.generator
  if (count === 1) return {}
  const all = parts.map(({ generator, health, series: packed }) => {
    const series = mergeSeries([packed], { phases, steps })
    const { windows, sum } = totalsOf(series, phases, WHOLE_RUN)
    return { generator, health, due: dueOf(series, phases), windows: windows.map((each) => each.latency()), sum }
  })
  const latencies = all.map(({ sum }) => sum.latency())
  const figures = all.map(({ generator, health, due, windows, sum: { offered, sent } }, at): GeneratorFigures => {
    const others = Histogram.merged(latencies.toSpliced(at, 1))
    return {
      ...{ ...generator, health, due, counts: { offered, sent }, times: timeStats(latencies[at]!) },
      distinct: distinctMedian(windows, others, count),
    }
  })
  return { generators: { all: figures, lost: lostOf(parts, lost), count } }
}

function dueOf(series: readonly RequestSeries[], phases: readonly Phase[]): readonly DueInSecond[] {
  return series.flatMap(({ timeline }) =>
    phases.flatMap((_, phase) =>
      timeline.windowsOf(phase).map(({ second, offered, sent }) => ({ phase, second, offered, sent })),
    ),
  )
}

import type { LostGenerator } from '../../evidence/generator-info.ts'
import type { MergedGenerators } from '../../evidence/merged-generators.ts'
import { distinctMedian } from '../../runs/merge/distinct-median.ts'
import { lostOf } from '../../runs/merge/parts.ts'
import { Histogram } from '../../stats/histogram.ts'
import { timeStats } from '../../stats/summary.ts'
import type { FanOutGenerator } from './fan-out-measurement.ts'
import type { FanOutPart } from './fan-out-part.ts'

/** Figures of each generator of a fan-out; empty if there is only one, so that nothing changes. */
export function mergeFanOutGenerators(
  parts: readonly FanOutPart[],
  lost: readonly LostGenerator[],
): { readonly generators?: MergedGenerators<FanOutGenerator> } {
  const { count } = parts[0]!.generator
  if (count === 1) return {}
  const lags = parts.map(({ measured }) => Histogram.merged(measured.windows.map(({ lag }) => lag)))
  const all = parts.map(({ generator, measured }, at): FanOutGenerator => {
    const { generator: health, openingHealth, lostProcesses, deliveries, windows } = measured
    const others = Histogram.merged(lags.toSpliced(at, 1))
    return {
      ...{ ...generator, health, openingHealth, lostProcesses },
      counts: { expected: deliveries.expected, received: deliveries.received },
      times: timeStats(lags[at]!),
      distinct: distinctMedian(
        windows.map(({ lag }) => lag),
        others,
        count,
      ),
    }
  })
  return { generators: { all, lost: lostOf(parts, lost), count } }
}

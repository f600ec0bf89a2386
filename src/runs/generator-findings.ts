import { clockDistanceMs, generatorName } from '../evidence/generator-info.ts'
import type { GeneratorSummary, MergedGenerators } from '../evidence/merged-generators.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatCount, formatMs, formatRatio } from '../stats/units.ts'

/** Number of generators that are named one by one. */
const NAMED = 3

/** Reasons why single generators make a run invalid. Beyond three generators, only their numbers are named. */
export function perGenerator<Summary extends GeneratorSummary>(
  { all }: MergedGenerators<Summary>,
  judge: (generator: Summary) => readonly Invalidity[],
): readonly Invalidity[] {
  const found = all
    .map((generator) => ({ generator, invalidities: judge(generator) }))
    .filter(({ invalidities }) => invalidities.length > 0)
  const named = found
    .slice(0, NAMED)
    .flatMap(({ generator, invalidities }) =>
      invalidities.map((each) => ({ ...each, finding: `${generatorName(generator)}: ${each.finding}` })),
    )
  const others = found.slice(NAMED)
  if (others.length === 0) return named
  const numbers = others.map(({ generator }) => generator.index + 1).join(', ')
  const { reason, fix } = others[0]!.invalidities[0]!
  const finding = `${others.length} more of ${all[0]!.count} generators exceed their limits: ${numbers}`
  return [...named, { reason, finding, fix }]
}

/** The reason why generators without evidence make a run invalid. */
export function lostInvalidities({ lost, count }: MergedGenerators): readonly Invalidity[] {
  if (lost.length === 0) return []
  const named = lost.slice(0, NAMED).map(({ index, node, atMs }) => {
    const name = generatorName({ index, count, ...(node === undefined ? {} : { node }) })
    return `${name} lost${atMs === undefined ? '' : ` at ${(atMs / 1000).toFixed(1)} s`}`
  })
  const others = lost.length > NAMED ? [`${formatCount(lost.length - NAMED)} more lost`] : []
  return [
    {
      reason: 'generator-lost',
      finding: `${[...named, ...others].join(', ')}, ${formatRatio(lost.length / count)} of the load was not sent`,
      fix:
        'find out why it stopped: the memory and the logs of its machine, or the scheduler that ended it; ' +
        'the figures are those of the other generators',
    },
  ]
}

/** Lines of evidence about the generators of a merged run: their start, and medians that differ. */
export function generatorLines({ all }: MergedGenerators): readonly string[] {
  return [...startLine(all), ...distinctLines(all)]
}

function startLine(all: readonly GeneratorSummary[]): readonly string[] {
  const skews = all.flatMap(({ startSkewMs }) => startSkewMs ?? [])
  if (skews.length < 2) return []
  const spreadMs = Math.max(...skews) - Math.min(...skews)
  const nodes = new Set(all.map(({ node }) => node)).size
  const distanceMs = clockDistanceMs(all)
  const error = distanceMs === 0 ? '' : `, clocks differ by at most ${formatMs(distanceMs)}`
  return [
    `${formatCount(all.length)} generators on ${formatCount(nodes)} ${nodes === 1 ? 'node' : 'nodes'} started within ` +
      `${formatMs(spreadMs)} of one another${error}`,
  ]
}

/** Generators whose median differs most from that of the others. */
function distinctLines(all: readonly GeneratorSummary[]): readonly string[] {
  const found = all.flatMap(({ distinct, ...generator }) => (distinct === undefined ? [] : { ...distinct, generator }))
  const factor = (a: number, b: number) => (a > b ? a / b : b / a)
  return found
    .toSorted((a, b) => factor(b.p50Ms, b.othersP50Ms) - factor(a.p50Ms, a.othersP50Ms))
    .slice(0, NAMED)
    .map(({ generator, p50Ms, interval: { low, high }, othersP50Ms }) => {
      const range = `between ${formatMs(low)} and ${formatMs(high)}`
      return `${generatorName(generator)} differs: p50 ${formatMs(p50Ms)}, ${range}; p50 of the others ${formatMs(othersP50Ms)}`
    })
}

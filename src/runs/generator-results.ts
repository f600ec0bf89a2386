import type { MergedGenerators } from '../evidence/merged-generators.ts'
import type { GeneratorResult } from '../results/generator-result.ts'
import { toTimeStatsJson } from '../stats/summary.ts'

/** Figures of each generator as plain JSON, in order of their numbers; empty if there is only one. */
export function generatorResults(generators: MergedGenerators | undefined): {
  readonly generators?: readonly GeneratorResult[]
} {
  if (generators === undefined) return {}
  const { all, lost } = generators
  const present = all.map(({ index, node, startSkewMs, clockErrorMs, counts, times, health }): GeneratorResult => ({
    number: index + 1,
    node,
    ...(startSkewMs === undefined ? {} : { startSkewMs }),
    ...(clockErrorMs === undefined ? {} : { clockErrorMs }),
    ...counts,
    ...(times === undefined ? {} : { times: toTimeStatsJson(times) }),
    health,
  }))
  const absent = lost.map(({ index, node, atMs }): GeneratorResult => ({
    number: index + 1,
    ...(node === undefined ? {} : { node }),
    isLost: true,
    ...(atMs === undefined ? {} : { lostAtMs: atMs }),
  }))
  return { generators: [...present, ...absent].toSorted((a, b) => a.number - b.number) }
}

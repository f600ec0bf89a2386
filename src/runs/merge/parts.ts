import { generatorName, type GeneratorInfo, type LostGenerator } from '../../evidence/generator-info.ts'

interface Part {
  readonly generator: GeneratorInfo
}

/**
 * Parts in order of their generators, so that what depends on an order is the same on all generators.
 *
 * @throws {Error} if there is no part, or two have the same generator, or not all the same number of generators
 */
export function inOrder<P extends Part>(parts: readonly P[]): readonly P[] {
  const [first, ...others] = parts
  if (first === undefined) throw new Error('there is no evidence to merge')
  const { count } = first.generator
  const other = others.find(({ generator }) => generator.count !== count)
  if (other !== undefined)
    throw new Error(
      `one generator is ${generatorName(first.generator)}, another is ${generatorName(other.generator)}\n` +
        'Fix: give all generators the same number of generators',
    )
  const sorted = parts.toSorted((a, b) => a.generator.index - b.generator.index)
  const twice = sorted.find(({ generator }, at) => generator.index === sorted[at - 1]?.generator.index)
  if (twice === undefined) return sorted
  throw new Error(
    `two generators are ${generatorName({ index: twice.generator.index, count })}\nFix: give each generator its own number`,
  )
}

/** Abort of the generator that stopped first: the others stopped because of it. */
export function firstToStop<P extends { readonly abortReason: string | undefined; readonly durationMs: number }>(
  parts: readonly P[],
): P | undefined {
  const aborted = parts.filter(({ abortReason }) => abortReason !== undefined)
  return aborted.toSorted((a, b) => a.durationMs - b.durationMs)[0]
}

/** Generators without a part, with what is known about them. */
export function lostOf(parts: readonly Part[], lost: readonly LostGenerator[]): readonly LostGenerator[] {
  const present = new Set(parts.map(({ generator }) => generator.index))
  const absent = Array.from({ length: parts[0]!.generator.count }, (_, index) => index).filter((at) => !present.has(at))
  return absent.map((index) => lost.find((known) => known.index === index) ?? { index })
}

/** Notes of all generators. Those that not all have name their generator. */
export function jointNotes<P extends Part & { readonly notes: readonly string[] }>(
  parts: readonly P[],
): readonly string[] {
  const shared = (note: string) => parts.every(({ notes }) => notes.includes(note))
  const own = ({ generator, notes }: P) =>
    notes.filter((note) => !shared(note)).map((note) => `${generatorName(generator)}: ${note}`)
  return [...(parts[0]?.notes.filter(shared) ?? []), ...parts.flatMap(own)]
}

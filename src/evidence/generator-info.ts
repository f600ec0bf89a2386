/** One of several equal generators of a run. */
export interface GeneratorInfo {
  /** From 0 to `count - 1`. Shown from 1: `generator 3 of 8`. */
  readonly index: number
  readonly count: number
  /** Name of its machine. */
  readonly node: string
  /** Actual start of the load minus the common start. Absent if it was not measured. */
  readonly startSkewMs?: number
  /** Bound of the error of its clock compared with the common one. Absent if the generators share a clock. */
  readonly clockErrorMs?: number
}

/** A generator whose evidence is missing. */
export interface LostGenerator {
  readonly index: number
  readonly node?: string
  /** When it was lost, since the start of the run. Absent if that is unknown. */
  readonly atMs?: number
}

/** `generator 3 of 8 (node-b)` */
export function generatorName({
  index,
  count,
  node,
}: Pick<GeneratorInfo, 'index' | 'count'> & { node?: string }): string {
  return `generator ${index + 1} of ${count}${node === undefined ? '' : ` (${node})`}`
}

/** Largest distance between two clocks of the generators; 0 if they share one. */
export function clockDistanceMs(generators: readonly Pick<GeneratorInfo, 'clockErrorMs'>[]): number {
  const [largest = 0, second = 0] = generators.map(({ clockErrorMs = 0 }) => clockErrorMs).toSorted((a, b) => b - a)
  return largest + second
}

import type { Random } from '../random.ts'

/** How the rows of a run are assigned to its VUs or iterations. */
export interface Assignment {
  /** What gets a row: each VU, which keeps it for the run, or each iteration. @default 'per-vu' */
  readonly assignment?: 'per-vu' | 'per-iteration'
  /**
   * Order in which rows are assigned: that of the source, or random, from the seed of the run. Random rows repeat, unless
   * they are `unique`. @default 'sequential'
   */
  readonly order?: 'sequential' | 'random'
  /**
   * Whether each VU or iteration needs its own row, so that too few rows and equal rows are an error. If not, rows repeat.
   * @default false
   */
  readonly unique?: boolean
}

/**
 * Rows of a run and their assignment. It depends only on the number of the VU or iteration in the whole run and on the
 * seed, so that several generators assign the rows that one would.
 */
export class AssignedRows<D> {
  /** All rows, in the order of their source. */
  readonly all: readonly D[]
  readonly isPerIteration: boolean
  /** All rows, in the order in which they are assigned unless they are drawn. */
  readonly ordered: readonly D[]
  readonly isUnique: boolean
  /** Seed of rows that are drawn; `undefined` if they are assigned in order. */
  readonly #seed: number | undefined

  constructor(all: readonly D[], { assignment, order, unique = false }: Assignment, random: Random) {
    this.all = all
    this.isPerIteration = assignment === 'per-iteration'
    this.isUnique = unique
    const isRandom = order === 'random'
    this.#seed = isRandom && !unique ? random.int(0, 2 ** 32 - 1) : undefined
    this.ordered = isRandom && unique ? shuffled(all, random) : all
  }

  /** Whether each row is drawn at random, independent of the others. */
  get isDrawn(): boolean {
    return this.#seed !== undefined
  }

  /**
   * Row of a VU, or of an iteration.
   *
   * @param number id of the VU, or number of the iteration in the run, from 0
   * @throws {Error} if each iteration needs its own row, and all are used
   */
  at(number: number): D {
    const { length } = this.all
    if (this.#seed !== undefined) return this.all[Math.floor(mixed(this.#seed, number) * length)]!
    if (this.isUnique && number >= length)
      throw new Error(
        `data: all ${length} rows are used, but each iteration needs its own\n` +
          'Fix: add rows, or reduce the duration or the number of VUs',
      )
    return this.ordered[number % length]!
  }
}

/** The rows in random order (Fisher–Yates). */
function shuffled<D>(rows: readonly D[], random: Random): readonly D[] {
  const copy = [...rows]
  for (let at = copy.length - 1; at > 0; at--) {
    const other = random.int(0, at)
    ;[copy[at], copy[other]] = [copy[other]!, copy[at]!]
  }
  return copy
}

/** A number in [0, 1) that depends only on the arguments: splitmix32, which needs no state that generators would share. */
function mixed(seed: number, number: number): number {
  let bits = (seed + Math.imul(number + 1, 0x9e3779b9)) | 0
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
}

/** A {@link Total} as two numbers. */
export interface PackedTotal {
  readonly sum: number
  /** What the additions to `sum` lost by rounding. */
  readonly rest: number
}

/** Digits that a sum of decimals keeps: each of them is within half of the sixteenth of its number. */
const DIGITS = 15

/**
 * A sum of many numbers without drift: 300 times 0.1 is 30, and not 30.000000000000004. Additions are compensated by
 * Neumaier's algorithm (Z. angew. Math. Mech. 54, 1974), which does not cover that 0.1 itself is rounded: a sum that is no
 * integer is therefore rounded to 15 significant digits, those that every decimal number keeps.
 */
export class Total {
  #sum = 0
  #rest = 0

  get value(): number {
    return withoutDrift(this.#sum + this.#rest)
  }

  add(value: number): void {
    const sum = this.#sum + value
    this.#rest += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum
    this.#sum = sum
  }

  pack(): PackedTotal {
    return { sum: this.#sum, rest: this.#rest }
  }

  addPacked({ sum, rest }: PackedTotal): void {
    this.add(sum)
    this.add(rest)
  }
}

/** The decimal number that a calculation with decimal numbers approximates: 0.3 for 0.1 + 0.2. */
export function withoutDrift(value: number): number {
  return Number.isSafeInteger(value) || !Number.isFinite(value) ? value : Number(value.toPrecision(DIGITS))
}

/** Sum of numbers without drift, as {@link Total} computes it; 0 for none. */
export function sumOf(values: Iterable<number>): number {
  const total = new Total()
  for (const value of values) total.add(value)
  return total.value
}

/** Mean of numbers without drift: ten times 0.1 have a mean of 0.1, and not 0.09999999999999999; NaN for none. */
export function meanOf(values: readonly number[]): number {
  return withoutDrift(sumOf(values) / values.length)
}

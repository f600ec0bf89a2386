/**
 * Limits of a load. 64 generators, each at its best, stay below the first two; the last keeps the count of iterations that
 * never began within seconds. A larger number is a mistake of units, and would exhaust the memory of the generator.
 */
export const RATE_LIMIT = { max: 1_000_000, maxBecause: 'no number of generators sends more per second' } as const
export const VU_LIMIT = { max: 1_000_000, maxBecause: 'no number of generators opens more connections' } as const
export const ITERATION_LIMIT = { max: 100_000_000, maxBecause: 'more do not end within a day' } as const

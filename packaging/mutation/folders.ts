/**
 * The folders that are mutated, and the tests that have to find it out: those beside the code, and of the matchers for
 * what is judged there. Left out are tests that start a Vitest of their own, look at stacks, or take seconds, as those of
 * the HTTP engine and of nine million arrivals do: each mutant they cover would.
 */
export const TESTS_OF: Readonly<Record<string, readonly string[]>> = {
  stats: ['src/stats/**/*.test.ts'],
  load: ['src/load/**/*.test.ts'],
  evidence: ['src/{evidence,runs,matchers}/**/*.test.ts'],
  execution: ['src/execution/**/*.test.ts'],
  runs: ['src/{runs,matchers}/**/*.test.ts'],
  history: ['src/{history,ledger}/**/*.test.ts'],
  ledger: ['src/ledger/**/*.test.ts'],
}

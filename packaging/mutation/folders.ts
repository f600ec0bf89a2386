/**
 * Mutated folders with the tests that must detect the mutants: those of the folder, and those of the matchers that judge
 * its evidence. Tests that start another Vitest, inspect stacks, or take seconds, such as those of the HTTP engine and of
 * nine million arrivals, are left out: they would run again for each mutant that they cover.
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

import { defineConfig } from 'vitest/config'

/**
 * The tests that answer for `load`, `stats`, `run` and `ledger`: those that start no Vitest of their own and do not look at
 * stacks. Tests are left out where they take seconds, as those of the HTTP engine and of nine million arrivals do: each
 * mutant they cover would.
 */
export default defineConfig({
  test: {
    include: ['src/{load,stats,run,ledger,matchers}/**/*.test.ts', 'src/http/{data,recording,steps,set-up}.test.ts'],
    exclude: ['src/matchers/{define,given-up,runner}.test.ts', 'src/load/schedule-drift.test.ts'],
    // None takes longer than a second; a mutant that hangs is found out as soon.
    testTimeout: 3_000,
  },
})

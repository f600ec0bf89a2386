import { defineConfig } from 'vitest/config'
import { TESTS_OF } from './folders.ts'

const FOLDER = process.env['MUTATED_FOLDER'] ?? ''

/** The tests of the mutated folder. */
export default defineConfig({
  test: {
    include: [...(TESTS_OF[FOLDER] ?? [])],
    exclude: ['src/matchers/{define,given-up,runner}.test.ts', 'src/load/schedule-drift.test.ts'],
    setupFiles: ['src/testing/global-clock.ts', 'packaging/mutation/setup.ts'],
    // Below the time-out of Stryker, which ends the process: most mutants that hang only wait. Intervals of many draws take
    // seconds where each line that runs is counted.
    testTimeout: FOLDER === 'stats' ? 10_000 : 2_500,
  },
})

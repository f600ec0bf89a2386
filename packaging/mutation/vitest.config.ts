import { defineConfig } from 'vitest/config'
import { TESTS_OF } from './folders.ts'

/** The tests that answer for the mutated folder. */
export default defineConfig({
  test: {
    include: [...(TESTS_OF[process.env['MUTATED_FOLDER'] ?? ''] ?? [])],
    exclude: ['src/matchers/{define,given-up,runner}.test.ts', 'src/load/schedule-drift.test.ts'],
    setupFiles: ['packaging/mutation/setup.ts'],
    // Below the time-out of Stryker, which ends the process: most mutants that hang only wait.
    testTimeout: 2_500,
  },
})

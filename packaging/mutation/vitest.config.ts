import { defineConfig } from 'vitest/config'
import { TESTS_OF } from './folders.ts'

const FOLDER = process.env['MUTATED_FOLDER'] ?? ''

/** Tests of the mutated folder. */
export default defineConfig({
  test: {
    include: [...(TESTS_OF[FOLDER] ?? [])],
    exclude: ['src/matchers/{define,given-up,runner}.test.ts', 'src/load/schedule-drift.test.ts'],
    setupFiles: ['src/testing/global-clock.ts', 'packaging/mutation/setup.ts'],
    // Shorter than the time-out of Stryker, which kills the process: most hanging mutants only wait. With coverage, the
    // intervals of many samples take seconds.
    testTimeout: FOLDER === 'stats' ? 10_000 : 2_500,
  },
})

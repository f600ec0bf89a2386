import { defineConfig } from 'vitest/config'

/** The tests that answer for `load`, `stats`, `run` and `ledger`: those that need no service no Vitest of their own and no look at stacks. */
export default defineConfig({
  test: {
    include: ['src/{load,stats,run,ledger,matchers}/**/*.test.ts'],
    exclude: ['src/ledger/ledger.test.ts', 'src/matchers/{define,given-up,runner}.test.ts'],
    testTimeout: 60_000,
  },
})

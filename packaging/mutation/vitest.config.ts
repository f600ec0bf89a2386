import { defineConfig } from 'vitest/config'

/** The tests that answer for `load`, `stats`, `run` and `ledger`: what needs no service and puts no load on. */
export default defineConfig({
  test: {
    include: ['src/{load,stats,run,ledger,matchers}/**/*.test.ts'],
    exclude: ['src/ledger/ledger.test.ts'],
    testTimeout: 60_000,
  },
})

import { defineConfig } from 'vitest/config'

/** Executes the examples of the documentation on a small shop, with real Postgres and Redis. */
export default defineConfig({ test: { include: ['docs/checks/*.test.ts'], testTimeout: 120_000 } })

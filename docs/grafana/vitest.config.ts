import { defineConfig } from 'vitest/config'

/** Tests of the dashboards against a real Prometheus, separate from `npm test` because they take a while. */
export default defineConfig({
  test: { root: import.meta.dirname, include: ['*.test.ts'], testTimeout: 180_000, hookTimeout: 60_000 },
})

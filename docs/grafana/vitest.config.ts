import { defineConfig } from 'vitest/config'

/** The dashboards against a real Prometheus: apart from `npm test`, as it takes a while. */
export default defineConfig({
  test: { root: import.meta.dirname, include: ['*.test.ts'], testTimeout: 180_000, hookTimeout: 60_000 },
})

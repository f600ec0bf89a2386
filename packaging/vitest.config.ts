import { defineConfig } from 'vitest/config'
import { VersionSummary } from './version-summary.ts'

/** Tests of the built package in consumer projects with several versions of Node and Vitest. Requires a registry. */
export default defineConfig({
  test: {
    reporters: ['default', new VersionSummary()],
    include: ['packaging/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})

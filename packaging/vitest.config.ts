import { defineConfig } from 'vitest/config'

/** Tests of the built package in consumer projects with several versions of Node and Vitest. Requires a registry. */
export default defineConfig({
  test: {
    include: ['packaging/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})

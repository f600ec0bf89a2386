import { defineConfig } from 'vitest/config'

/** Installs the built package elsewhere, with several versions of Node and Vitest: needs a registry. */
export default defineConfig({
  test: {
    include: ['packaging/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
  },
})

import { perfTest } from 'vitest-slo'

perfTest('is never begun', () => {})

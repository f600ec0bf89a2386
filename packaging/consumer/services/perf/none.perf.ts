import { perfTest } from 'vitest-slo'

perfTest('never starts', () => {})

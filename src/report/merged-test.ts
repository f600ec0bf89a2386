import type { TaskMeta } from 'vitest'
import { redactText } from '../options/redact.ts'
import { recordContradiction } from './results-contradiction.ts'
import { testMetaProblem } from './results-shape.ts'

/**
 * Replaces what a blob holds of a test if this package did not write it: the scenario is then invalid, with the first
 * mistake. A blob is a file of unknown origin, and its content must neither crash the reporter nor pass.
 */
export function refuseDamagedRecord(meta: TaskMeta): void {
  const problem = testMetaProblem(meta) ?? (meta.slo && recordContradiction(meta.slo))
  if (problem === undefined) return
  const received = redactText(problem)
  const fix = 'run the scenarios again with this version of vitest-slo, or copy the whole blob again'
  const finding = `the blob is damaged: ${received}`
  delete meta.sloConditions
  delete meta.sloSecrets
  meta.slo = {
    runs: [],
    assertions: [
      {
        assertion: 'vitest --merge-reports',
        expected: 'results as vitest-slo writes them',
        received,
        outcome: 'invalid',
        reason: 'no-samples',
        invalidities: [{ reason: 'no-samples', finding, fix }],
        message: `The results of this scenario cannot be merged: ${finding}\nFix: ${fix}`,
      },
    ],
  }
}

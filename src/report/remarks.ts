import type { AssertionResult, RunResult } from '../results/result.ts'
import { describeSilentClients } from '../results/silent-clients.ts'
import { unjudgedErrors } from '../results/unjudged-errors.ts'

/** Lines about what happened in a run and may not show in its verdict, for every report. */
export function remarksOn(run: RunResult, assertions: readonly AssertionResult[]): readonly string[] {
  const silent =
    run.kind === 'fanOut' && run.silentClients !== undefined ? [describeSilentClients(run.silentClients)] : []
  return [...unjudgedErrors(run, assertions), ...silent]
}

import type { NotedExit } from '../machine/noted-exit.ts'
import { formatDuration } from '../stats/units.ts'
import type { Diagnosis } from './diagnose.ts'

/**
 * Adds the first unexpected exit of the target during a run, which explains the errors that follow it.
 *
 * @param startedMs start of the run, in milliseconds since 1970
 */
export function withTargetExit(diagnosis: Diagnosis, exits: readonly NotedExit[], startedMs: number): Diagnosis {
  const exit = exits.find(({ timeMs }) => timeMs >= startedMs)
  if (exit === undefined) return diagnosis
  const time = formatDuration(exit.timeMs - startedMs)
  return {
    diagnosis: `find out why the target exited ${time} after the start of the run: ${exit.reason}`,
    warnings: [
      ...diagnosis.warnings,
      `the target exited unexpectedly ${time} after the start of the run: ${exit.reason}`,
    ],
  }
}

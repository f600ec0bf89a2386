import type { Finding } from '../evidence/ledger-evidence.ts'
import type { History } from '../history/history.ts'
import { formatCount } from '../stats/units.ts'
import type { HistoryCounts } from './invariants.ts'
import type { Likeness } from './keys.ts'

/** What was read of a history and the rows of its run. */
export function describeCounts(history: History, counts: HistoryCounts): string[] {
  const { operations, ok, failed, unknown, keys, rows, unknownApplied, unknownNotApplied } = counts
  const [n, k] = [formatCount(operations), formatCount(keys)]
  const told = `${formatCount(ok)} ok, ${formatCount(failed)} failed, ${formatCount(unknown)} unknown`
  const lines = [`run ${history.runId}: ${n} operations on ${k} keys, told ${told}; ${formatCount(rows)} rows`]
  const undecided = unknownApplied + unknownNotApplied
  if (undecided > 0) {
    const there = formatCount(unknownApplied)
    lines.push(
      `${formatCount(undecided)} keys unknown to their users: ${there} in the ledger, ${formatCount(unknownNotApplied)} not`,
    )
  }
  return lines
}

/** Keys that were stored in another form than they were sent in are both lost and unexpected. */
export function describeLikeness(likeness: Likeness, findings: readonly Finding[]): { line: string; hint: string } {
  const count = findings.find(({ kind }) => kind === 'lost')?.count ?? 0
  const select = { case: 'lower(key)', spaces: 'trim(key)', 'case and spaces': 'lower(trim(key))' }[likeness]
  return {
    line: `as many lost as unexpected (${formatCount(count)}), alike but for ${likeness}`,
    hint: `the target stores keys in another form than they were sent in: send them in the form in which they are stored, or select them in the form in which they were sent (SELECT ${select} AS key)`,
  }
}

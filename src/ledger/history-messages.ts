import type { Finding } from '../evidence/ledger-evidence.ts'
import type { History } from '../history/history.ts'
import { formatCount } from '../stats/units.ts'
import type { HistoryCounts } from './invariants.ts'
import type { Likeness } from './keys.ts'

/** Lines with the counts of a history and the rows of its run. */
export function describeCounts(history: History, counts: HistoryCounts): string[] {
  const { operations, ok, failed, unknown, keys, rows, unknownApplied, unknownNotApplied } = counts
  const [n, k] = [formatCount(operations), formatCount(keys)]
  const outcomes = `${formatCount(ok)} ok, ${formatCount(failed)} failed, ${formatCount(unknown)} unknown`
  const lines = [`run ${history.runId}: ${n} operations on ${k} keys (${outcomes}); ${formatCount(rows)} rows`]
  const undecided = unknownApplied + unknownNotApplied
  if (undecided > 0) {
    const applied = formatCount(unknownApplied)
    lines.push(
      `${formatCount(undecided)} keys with an unknown outcome: ${applied} in the ledger, ${formatCount(unknownNotApplied)} not`,
    )
  }
  return lines
}

const SELECTIONS: Readonly<Record<Likeness, string>> = {
  case: 'lower(key)',
  spaces: 'trim(key)',
  'case and spaces': 'lower(trim(key))',
  'Unicode normal form': 'normalize(key, NFC)',
}

/** Line and hint for rows that were read once and have gone, if there are lost ones. */
export function describeGone(gone: number, findings: readonly Finding[]): { line: string; hint: string } | undefined {
  if (gone <= 0 || !findings.some(({ kind }) => kind === 'lost')) return undefined
  const rows = gone === 1 ? '1 row that was' : `${formatCount(gone)} rows that were`
  return {
    line: `${rows} read before ${gone === 1 ? 'is' : 'are'} no longer there`,
    hint: 'a job deletes or archives rows: select those of the archive, too (UNION ALL), or stop the job for the run',
  }
}

/** Line and hint for keys stored in a different form than sent: they are both lost and unexpected. */
export function describeLikeness(likeness: Likeness, findings: readonly Finding[]): { line: string; hint: string } {
  const count = findings.find(({ kind }) => kind === 'lost')?.count ?? 0
  const select = SELECTIONS[likeness]
  return {
    line: `as many lost as unexpected (${formatCount(count)}), identical except for ${likeness}`,
    hint: `the target stores keys in a different form: send them in the stored form, or select them in the sent form (SELECT ${select} AS key)`,
  }
}

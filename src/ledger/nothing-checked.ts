import type { ConservedTotal, Finding, LedgerEvidence } from '../evidence/ledger-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { History } from '../history/history.ts'
import { formatCount } from '../stats/units.ts'
import type { Account, Entry } from './conservation.ts'
import type { HistoryCounts } from './invariants.ts'

/** Evidence for a history without operations. */
export function nothingOf(history: History): LedgerEvidence {
  const finding = `the history of run ${history.runId} contains no operations`
  const fix = 'check that the run sent requests, and that record returns a key for each'
  return { findings: [], invalidities: [noSamples(finding, fix)], lines: [] }
}

/**
 * Invalidities of a history and its rows without evidence. A ledger without rows does not prove that all operations were
 * lost: the query may not select this run's rows.
 */
export function nothingChecked(
  history: History,
  { operations, acknowledged, failed, unknown, rows }: HistoryCounts,
  findings: readonly Finding[],
  source: string,
): Invalidity[] {
  const onlyLost = findings.every(({ kind }) => kind === 'lost')
  if (!onlyLost) return []
  if (acknowledged === 0) {
    return [
      noSamples(
        `none of ${formatCount(operations)} operations of run ${history.runId} was acknowledged (${formatCount(failed)} failed, ${formatCount(unknown)} unknown), so nothing has to be in the ledger`,
        'find out why the target refused them (run.errors, run.statuses); if that is right, have the same run send operations that it acknowledges',
      ),
    ]
  }
  if (rows > 0) return []
  return [
    noSamples(
      `${formatCount(acknowledged)} ${acknowledged === 1 ? 'operation was' : 'operations were'} acknowledged, but no rows were read: either all of them are lost, or this source does not return the rows of run ${history.runId}: ${source}`,
      'run the query by hand: check that it names the right table, and that rows contain the sent run id or key',
    ),
  ]
}

/** Invalidities of a conservation check without evidence. */
export function nothingConserved(
  history: History | undefined,
  {
    entries,
    accounts,
  }: {
    readonly total: ConservedTotal | undefined
    readonly entries: readonly Entry[] | undefined
    readonly accounts: readonly Account[] | undefined
  },
): Invalidity[] {
  const found: Invalidity[] = []
  const fix = 'run the query by hand: check that it names the right table and run'
  if (entries?.length === 0) found.push(noSamples('no entries were read, so no transfer was checked', fix))
  if (accounts?.length === 0) found.push(noSamples('no accounts were read, so no balance was checked', fix))
  else if (entries === undefined && accounts !== undefined) found.push(...withoutFloor(accounts))
  if (history !== undefined && !isAcknowledged(history)) {
    found.push(
      noSamples(
        `none of ${formatCount(history.size)} operations of run ${history.runId} was acknowledged, so nothing had to change`,
        'find out why the target refused them: run.errors, run.statuses',
      ),
    )
  }
  return found
}

/** Invalidity of accounts that nothing checks: one without a floor in the ledger may be the result of an outer join. */
function withoutFloor(accounts: readonly Account[]): Invalidity[] {
  const unchecked = accounts.filter(({ floor }) => floor === undefined)
  const [first] = unchecked
  if (first === undefined) return []
  if (unchecked.length === accounts.length)
    return [
      noSamples(
        'no account has a floor, and there are no entries to compare balances with, so no balance was checked',
        'select a floor: SELECT account, balance, 0 AS floor FROM accounts; or pass the entries, too',
      ),
    ]
  return [
    noSamples(
      `${formatCount(unchecked.length)} of ${formatCount(accounts.length)} accounts ${unchecked.length === 1 ? 'has' : 'have'} no floor, ` +
        `and there are no entries to compare balances with, so their balances were not checked: the first is ${first.account}`,
      'select a floor for each account: coalesce(floor, 0) AS floor; exclude accounts that need none: WHERE floor IS NOT NULL; or pass the entries, too',
    ),
  ]
}

function isAcknowledged(history: History): boolean {
  for (const { outcome } of history.operations()) if (outcome === 'ok') return true
  return false
}

function noSamples(finding: string, fix: string): Invalidity {
  return { reason: 'no-samples', finding, fix }
}

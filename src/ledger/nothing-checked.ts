import type { ConservedTotal, Finding, LedgerEvidence } from '../evidence/ledger-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import type { History } from '../history/history.ts'
import { formatCount } from '../stats/units.ts'
import type { Account, Entry } from './conservation.ts'
import type { HistoryCounts } from './invariants.ts'

/** A history in which nothing was sent. */
export function nothingOf(history: History): LedgerEvidence {
  const finding = `the history of run ${history.runId} holds no operation`
  const remedy = 'see that the run sent requests, and that record names a key for them'
  return { findings: [], invalidities: [noSamples(finding, remedy)], lines: [] }
}

/**
 * Why a history and its rows say nothing about each other. A ledger without a row is no evidence that all is lost: the
 * query may not select this run's rows.
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
        `none of ${formatCount(operations)} operations of run ${history.runId} was acknowledged (${formatCount(failed)} failed, ${formatCount(unknown)} unknown), so that nothing has to be in the ledger`,
        'see why the target refused them (run.errors, run.statuses); if that is right, have the same run send operations that it acknowledges',
      ),
    ]
  }
  if (rows > 0) return []
  return [
    noSamples(
      `${formatCount(acknowledged)} ${acknowledged === 1 ? 'operation was' : 'operations were'} acknowledged, and not a single row was read: either all of them are lost, or this does not read the rows of run ${history.runId}: ${source}`,
      'run the query by hand: see that it names the right table, and that rows hold the run id or key that was sent',
    ),
  ]
}

/** Why what must be conserved says nothing. */
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
  const remedy = 'run the query by hand: see that it names the right table and run'
  if (entries?.length === 0)
    found.push(noSamples('there is not a single entry, so that no transfer was checked', remedy))
  if (accounts?.length === 0)
    found.push(noSamples('there is not a single account, so that no balance was checked', remedy))
  else if (entries === undefined && accounts?.every(({ floor }) => floor === undefined)) {
    found.push(
      noSamples(
        'no account has a floor, and there are no entries to compare balances with, so that no balance was checked',
        'select a floor: SELECT account, balance, 0 AS floor FROM accounts; or give the entries as well',
      ),
    )
  }
  if (history !== undefined && !isAcknowledged(history)) {
    found.push(
      noSamples(
        `none of ${formatCount(history.size)} operations of run ${history.runId} was acknowledged, so that nothing had to move`,
        'see why the target refused them: run.errors, run.statuses',
      ),
    )
  }
  return found
}

function isAcknowledged(history: History): boolean {
  for (const { outcome } of history.operations()) if (outcome === 'ok') return true
  return false
}

function noSamples(finding: string, remedy: string): Invalidity {
  return { reason: 'no-samples', finding, remedy }
}

import type { History } from '../history/history.ts'
import type { Invalidity } from './verdict.ts'

/** Ways in which the outcomes for users and the ledger can disagree. */
export type FindingKind =
  /** Acknowledged, and not in the ledger. */
  | 'lost'
  /** In the ledger, although never sent, rejected by every response, or expected to leave no row. */
  | 'unexpected'
  /** In the ledger more than once. */
  | 'duplicated'
  /** Acknowledged, although it had to be refused. */
  | 'not refused'
  /** A key that was acknowledged with two payloads. */
  | 'payload changed'
  /** A repeated key that was acknowledged with another response than the first. */
  | 'responses differ'
  /** A transfer whose entries do not sum to zero. */
  | 'unbalanced'
  /** An account below its floor. */
  | 'below floor'
  /** A balance that is not the sum of its entries. */
  | 'drifted'
  /** A row that an invariant's query returned. */
  | 'violation'

/** One key, transfer, account or row that breaks what was asserted. */
export interface Violation {
  /** `key "a-17"`, `transfer 4711`, `account user:9` */
  readonly subject: string
  /** Outcomes for users, oldest first: `VU 3 at 12.4 s: ok (201)`. Empty if it was never sent. */
  readonly responses: readonly string[]
  /** Content of the ledger: `nothing`, `2 rows: …`. */
  readonly holds: string
}

/** All violations of one kind. */
export interface Finding {
  readonly kind: FindingKind
  /** Number of violations. */
  readonly count: number
  /** The first ten violations. */
  readonly violations: readonly Violation[]
}

/** Evidence that ledger matchers judge. */
export interface LedgerEvidence {
  /** Findings in a fixed order of kinds, without kinds that have no violations. */
  readonly findings: readonly Finding[]
  readonly invalidities: readonly Invalidity[]
  /** Lines of the message's `Evidence:` block. */
  readonly lines: readonly string[]
  /** Wait before and between reads: `waited 300 ms: nothing was written for 300 ms`. */
  readonly waited?: string | undefined
  /** Fix of the findings, if it is more specific than their kind. */
  readonly hint?: string | undefined
  /** Why nothing can be checked; the assertion is then skipped. */
  readonly skipped?: string | undefined
}

/** A total of a ledger at one moment, as returned by `ledger.value()`. */
export interface LedgerTotal {
  /** The exact amount as a decimal number; `undefined` if no database can be reached. */
  readonly amount: string | undefined
}

/** Context that is passed to a function that reads a ledger's rows. */
export interface ReadContext {
  /** Id of the run whose rows to read; `undefined` if unknown. */
  readonly runId: string | undefined
  /** Aborted if the read takes too long (`queryTimeout`) or the scenario is stopped. */
  readonly signal: AbortSignal
}

/**
 * Source of rows: a query to the target's Postgres, or a function that returns rows from another database or an API. The
 * function may be called several times, because the ledger is read until it has settled.
 */
export type RowSource =
  | string
  | ((
      context: ReadContext,
    ) => Promise<readonly Readonly<Record<string, unknown>>[]> | readonly Readonly<Record<string, unknown>>[])

/** A check of one history against its rows. */
export interface HistoryCheck {
  readonly history: History
  /** Rows of this run; in a query, `$1` is the history's run id. */
  readonly rows: RowSource
  /** Columns of the key: one, or the parts of a composite key. */
  readonly key: readonly string[]
  /** Whether the table holds only rows of this run, so that the query need not use `$1`. */
  readonly isUnscoped: boolean
  /** `presence`: lost, unexpected and not refused. `once`: also duplicates, and equal responses for repeated keys. */
  readonly depth: 'presence' | 'once'
}

/** A check of conservation. Queries may use `$1` if a run id is known. */
export interface ConservationCheck {
  /** The total: one row, one column. */
  readonly total: RowSource | undefined
  /** The total before. If `undefined`, it is 0, for a total of only what this run wrote. */
  readonly before: LedgerTotal | undefined
  /** Accepted change of the total: exact decimal numbers, inclusive. */
  readonly expectedDelta: { readonly atLeast: string; readonly atMost: string }
  /** Columns `transfer`, `account`, `amount`, and optionally `key`, by which violations are named. */
  readonly entries: RowSource | undefined
  /** Columns `account`, `balance`, and optionally `floor`. */
  readonly accounts: RowSource | undefined
  /** History with the outcomes of the keys in `entries`. */
  readonly history: History | undefined
}

/** The totals of a conservation check, exact decimal numbers. */
export interface ConservedTotal {
  readonly before: string
  readonly after: string
  readonly delta: string
  /** Whether the total changed as expected. */
  readonly conserved: boolean
}

/** Checks of a ledger. Each reads one snapshot of the database after everything in flight has settled. */
export interface LedgerChecks {
  history(check: HistoryCheck): Promise<LedgerEvidence>
  conservation(check: ConservationCheck): Promise<LedgerEvidence & { readonly total: ConservedTotal | undefined }>
  /** Every row is a violation. */
  invariant(rows: RowSource): Promise<LedgerEvidence>
}

/** Property with the checks of a ledger. A symbol, so that it is not part of the public interface. */
export const ledgerChecks: unique symbol = Symbol('vitest-slo.ledger-checks')

/** What the ledger matchers accept. */
export interface LedgerSource {
  /** @internal */
  readonly [ledgerChecks]: LedgerChecks
}

import type { History } from '../history/history.ts'
import type { Invalidity } from './verdict.ts'

/** A way in which what users were told and what the ledger holds can disagree. */
export type FindingKind =
  /** Told `ok`, not in the ledger. */
  | 'lost'
  /** In the ledger, though never sent, told `failed` by every response, or not to leave a trace. */
  | 'unexpected'
  /** In the ledger more than once. */
  | 'duplicated'
  /** Told `ok` though it had to be refused. */
  | 'not refused'
  /** One key was told `ok` with two payloads. */
  | 'payload changed'
  /** A repeated key was acknowledged with another response than the first. */
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
  /** What users were told of it, oldest first: `VU 3 at 12.4 s: ok (201)`. Empty where nobody sent it. */
  readonly told: readonly string[]
  /** What the ledger holds: `nothing`, `2 rows: …`. */
  readonly holds: string
}

export interface Finding {
  readonly kind: FindingKind
  /** How many there are. */
  readonly count: number
  /** The first ten. */
  readonly violations: readonly Violation[]
}

/** What a ledger matcher judges. */
export interface LedgerEvidence {
  /** In a fixed order of kinds, kinds without violations left out. */
  readonly findings: readonly Finding[]
  readonly invalidities: readonly Invalidity[]
  /** Lines of the message's `Evidence:` block. */
  readonly lines: readonly string[]
  /** What was waited for before and between reads: `waited 300 ms: nothing was written for 300 ms`. */
  readonly waited?: string | undefined
  /** What to do about the findings, if it is known better than by their kind. */
  readonly hint?: string | undefined
  /** Why nothing can be checked here at all; the assertion is then skipped. */
  readonly skipped?: string | undefined
}

/** A total of a ledger at one moment, as `ledger.value()` gives. */
export interface LedgerTotal {
  /** The exact amount as a decimal number; `undefined` if no database can be reached from here. */
  readonly amount: string | undefined
}

/** What a function that reads a ledger's rows is given. */
export interface ReadContext {
  /** The id of the run whose rows are meant; `undefined` if it is not known. */
  readonly runId: string | undefined
  /** Aborted when the read takes too long (`queryTimeout`) or the scenario is given up. */
  readonly signal: AbortSignal
}

/**
 * Where rows come from: a query to the target's Postgres, or a function that returns rows, from any other database or an
 * API. A function may be called several times, as the ledger is read until it has settled.
 */
export type RowSource =
  | string
  | ((
      context: ReadContext,
    ) => Promise<readonly Readonly<Record<string, unknown>>[]> | readonly Readonly<Record<string, unknown>>[])

/** Where the rows are that one history speaks about. */
export interface HistoryCheck {
  readonly history: History
  /** The rows of this run; in a query `$1` is the history's run id. */
  readonly rows: RowSource
  /** The columns that hold the key: one, or the parts of a composite key. */
  readonly key: readonly string[]
  /** The table holds rows of this run alone, so that the query need not use `$1`. */
  readonly unscoped: boolean
  /** `presence`: lost, unexpected and not refused. `once`: also how often, and that repeated keys got a response alike. */
  readonly depth: 'presence' | 'once'
}

/** What must be conserved; queries may use `$1` where a run id is known. */
export interface ConservationCheck {
  /** One row, one column. */
  readonly total: RowSource | undefined
  /** Left out: 0, for a total over what this run alone wrote. */
  readonly before: LedgerTotal | undefined
  /** By how much the total may have changed: exact decimal numbers, both included. */
  readonly expectedDelta: { readonly atLeast: string; readonly atMost: string }
  /** Columns `transfer`, `account`, `amount`, and `key` where violations are to be named by it. */
  readonly entries: RowSource | undefined
  /** Columns `account`, `balance`, and `floor` where there is one. */
  readonly accounts: RowSource | undefined
  /** Names what users were told of the keys in `entries`. */
  readonly history: History | undefined
}

/** The totals of a conservation check, exact decimal numbers. */
export interface ConservedTotal {
  readonly before: string
  readonly after: string
  readonly delta: string
  /** Whether it changed by what was expected. */
  readonly conserved: boolean
}

/** How matchers ask a ledger. Each reads once everything in flight has settled, within one snapshot of the database. */
export interface LedgerChecks {
  history(check: HistoryCheck): Promise<LedgerEvidence>
  conservation(check: ConservationCheck): Promise<LedgerEvidence & { readonly total: ConservedTotal | undefined }>
  /** Every row is a violation. */
  invariant(rows: RowSource): Promise<LedgerEvidence>
}

/** The property under which a ledger offers its checks to matchers, kept off its own vocabulary. */
export const ledgerChecks: unique symbol = Symbol('vitest-slo.ledger-checks')

/** What the ledger matchers accept. */
export interface LedgerSource {
  readonly [ledgerChecks]: LedgerChecks
}

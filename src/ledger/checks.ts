import type { History } from '../run/history.ts'
import type {
  ConservationCheck,
  ConservedTotal,
  Finding,
  HistoryCheck,
  LedgerChecks,
  LedgerEvidence,
} from '../run/ledger-evidence.ts'
import { formatCount } from '../stats/units.ts'
import { readAmount, showAmount } from './amount.ts'
import { findBelowFloor, findDrifted, findUnbalanced, readAccounts, readEntries } from './conservation.ts'
import { NAMED_OFFENDERS, checkHistory } from './invariants.ts'
import type { HistoryCounts } from './invariants.ts'
import { LedgerProblem } from './problem.ts'
import { bindRunId, countRows, readTotal, requireScope } from './queries.ts'
import type { BoundQuery } from './queries.ts'
import { readKeys, showRow } from './rows.ts'
import type { Row } from './rows.ts'
import { openSession } from './session.ts'
import type { Session } from './session.ts'
import { settle } from './settle.ts'
import type { Clock } from './settle.ts'

export const NO_DATABASE = 'the URL of the target’s database is not known here (PERF_DATABASE_URL)'

/** How checks reach the database. */
export interface ChecksContext {
  readonly databaseUrl?: string | undefined
  readonly runId?: string | undefined
  readonly signal: AbortSignal
  readonly notes?: (() => readonly string[]) | undefined
}

/** Options as they are in force. */
export interface LedgerLimits {
  readonly quiet: (() => Promise<boolean>) | undefined
  readonly settleTimeoutMs: number
  readonly queryTimeoutMs: number
}

type Query = Session['query']

/** Checks on Postgres: each in one snapshot, taken once what was in flight has settled. */
export class PostgresChecks implements LedgerChecks {
  readonly #context: ChecksContext
  readonly #limits: LedgerLimits
  readonly #clock: Clock
  #settledAt: string | undefined

  constructor(context: ChecksContext, limits: LedgerLimits, clock: Clock) {
    this.#context = context
    this.#limits = limits
    this.#clock = clock
  }

  get unavailable(): string | undefined {
    return this.#context.databaseUrl === undefined ? NO_DATABASE : undefined
  }

  async history({ history, rows: sql, key, unscoped, depth }: HistoryCheck): Promise<LedgerEvidence> {
    return orUnreadable(async () => {
      if (history.size === 0) return noOperations(history)
      if (!unscoped) requireScope(sql)
      const bound = bindRunId(sql, history.runId)
      const { read, said } = await this.#read(countRows(bound), (query) => query(bound.sql, bound.params))
      refuseOtherRuns(read, history.runId)
      const { findings, counts } = checkHistory(history, { rows: read, keys: readKeys(read, key) }, depth)
      return { findings, invalidities: [], lines: [...describeCounts(history, counts), ...this.#notes, said] }
    })
  }

  async conservation(
    check: ConservationCheck,
  ): Promise<LedgerEvidence & { readonly total: ConservedTotal | undefined }> {
    const runId = check.history?.runId ?? this.#context.runId
    let total: ConservedTotal | undefined
    const evidence = await orUnreadable(async () => {
      const [totalSql, entriesSql, accountsSql] = [check.total, check.entries, check.accounts].map((sql) =>
        sql === undefined ? undefined : bindRunId(sql, runId),
      )
      const watched = totalSql ?? countRows((entriesSql ?? accountsSql)!)
      const { read, said } = await this.#read(watched, async (query) => ({
        total: totalSql && (await readTotal(query, totalSql)),
        entries: entriesSql && readEntries(await query(entriesSql.sql, entriesSql.params)),
        accounts: accountsSql && readAccounts(await query(accountsSql.sql, accountsSql.params)),
      }))
      const { entries, accounts } = read
      if (read.total !== undefined) total = compareTotals(check, read.total)
      const findings = [
        entries && findUnbalanced(entries, check.history),
        accounts && findBelowFloor(accounts),
        accounts && entries && findDrifted(accounts, entries),
      ]
      const counted = [
        entries && `${formatCount(entries.length)} entries`,
        accounts && `${formatCount(accounts.length)} accounts`,
      ].filter((part) => part !== undefined)
      return {
        findings: findings.filter((finding) => finding !== undefined),
        invalidities: [],
        lines: [...(counted.length === 0 ? [] : [counted.join(', ')]), ...this.#notes, said],
      }
    })
    return { ...evidence, total }
  }

  async invariant(sql: string): Promise<LedgerEvidence> {
    return orUnreadable(async () => {
      const bound = bindRunId(sql, this.#context.runId)
      const { read, said } = await this.#read(countRows(bound), (query) => query(bound.sql, bound.params))
      return { findings: violations(read), invalidities: [], lines: [...this.#notes, said] }
    })
  }

  get #notes(): readonly string[] {
    return this.#context.notes?.() ?? []
  }

  /** @param watched what tells that the ledger still changes, where others write to the same server */
  async #read<T>(watched: BoundQuery, read: (query: Query) => Promise<T>): Promise<{ read: T; said: string }> {
    const { databaseUrl = '', signal } = this.#context
    const { queryTimeoutMs, quiet, settleTimeoutMs } = this.#limits
    await using session = await openSession({ url: databaseUrl, queryTimeoutMs, signal })
    const settled = await settle({
      pulse: session.pulse,
      measure: async () => showMeasured(await session.query(watched.sql, watched.params)),
      quiet,
      settledAt: this.#settledAt,
      limitMs: settleTimeoutMs,
      signal,
      clock: this.#clock,
    })
    this.#settledAt = settled.horizon
    return { read: await session.inSnapshot(read), said: settled.said }
  }
}

/** What cannot be judged is told apart from what was judged and found wrong. */
async function orUnreadable(check: () => Promise<LedgerEvidence>): Promise<LedgerEvidence> {
  try {
    return await check()
  } catch (error) {
    if (!(error instanceof LedgerProblem)) throw error
    const { message: finding, remedy } = error
    return { findings: [], invalidities: [{ reason: 'ledger-unreadable', finding, remedy }], lines: [] }
  }
}

function noOperations(history: History): LedgerEvidence {
  const finding = `the history of run ${history.runId} holds no operation`
  const remedy = 'see that the run sent requests, and that record names a key for them'
  return { findings: [], invalidities: [{ reason: 'no-samples', finding, remedy }], lines: [] }
}

/** Where rows say which run they belong to, a query that lets others in is noticed. */
function refuseOtherRuns(rows: readonly Row[], runId: string): void {
  const other = rows.find((row) => 'run_id' in row && row['run_id'] !== runId)
  if (other === undefined) return
  throw new LedgerProblem(
    `the query lets in rows of another run; this run is ${runId}, the row is ${showRow(other)}`,
    'scope it to this run: WHERE run_id = $1',
  )
}

function compareTotals({ before, expectedDelta }: ConservationCheck, after: bigint): ConservedTotal {
  const start = readAmount(before?.amount ?? 0, 'total before')
  const delta = after - start
  const { atLeast, atMost } = expectedDelta
  return {
    before: showAmount(start),
    after: showAmount(after),
    delta: showAmount(delta),
    conserved: delta >= readAmount(atLeast, 'expected change') && delta <= readAmount(atMost, 'expected change'),
  }
}

function violations(rows: readonly Row[]): Finding[] {
  if (rows.length === 0) return []
  const offenders = rows
    .slice(0, NAMED_OFFENDERS)
    .map((row, at) => ({ subject: `row ${at + 1}`, told: [], holds: showRow(row) }))
  return [{ kind: 'violation', count: rows.length, offenders }]
}

function showMeasured([row]: readonly Row[]): string {
  return Object.entries(row ?? {})
    .map(([column, value]) => `${String(value)} ${column}`)
    .join(', ')
}

function describeCounts(history: History, counts: HistoryCounts): string[] {
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

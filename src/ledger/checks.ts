import type {
  ConservationCheck,
  ConservedTotal,
  Finding,
  FindingKind,
  HistoryCheck,
  LedgerChecks,
  LedgerEvidence,
  RowSource,
} from '../evidence/ledger-evidence.ts'
import { inSlices } from '../machine/slices.ts'
import type { NoStore } from '../machine/store-kinds.ts'
import { judgeError } from '../results/asserted.ts'
import { formatCount } from '../stats/units.ts'
import { readAmount, showAmount } from './amount.ts'
import { withCanonicalKeys } from './canonical-history.ts'
import { columnNamed } from './columns.ts'
import { accountTypes, findBelowFloor, findDrifted, findUnbalanced, readAccounts, readEntries } from './conservation.ts'
import { describeCounts, describeGone, describeLikeness } from './history-messages.ts'
import { reportsIdle, type IsIdle } from './idle-target.ts'
import { NAMED_VIOLATIONS, checkHistory } from './invariants.ts'
import { LedgerError } from './ledger-error.ts'
import { nothingChecked, nothingConserved, nothingOf } from './nothing-checked.ts'
import { countRows, readTotal, requireScope } from './queries.ts'
import { readKeys, showRow, type Row, type Table } from './rows.ts'
import { openSession, type Session } from './session.ts'
import { settle, type Clock, type Settled } from './settle.ts'
import { bindSource, type BoundSource } from './sources.ts'
import { watchLedger } from './watch.ts'

/** Database and context of checks. */
export interface ChecksContext {
  readonly database: { readonly url: string } | NoStore
  readonly runId?: string | undefined
  readonly signal: AbortSignal
  readonly notes?: (() => readonly string[]) | undefined
  readonly loadEndedMs?: (() => number | undefined) | undefined
}

/** Effective options. */
export interface LedgerLimits {
  readonly isIdle: IsIdle | undefined
  readonly settleTimeoutMs: number
  /** `undefined`: 2 s, or 0 if the target reports when it is idle. */
  readonly settleForMs: number | undefined
  readonly queryTimeoutMs: number
}

const SETTLE_FOR_MS = 2_000

/** Findings that late rows can resolve. */
const HEALING: ReadonlySet<FindingKind> = new Set(['lost', 'unbalanced', 'drifted', 'violation'])

/** Findings of an earlier read are true even if they are gone: otherwise the time of a read would decide the verdict. */
const DISAPPEARED = 'seen while other rows were missing; gone in a later read, as after a job that removes duplicates'

type ReadSource = (source: BoundSource) => Promise<Table>

/** Sources of a check, and its judgement of them. */
interface Reading<T extends Judged> {
  /** At least one; the first query shows whether the ledger still changes. */
  readonly sources: readonly BoundSource[]
  /** Reads within one snapshot and judges the rows. */
  judge(read: ReadSource): Promise<T>
}

interface Judged extends LedgerEvidence {
  readonly total?: ConservedTotal | undefined
  /** Whether a source that must have rows returned none: they may still arrive. */
  readonly isEmpty?: boolean
}

/** Checks of rows, each in one snapshot of the database, taken after operations in flight have settled. */
export class RowChecks implements LedgerChecks {
  readonly #context: ChecksContext
  readonly #limits: LedgerLimits
  readonly #clock: Clock
  #settledAt: string | undefined

  constructor(context: ChecksContext, limits: LedgerLimits, clock: Clock) {
    this.#context = context
    this.#limits = limits
    this.#clock = clock
  }

  async history({ history, rows, key, isUnscoped, depth }: HistoryCheck): Promise<LedgerEvidence> {
    const { signal } = this.#context
    return this.#check([rows], () => {
      if (history.size === 0) return nothingOf(history)
      if (!isUnscoped && typeof rows === 'string') requireScope(rows)
      const source = this.#bind('rows', rows, history.runId)
      let mostRows = 0
      return {
        sources: [source],
        judge: async (read) => {
          const table = await read(source)
          await refuseOtherRuns(table, history.runId, signal)
          const keyed = await readKeys(table, key, signal)
          const operations = withCanonicalKeys(history, keyed.types, key.length > 1)
          const { findings, counts, likeness } = await checkHistory(operations, keyed, depth, signal)
          mostRows = Math.max(mostRows, counts.rows)
          const like = likeness && describeLikeness(likeness, findings)
          const gone = describeGone(mostRows - counts.rows, findings)
          const explained = [like, gone].filter((each) => each !== undefined)
          return {
            findings,
            invalidities: nothingChecked(history, counts, findings, source.shown),
            lines: [...explained.map(({ line }) => line), ...describeCounts(history, counts), ...this.#notes],
            hint: explained[0]?.hint,
          }
        },
      }
    })
  }

  async conservation(
    check: ConservationCheck,
  ): Promise<LedgerEvidence & { readonly total: ConservedTotal | undefined }> {
    const { history } = check
    const { signal } = this.#context
    const evidence = await this.#check<Judged>([check.total, check.entries, check.accounts], () => {
      if (history?.size === 0) return nothingOf(history)
      const runId = history?.runId ?? this.#context.runId
      const bind = (name: 'total' | 'entries' | 'accounts') =>
        check[name] === undefined ? undefined : this.#bind(name, check[name], runId)
      const [total, entries, accounts] = [bind('total'), bind('entries'), bind('accounts')]
      return {
        sources: [total, entries, accounts].filter((source) => source !== undefined),
        judge: async (read) => {
          const totals = total && (await read(total))
          const tables = { entries: entries && (await read(entries)), accounts: accounts && (await read(accounts)) }
          const types = await accountTypes(tables, signal)
          const found = {
            total: totals && compareTotals(check, readTotal(totals, total.shown)),
            entries: tables.entries && (await readEntries(tables.entries, types, signal)),
            accounts: tables.accounts && (await readAccounts(tables.accounts, types, signal)),
          }
          const findings = [
            found.entries && (await findUnbalanced(found.entries, history, signal)),
            found.accounts && (await findBelowFloor(found.accounts, signal)),
            found.accounts && found.entries && (await findDrifted(found.accounts, found.entries, signal)),
          ].filter((finding) => finding !== undefined)
          const counted = [
            found.entries && `${formatCount(found.entries.length)} entries`,
            found.accounts && `${formatCount(found.accounts.length)} accounts`,
          ].filter((part) => part !== undefined)
          return {
            findings,
            total: found.total,
            isEmpty: found.entries?.length === 0 || found.accounts?.length === 0,
            invalidities:
              findings.length > 0 || found.total?.conserved === false ? [] : nothingConserved(history, found),
            lines: [...(counted.length === 0 ? [] : [counted.join(', ')]), ...this.#notes],
          }
        },
      }
    })
    return { ...evidence, total: 'total' in evidence ? evidence.total : undefined }
  }

  async invariant(rows: RowSource): Promise<LedgerEvidence> {
    return this.#check([rows], () => {
      const source = this.#bind('rows', rows, this.#context.runId)
      return {
        sources: [source],
        judge: async (read) => ({
          findings: violations((await read(source)).rows),
          invalidities: [],
          lines: [...this.#notes],
        }),
      }
    })
  }

  get #notes(): readonly string[] {
    return this.#context.notes?.() ?? []
  }

  #bind(name: string, source: RowSource, runId: string | undefined): BoundSource {
    const { signal } = this.#context
    return bindSource(name, source, { runId, signal, timeoutMs: this.#limits.queryTimeoutMs })
  }

  /** Returns an unreadable ledger as invalid evidence, distinct from findings. */
  async #check<T extends Judged>(
    sources: readonly (RowSource | undefined)[],
    prepare: () => Reading<T> | LedgerEvidence,
  ): Promise<T | LedgerEvidence> {
    const { database } = this.#context
    const needsDatabase = sources.some((source) => typeof source === 'string')
    if (needsDatabase && 'reason' in database) {
      const { reason: finding, fix, isExternal } = database
      if (isExternal) return { findings: [], invalidities: [], lines: [], skipped: finding }
      return unreadable(finding, fix)
    }
    try {
      const reading = prepare()
      return 'findings' in reading ? reading : await this.#read(reading)
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      judgeError(error)
      return unreadable(error.finding, error.fix)
    }
  }

  async #read<T extends Judged>({ sources, judge }: Reading<T>): Promise<T> {
    const { database, signal, loadEndedMs } = this.#context
    const { queryTimeoutMs, isIdle, settleTimeoutMs, settleForMs } = this.#limits
    const isQuery = sources.some(({ query }) => query !== undefined)
    // A function may read while rows change, and return one twice.
    const isConsistent = sources.every(({ query }) => query !== undefined)
    let surplus: T | undefined
    const judgeAll = async (read: ReadSource) => {
      const judged = await judge(read)
      if (isConsistent && judged.findings.some(({ kind }) => !HEALING.has(kind))) surplus ??= judged
      return judged
    }
    await using session =
      isQuery && 'url' in database ? await openSession({ url: database.url, queryTimeoutMs, signal }) : undefined
    const { verdict, waited, horizon } = await watchLedger({
      settle: () => (session === undefined ? this.#waitForIdle() : this.#settle(session, sources)),
      read: () =>
        session === undefined
          ? judgeAll((source) => source.read(undefined))
          : session.inSnapshot((query) => judgeAll((source) => source.read(query))),
      missing: ({ findings, total, isEmpty = false }) =>
        findings.reduce((sum, { kind, count }) => sum + (HEALING.has(kind) ? count : 0), 0) +
        (total?.conserved === false ? 1 : 0) +
        (isEmpty ? 1 : 0),
      isFinal: ({ findings }) => findings.length > 0,
      loadEndedMs: loadEndedMs?.() ?? this.#clock.nowMs(),
      settleForMs: settleForMs ?? (isIdle === undefined ? SETTLE_FOR_MS : 0),
      settleTimeoutMs,
      signal,
      clock: this.#clock,
    })
    this.#settledAt = horizon
    if (surplus === undefined || verdict.findings.length > 0) return { ...verdict, waited }
    const findings = surplus.findings.filter(({ kind }) => !HEALING.has(kind))
    return { ...surplus, findings, lines: [DISAPPEARED, ...surplus.lines], waited }
  }

  #settle(session: Session, sources: readonly BoundSource[]): Promise<Settled> {
    const { isIdle, settleTimeoutMs } = this.#limits
    const watched = sources.find(({ query }) => query !== undefined)!
    const counted = countRows(watched.query!)
    const isRows = sources.every((source) => source.query !== undefined)
    return settle({
      pulse: session.pulse,
      measure: async () => showMeasured((await session.query(counted.sql, counted.params)).rows),
      isIdle,
      settledAt: this.#settledAt,
      limitMs: settleTimeoutMs,
      signal: this.#context.signal,
      clock: this.#clock,
    }).then((settled) => {
      this.#settledAt = settled.horizon
      // The source of a function changes without the database.
      return isRows ? settled : { ...settled, horizon: '' }
    })
  }

  /** Without a database, only the target can report that it is idle. */
  async #waitForIdle(): Promise<Settled> {
    const { isIdle, settleTimeoutMs } = this.#limits
    const startMs = this.#clock.nowMs()
    if (isIdle === undefined) return { horizon: '', asOfMs: startMs, said: 'read outside Postgres' }
    const poll = () =>
      reportsIdle(isIdle, {
        limitMs: settleTimeoutMs,
        passedMs: this.#clock.nowMs() - startMs,
        signal: this.#context.signal,
      })
    while (!(await poll())) {
      if (this.#clock.nowMs() - startMs >= settleTimeoutMs) {
        throw new LedgerError(
          'the target never reported that it is idle',
          `find out what it still does, or wait longer: ledger.with({ settleTimeout: '60s' })`,
        )
      }
      await this.#clock.sleep(100, this.#context.signal)
    }
    return { horizon: '', asOfMs: this.#clock.nowMs(), said: 'the target reports that it is idle' }
  }
}

function unreadable(finding: string, fix: string): LedgerEvidence {
  return { findings: [], invalidities: [{ reason: 'ledger-unreadable', finding, fix }], lines: [] }
}

/** Rejects rows of other runs, if rows have a column `run_id`. */
async function refuseOtherRuns({ rows, columns }: Table, runId: string, signal: AbortSignal): Promise<void> {
  columnNamed(columns, 'run_id')
  let other: Row | undefined
  await inSlices(rows, signal, (row) => {
    if ('run_id' in row && row['run_id'] !== runId) other ??= row
  })
  if (other === undefined) return
  throw new LedgerError(
    `the query returns rows of another run; this run is ${runId}, the row is ${showRow(other)}`,
    'scope it to this run: WHERE run_id = $1',
  )
}

function compareTotals({ before, expectedDelta }: ConservationCheck, after: bigint): ConservedTotal {
  if (before !== undefined && before.amount === undefined) {
    throw new LedgerError(
      'the total before is unknown: ledger.value() had no database to read',
      'read it with a function, like the total itself: await ledger.value(total)',
    )
  }
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
  const violations = rows
    .slice(0, NAMED_VIOLATIONS)
    .map((row, at) => ({ subject: `row ${at + 1}`, responses: [], holds: showRow(row) }))
  return [{ kind: 'violation', count: rows.length, violations }]
}

function showMeasured([row]: readonly Row[]): string {
  return Object.entries(row ?? {})
    .map(([column, value]) => `${String(value)} ${column}`)
    .join(', ')
}

import { now, sleep } from '../machine/clock.ts'
import { checkDuration, checkKnownKeys } from '../options/checks.ts'
import type { Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { ledgerChecks } from '../run/ledger-evidence.ts'
import type { LedgerChecks, LedgerSource, LedgerTotal } from '../run/ledger-evidence.ts'
import { showAmount } from './amount.ts'
import { NO_DATABASE, PostgresChecks } from './checks.ts'
import type { LedgerLimits } from './checks.ts'
import { LedgerProblem } from './problem.ts'
import { bindRunId, readTotal } from './queries.ts'
import { openSession } from './session.ts'
import type { Clock } from './settle.ts'

/** What a ledger is made with, once for a scenario. */
export interface LedgerContext {
  /** Postgres as the target uses it; secret. Left out: nothing can be checked, and every assertion is skipped. */
  readonly databaseUrl?: string | undefined
  /** Aborted when the scenario is given up: whatever the ledger does then ends at once. */
  readonly signal: AbortSignal
  /** `$1` in queries that belong to no history. */
  readonly runId?: string | undefined
  /** Whether the target has nothing in flight. Left out: that is concluded from the database. */
  readonly quiet?: (() => Promise<boolean>) | undefined
  /** What was done to the target or its services so far, one line each; goes into the evidence. Default: nothing. */
  readonly notes?: (() => readonly string[]) | undefined
  /** Default: real time. */
  readonly clock?: Clock
}

export interface LedgerOptions {
  /** Whether the target has nothing in flight, e.g. by its own metrics. Asked ten times a second. */
  readonly quiet?: () => Promise<boolean>
  /** How long to wait for what is in flight. Default: `'10s'`. */
  readonly settleTimeout?: Duration
  /** How long one query may take. Default: `'30s'`. */
  readonly queryTimeout?: Duration
}

/**
 * The database behind the target, for checking afterwards that what users were told is so. Reads only: every query
 * runs in a read-only transaction. The `ledger` of a scenario is made for it; matchers take it: `expect(ledger)`.
 */
export interface Ledger extends LedgerSource {
  /** Whether there is a database to ask. Where not, assertions are skipped with the reason. */
  readonly available: boolean
  /**
   * Runs one query and gives its rows, with `bigint` and `numeric` as text.
   * @throws {LedgerProblem} where there is no database, or the query fails or takes too long
   */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>
  /**
   * Reads a total, exactly, to hold a later one against: `toConserve({ total: sql, before })`. `$1` is the run id.
   * @param sql gives one row of one column
   * @throws {LedgerProblem} where it gives anything else than one exact number
   */
  value(sql: string): Promise<LedgerTotal>
  /** The same ledger with other options; options left out stay as they are. @throws {OptionsError} */
  with(options: LedgerOptions): Ledger
}

/** Opens nothing yet: each check and query has a connection of its own. */
export function createLedger(context: LedgerContext): Ledger {
  return new PostgresLedger(context, {
    quiet: context.quiet,
    settleTimeoutMs: 10_000,
    queryTimeoutMs: 30_000,
  })
}

const OPTIONS: readonly (keyof LedgerOptions)[] = ['quiet', 'settleTimeout', 'queryTimeout']
const REAL_TIME: Clock = {
  nowMs: () => now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}

class PostgresLedger implements Ledger {
  readonly [ledgerChecks]: LedgerChecks
  readonly #context: LedgerContext
  readonly #limits: LedgerLimits

  constructor(context: LedgerContext, limits: LedgerLimits) {
    this.#context = context
    this.#limits = limits
    this[ledgerChecks] = new PostgresChecks(context, limits, context.clock ?? REAL_TIME)
  }

  get available(): boolean {
    return this.#context.databaseUrl !== undefined
  }

  async query<Row extends object>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]> {
    const { signal } = this.#context
    await using session = await openSession({ url: this.#url, signal, queryTimeoutMs: this.#limits.queryTimeoutMs })
    return (await session.query(sql, params)) as readonly Row[]
  }

  async value(sql: string): Promise<LedgerTotal> {
    if (!this.available) return { amount: undefined }
    const { signal, runId } = this.#context
    await using session = await openSession({ url: this.#url, signal, queryTimeoutMs: this.#limits.queryTimeoutMs })
    return { amount: showAmount(await readTotal(session.query, bindRunId(sql, runId))) }
  }

  with(options: LedgerOptions): Ledger {
    const problems = new Problems()
    checkKnownKeys(problems, '', options, OPTIONS)
    const { quiet = this.#limits.quiet, settleTimeout, queryTimeout } = options
    if (quiet !== undefined && typeof quiet !== 'function') {
      problems.add('quiet', quiet, 'must be a function that resolves to true or false', 'quiet: async () => true')
    }
    const ms = (name: string, value: Duration | undefined, otherwise: number) =>
      value === undefined ? otherwise : checkDuration(problems, name, value)
    const limits = {
      quiet,
      settleTimeoutMs: ms('settleTimeout', settleTimeout, this.#limits.settleTimeoutMs),
      queryTimeoutMs: Math.ceil(ms('queryTimeout', queryTimeout, this.#limits.queryTimeoutMs)),
    }
    problems.throwIfAny('ledger.with()')
    return new PostgresLedger(this.#context, limits)
  }

  get #url(): string {
    const { databaseUrl } = this.#context
    if (databaseUrl === undefined)
      throw new LedgerProblem(NO_DATABASE, 'set PERF_DATABASE_URL, or ask ledger.available before')
    return databaseUrl
  }
}

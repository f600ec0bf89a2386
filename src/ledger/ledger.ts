import {
  ledgerChecks,
  type LedgerChecks,
  type LedgerSource,
  type LedgerTotal,
  type RowSource,
} from '../evidence/ledger-evidence.ts'
import { alone, type OnOneGenerator } from '../evidence/on-one-generator.ts'
import { now, sleep } from '../machine/clock.ts'
import { findStore, type NoStore, type Store } from '../machine/store-kinds.ts'
import type { Duration } from '../options/checks.ts'
import { Problems } from '../options/problems.ts'
import { object, optional, readOptions } from '../options/schema.ts'
import { duration, func } from '../options/values.ts'
import { showAmount } from './amount.ts'
import { RowChecks, type LedgerLimits } from './checks.ts'
import { LedgerError } from './ledger-error.ts'
import { readTotal } from './queries.ts'
import type { Table } from './rows.ts'
import { openSession } from './session.ts'
import type { Clock } from './settle.ts'
import { bindSource } from './sources.ts'
import { readStatement, refuseActions } from './statement.ts'

/** Context of a ledger, one per scenario. */
export interface LedgerContext {
  /** Databases of the run; if there are several, the scenario selects one with {@link Ledger.of}. */
  readonly stores: readonly Store[]
  /** Whether the target is external: without a database, assertions are skipped. @default `false` */
  readonly isExternal?: boolean
  /** Aborted if the scenario is aborted: ends all work of the ledger immediately. */
  readonly signal: AbortSignal
  /** Value of `$1` in queries without a history. */
  readonly runId?: string | undefined
  /** Reports whether the target has nothing in flight. @default detected from the database */
  readonly isIdle?: (() => Promise<boolean>) | undefined
  /** End of the last load, in milliseconds of the clock. @default the start of a check */
  readonly loadEndedMs?: (() => number | undefined) | undefined
  /** Lines for the evidence about disruptions of the target or its services so far. @default none */
  readonly notes?: (() => readonly string[]) | undefined
  /** All generators judge the same rows, and the database is read once. @default there is one generator */
  readonly onOneGenerator?: OnOneGenerator
  /** @default real time */
  readonly clock?: Clock
}

/** Limits of the time that a ledger takes to settle and to be read. */
export interface LedgerOptions {
  /**
   * Function that resolves to whether the target has nothing in flight, e.g. from its own metrics, within `settleTimeout`.
   * Called ten times a second. If it fails or resolves to a non-boolean, the assertion is invalid.
   */
  readonly isIdle?: () => Promise<boolean>
  /**
   * Maximum time for operations in flight to finish and for missing rows to arrive, e.g. rows that an outbox or a queue
   * writes after the response. Rows that are missing then are lost, unless others arrived in the last `settleFor` (at least
   * 1 s): then the assertion is invalid.
   * @default '10s'
   */
  readonly settleTimeout?: Duration
  /**
   * Time for which the ledger is watched for unexpected rows, e.g. from a redelivery or a background retry, after the load
   * and after missing rows have arrived. Set it to the redelivery time of your queue.
   * @default '2s', or 0 with `isIdle`
   */
  readonly settleFor?: Duration
  /**
   * Timeout of one query or function.
   * @default '30s'
   */
  readonly queryTimeout?: Duration
}

/**
 * Stored data of the target, to compare with acknowledged operations: rows of its Postgres, or of any source that a
 * function can read. Read-only: the server rejects writes. Scenarios have it as `ledger`; matchers accept it:
 * `expect(ledger)`.
 */
export interface Ledger extends LedgerSource {
  /** Whether there is a database to query. If not, and the target is external, assertions on queries are skipped. */
  readonly available: boolean
  /**
   * The same ledger on another Postgres of the config; required if there are several.
   * @param service its name in the config
   * @throws {OptionsError} if there is no such Postgres
   * @example await expect(ledger.of('orders')).toHoldInvariant('no debts', 'SELECT * FROM accounts WHERE balance < 0')
   */
  of(service: string): Ledger
  /**
   * Runs one query and returns its rows, with `bigint` and `numeric` as strings. It must be a single statement; trailing
   * comments and semicolons are allowed.
   * @throws {LedgerError} if there is no database, or the query fails, takes too long or is not read-only
   */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>
  /**
   * Reads an exact total, to compare with a later one: `toConserve({ total, totalBefore })`. In a query, `$1` is the run id.
   * @param total query or function that returns one row of one column
   * @throws {LedgerError} if it does not return one exact number
   */
  value(total: RowSource): Promise<LedgerTotal>
  /** The same ledger with changed options. @throws {OptionsError} */
  with(options: LedgerOptions): Ledger
}

/** Creates a ledger without connecting: each check and query opens its own connection. */
export function createLedger(context: LedgerContext): Ledger {
  return new RowLedger(context, undefined, {
    isIdle: context.isIdle,
    settleTimeoutMs: 10_000,
    settleForMs: undefined,
    queryTimeoutMs: 30_000,
  })
}

const WITH = object<LedgerOptions>()({
  isIdle: optional(
    func<NonNullable<LedgerOptions['isIdle']>>('async () => true', 'must be a function that resolves to true or false'),
  ),
  settleTimeout: optional(duration()),
  settleFor: optional(duration({ min: 0 })),
  queryTimeout: optional(duration()),
})
const REAL_TIME: Clock = {
  nowMs: now,
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}

class RowLedger implements Ledger {
  readonly [ledgerChecks]: LedgerChecks
  readonly #context: LedgerContext
  readonly #service: string | undefined
  readonly #limits: LedgerLimits
  readonly #database: { readonly url: string } | NoStore
  readonly #once: OnOneGenerator

  constructor(context: LedgerContext, service: string | undefined, limits: LedgerLimits) {
    this.#context = context
    this.#service = service
    this.#limits = limits
    this.#database = findStore(context.stores, {
      kind: 'postgres',
      name: service,
      choose: (name) => `ledger.of('${name}')`,
      isExternal: context.isExternal ?? false,
    })
    this.#once = context.onOneGenerator ?? alone
    const checks = new RowChecks({ ...context, database: this.#database }, limits, context.clock ?? REAL_TIME)
    this[ledgerChecks] = {
      history: (check) => this.#once('a check of the ledger', () => checks.history(check)),
      conservation: (check) => this.#once('a check of the ledger', () => checks.conservation(check)),
      invariant: (rows) => this.#once('a check of the ledger', () => checks.invariant(rows)),
    }
  }

  get available(): boolean {
    return 'url' in this.#database
  }

  of(service: string): Ledger {
    const names = this.#context.stores.filter(({ kind }) => kind === 'postgres').map(({ name }) => name)
    const problems = new Problems()
    if (!names.includes(service)) {
      const known = names.length === 0 ? 'and this run has none' : `which are ${names.join(', ')}`
      const rule = `must be the name of a Postgres service of the config, ${known}`
      problems.add('service', service, rule, `ledger.of('${names[0] ?? 'orders'}')`)
    }
    problems.throwIfAny('ledger.of()')
    return new RowLedger(this.#context, service, this.#limits)
  }

  async query<Row extends object>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]> {
    const statement = readStatement(sql)
    refuseActions(statement)
    return this.#once('a query of the ledger', async () => {
      await using session = await this.#open()
      return (await session.query(statement.sql, params)).rows as readonly Row[]
    })
  }

  async value(total: RowSource): Promise<LedgerTotal> {
    const { signal, runId } = this.#context
    const source = bindSource('total', total, { runId, signal, timeoutMs: this.#limits.queryTimeoutMs })
    return this.#once('a total of the ledger', async () => {
      if (source.query === undefined) return { amount: amountOf(await source.read(undefined), source.shown) }
      if ('reason' in this.#database && this.#database.isExternal) return { amount: undefined }
      await using session = await this.#open()
      return { amount: amountOf(await source.read(session.query), source.shown) }
    })
  }

  with(options: LedgerOptions): Ledger {
    const read = readOptions('ledger.with()', WITH, options)
    const current = this.#limits
    const limits = {
      isIdle: read.isIdle ?? current.isIdle,
      settleTimeoutMs: read.settleTimeoutMs ?? current.settleTimeoutMs,
      settleForMs: read.settleForMs ?? current.settleForMs,
      queryTimeoutMs: Math.ceil(read.queryTimeoutMs ?? current.queryTimeoutMs),
    }
    return new RowLedger(this.#context, this.#service, limits)
  }

  #open() {
    const database = this.#database
    if ('reason' in database) throw new LedgerError(database.reason, database.fix)
    const { signal } = this.#context
    return openSession({ url: database.url, signal, queryTimeoutMs: this.#limits.queryTimeoutMs })
  }
}

function amountOf(table: Table, shown: string): string {
  return showAmount(readTotal(table, shown))
}

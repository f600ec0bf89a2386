import {
  ledgerChecks,
  type LedgerChecks,
  type LedgerSource,
  type LedgerTotal,
  type RowSource,
} from '../evidence/ledger-evidence.ts'
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

/** What a ledger is made with, once for a scenario. */
export interface LedgerContext {
  /** Databases of the run; of several the scenario names one with {@link Ledger.of}. */
  readonly stores: readonly Store[]
  /** The target was running before this run: without a database, assertions are skipped. Default: `false`. */
  readonly isElsewhere?: boolean
  /** Aborted when the scenario is given up: whatever the ledger does then ends at once. */
  readonly signal: AbortSignal
  /** `$1` in queries that belong to no history. */
  readonly runId?: string | undefined
  /** Whether the target has nothing in flight. Left out: that is concluded from the database. */
  readonly quiet?: (() => Promise<boolean>) | undefined
  /** When the last load ended, in milliseconds of the clock. Left out: when a check begins. */
  readonly loadEndedMs?: (() => number | undefined) | undefined
  /** What was done to the target or its services so far, one line each; goes into the evidence. Default: nothing. */
  readonly notes?: (() => readonly string[]) | undefined
  /** Default: real time. */
  readonly clock?: Clock
}

export interface LedgerOptions {
  /**
   * Whether the target has nothing in flight, e.g. by its own metrics: resolves to true or false, within `settleTimeout`.
   * Called ten times a second. A ledger whose `quiet` fails or resolves to something else is invalid.
   */
  readonly quiet?: () => Promise<boolean>
  /**
   * How long what is in flight may take to end, and what is missing may take to come: rows that an outbox or a queue
   * writes after the response.
   * @default '10s'
   */
  readonly settleTimeout?: Duration
  /**
   * How long after the load, and after missing rows have come, the ledger is watched for rows that must not come: those
   * of a redelivery or a retry in the background. Set it to the time after which your queue delivers again.
   * @default '2s', or 0 with `quiet`
   */
  readonly settleFor?: Duration
  /**
   * How long one query or function may take.
   * @default '30s'
   */
  readonly queryTimeout?: Duration
}

/**
 * What the target has stored, to check that it agrees with what users were told: rows of its Postgres, or of anything a
 * function can read. Only reads: the server refuses whatever would write. The `ledger` of a scenario is made for it;
 * matchers take it: `expect(ledger)`.
 */
export interface Ledger extends LedgerSource {
  /** Whether there is a database to query. If not, and the target runs elsewhere, assertions on queries are skipped. */
  readonly available: boolean
  /**
   * The same ledger on another Postgres of the config; needed if there are several.
   * @param service its name in the config
   * @throws {OptionsError} if there is no such Postgres
   * @example await expect(ledger.of('orders')).toHoldInvariant('no debts', 'SELECT * FROM accounts WHERE balance < 0')
   */
  of(service: string): Ledger
  /**
   * Runs one query and returns its rows, with `bigint` and `numeric` as text. One statement; comments and semicolons may
   * end it.
   * @throws {LedgerError} if there is no database, or the query fails, takes too long or does not only read
   */
  query<Row extends object = Record<string, unknown>>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>
  /**
   * Reads a total, exactly, to compare a later one with: `toConserve({ total, before })`. In a query `$1` is the run id.
   * @param total a query or a function that returns one row of one column
   * @throws {LedgerError} if it returns anything else than one exact number
   */
  value(total: RowSource): Promise<LedgerTotal>
  /** The same ledger with other options; options left out stay as they are. @throws {OptionsError} */
  with(options: LedgerOptions): Ledger
}

/** Opens nothing yet: each check and query has a connection of its own. */
export function createLedger(context: LedgerContext): Ledger {
  return new RowLedger(context, undefined, {
    quiet: context.quiet,
    settleTimeoutMs: 10_000,
    settleForMs: undefined,
    queryTimeoutMs: 30_000,
  })
}

const WITH = object<LedgerOptions>()({
  quiet: optional(
    func<NonNullable<LedgerOptions['quiet']>>('async () => true', 'must be a function that resolves to true or false'),
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

  constructor(context: LedgerContext, service: string | undefined, limits: LedgerLimits) {
    this.#context = context
    this.#service = service
    this.#limits = limits
    this.#database = findStore(context.stores, {
      kind: 'postgres',
      name: service,
      choose: (name) => `ledger.of('${name}')`,
      isElsewhere: context.isElsewhere ?? false,
    })
    this[ledgerChecks] = new RowChecks({ ...context, database: this.#database }, limits, context.clock ?? REAL_TIME)
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
    await using session = await this.#open()
    return (await session.query(statement.sql, params)).rows as readonly Row[]
  }

  async value(total: RowSource): Promise<LedgerTotal> {
    const { signal, runId } = this.#context
    const source = bindSource('total', total, { runId, signal, timeoutMs: this.#limits.queryTimeoutMs })
    if (source.query === undefined) return { amount: amountOf(await source.read(undefined), source.shown) }
    if ('reason' in this.#database && this.#database.isElsewhere) return { amount: undefined }
    await using session = await this.#open()
    return { amount: amountOf(await source.read(session.query), source.shown) }
  }

  with(options: LedgerOptions): Ledger {
    const read = readOptions('ledger.with()', WITH, options)
    const old = this.#limits
    const limits = {
      quiet: read.quiet ?? old.quiet,
      settleTimeoutMs: read.settleTimeoutMs ?? old.settleTimeoutMs,
      settleForMs: read.settleForMs ?? old.settleForMs,
      queryTimeoutMs: Math.ceil(read.queryTimeoutMs ?? old.queryTimeoutMs),
    }
    return new RowLedger(this.#context, this.#service, limits)
  }

  #open() {
    const database = this.#database
    if ('reason' in database) throw new LedgerError(database.reason, database.remedy)
    const { signal } = this.#context
    return openSession({ url: database.url, signal, queryTimeoutMs: this.#limits.queryTimeoutMs })
  }
}

function amountOf(table: Table, shown: string): string {
  return showAmount(readTotal(table, shown))
}

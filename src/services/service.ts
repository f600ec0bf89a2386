import { kindOfUrl, type StoreKind } from '../machine/store-kinds.ts'
import type { Problem } from '../options/problems.ts'
import type { Reaper } from './reaper/reaper.ts'

/** Context in which a service starts. */
export interface ServiceContext {
  /** Aborted if the run is cancelled during the start. */
  readonly signal: AbortSignal
  /** Prints one line to the terminal. */
  readonly log: (line: string) => void
  /** Environment variables; `process.env` except in tests. */
  readonly env: NodeJS.ProcessEnv
  /** Records every process, container and temporary folder, and cleans it up if this process is killed. */
  readonly reaper: Reaper
  /**
   * Whether the target is external and brings its own database. A service then only connects to a given URL: nothing is
   * started, migrated, seeded or configured.
   */
  readonly isTargetExternal: boolean
}

/** A running service. Disposing cleans it up, within a minute. */
export interface StartedService extends AsyncDisposable {
  /** Name in the config. */
  readonly name: string
  /** Source of the service: `'container'`, `'embedded'`, `'external'`, `'absent'`, or a custom word. */
  readonly provider: string
  /** One line without secrets: `PostgreSQL 18.4, embedded, 127.0.0.1:21345`. */
  readonly summary: string
  /**
   * Kind of store that the ledger, `sql()` and capacity read.
   *
   * @default by the protocol of `connection.url` (`postgres://…`, `redis://…`); other services are not read
   */
  readonly kind?: StoreKind
  /** Connection details, e.g. `{ url }`. Secret: passed to the workers, never logged or reported. */
  readonly connection: Readonly<Record<string, string>>
  /** Environment variables for the target, e.g. `DATABASE_URL`. */
  readonly env: Readonly<Record<string, string>>
  /** Restores the state after the start, within five minutes: truncates or flushes, and seeds again. */
  reset?(): Promise<void>
  /** Disruptions of the service under load. Not set for an external service. */
  readonly disruptions?: ServiceDisruptions
}

/** Kind of store that a service is read as. */
export function kindOf({ kind, connection }: StartedService): StoreKind | undefined {
  return kind ?? kindOfUrl(connection['url'])
}

/** Faults of a whole server, to test how the target handles them. */
export interface ServiceDisruptions {
  /** Freezes the server: connections stay open and get no response. @returns a function that resumes it */
  pause(): Promise<() => Promise<void>>
  /** Stops the server and starts it again at the same address, with its settings and without its data. */
  restart(): Promise<void>
}

/**
 * A dependency of the target, started before it. `postgres()` and `redis()` return one; implement it for anything else.
 * Services start in parallel and cannot use each other.
 */
export interface Service {
  /** Name in messages, and in the connection details of a scenario. */
  readonly name: string
  /** Invalid options; reported together with all others before anything is started. */
  readonly problems?: readonly Problem[]
  /**
   * Hosts other than this machine that its `connection.url` may name, if the ledger, `sql()` or capacity reads it. Hosts
   * that the config allows are allowed as well.
   *
   * @default none
   */
  readonly allowRemote?: readonly string[] | undefined
  /** Starts the service. If the signal of the context is aborted, it is no longer waited for. */
  start(context: ServiceContext): Promise<StartedService>
}

/** A service or the target could not be started, or became unusable. The message includes a fix. */
export class ServiceError extends Error {
  /** Name of the class. */
  override readonly name = 'ServiceError'
  /** Name of the service, or `target`. */
  readonly subject: string

  constructor(subject: string, { problem, received, details, fix, cause }: ServiceFailure) {
    const lines = [`${subject}: ${problem}`]
    if (received !== undefined) lines.push(`  Received: ${received}`)
    if (details !== undefined && details !== '') lines.push(details)
    lines.push(`Fix: ${fix}`)
    super(lines.join('\n'), { cause })
    this.subject = subject
  }
}

/** A container engine cannot be used for a service. The provider `auto` then uses the embedded server. */
export class EngineError extends ServiceError {
  /** The engine's problem, in one line. */
  readonly reason: string

  constructor(subject: string, failure: ServiceFailure) {
    super(subject, failure)
    this.reason = failure.problem
  }
}

/** What failed, and the fix. */
export interface ServiceFailure {
  /** The problem, in one line without secrets. */
  readonly problem: string
  /** The received value, without secrets. */
  readonly received?: string
  /** Further lines, e.g. the end of a log. */
  readonly details?: string
  /** The change that corrects it. */
  readonly fix: string
  /** The error behind it. */
  readonly cause?: unknown
}

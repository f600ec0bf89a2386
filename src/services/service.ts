import { kindOfUrl, type StoreKind } from '../machine/store-kinds.ts'
import type { Problem } from '../options/problems.ts'
import type { Reaper } from './reaper/reaper.ts'

/** What a service is given to start with. */
export interface ServiceContext {
  /** Aborted when the run is given up while things are starting. */
  readonly signal: AbortSignal
  /** One line for the person at the terminal. */
  readonly log: (line: string) => void
  /** Where variables are read from; `process.env` unless a test says otherwise. */
  readonly env: NodeJS.ProcessEnv
  /** Takes note of every process, container and temporary folder, and cleans it up if this process is killed. */
  readonly reaper: Reaper
  /**
   * The target runs elsewhere and brings its own database. A service then only connects to what a URL names: nothing
   * is started, migrated, seeded or set.
   */
  readonly targetIsExternal: boolean
}

/** A service that runs and can be used. Disposing cleans it up. */
export interface StartedService extends AsyncDisposable {
  readonly name: string
  /** Where it comes from: `'container'`, `'embedded'`, `'external'`, `'absent'`, or a word of the service's own. */
  readonly provider: string
  /** One line without secrets: `PostgreSQL 18.4, embedded, 127.0.0.1:21345`. */
  readonly summary: string
  /**
   * What the ledger, `sql()` and capacity read it as. Default: by the protocol of `connection.url`
   * (`postgres://…`, `redis://…`); of any other service they do not know.
   */
  readonly kind?: StoreKind
  /** How to connect, e.g. `{ url }`. Secret: goes to the workers, never to a log or a report. */
  readonly connection: Readonly<Record<string, string>>
  /** What the target's environment gets, e.g. `DATABASE_URL`. */
  readonly env: Readonly<Record<string, string>>
  /** Back to the state after the start: truncated and seeded again, flushed. */
  reset?(): Promise<void>
  /** What can be done to it while load is on. Not set for a service that runs elsewhere. */
  readonly disruptions?: ServiceDisruptions
}

/** What a service is read as. */
export function kindOf({ kind, connection }: StartedService): StoreKind | undefined {
  return kind ?? kindOfUrl(connection['url'])
}

/** Faults of a whole server, for finding out what the target makes of them. */
export interface ServiceDisruptions {
  /** Stops it where it stands: connections stay open and nothing gets a response. @returns the function that lets it go on */
  pause(): Promise<() => Promise<void>>
  /** Ends it and starts it again on the same address, with its settings and without its data. */
  restart(): Promise<void>
}

/**
 * Something the load needs beside the target. `postgres()` and `redis()` make two; implement it for anything else.
 * Services start in parallel and know nothing of each other.
 */
export interface Service {
  /** Names it in messages, and in the connection details a scenario is given. */
  readonly name: string
  /** Options that cannot be used; reported together with all others before anything is started. */
  readonly problems?: readonly Problem[]
  /**
   * Hosts other than this machine that its `connection.url` may name, if the ledger, `sql()` or capacity reads it. Those of
   * the config are allowed as well. Default: none.
   */
  readonly allowRemote?: readonly string[] | undefined
  start(context: ServiceContext): Promise<StartedService>
}

/** A service or the target could not be started, or stopped being usable. The message says what to do. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly subject: string

  constructor(subject: string, { problem, received, details, remedy, cause }: ServiceFailure) {
    const lines = [`${subject}: ${problem}`]
    if (received !== undefined) lines.push(`  Received: ${received}`)
    if (details !== undefined && details !== '') lines.push(details)
    lines.push(`Fix: ${remedy}`)
    super(lines.join('\n'), { cause })
    this.subject = subject
  }
}

/** A container engine cannot be used for a service; with the provider `auto` the embedded server takes its place. */
export class EngineError extends ServiceError {
  /** What is wrong with the engine, in one line. */
  readonly reason: string

  constructor(subject: string, failure: ServiceFailure) {
    super(subject, failure)
    this.reason = failure.problem
  }
}

export interface ServiceFailure {
  /** What went wrong, in one line, without secrets. */
  readonly problem: string
  readonly received?: string
  /** Further lines, e.g. the end of a log. */
  readonly details?: string
  readonly remedy: string
  readonly cause?: unknown
}

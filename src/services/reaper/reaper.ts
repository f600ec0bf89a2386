import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { chownSync, mkdirSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { liveFolderPrefix } from '../../machine/live-folder.ts'
import { RUN_LABEL } from '../engine.ts'
import { FOLDER_PREFIX, cleanUp, removeFolder } from './cleanup.ts'
import { startTimeOf } from './process-identity.ts'
import {
  PROCESS_MARK,
  ResourceLog,
  abandonedRecords,
  recordFolder,
  removeRecord,
  type Resource,
} from './resource-log.ts'

/** How the reaper stops a watched process. */
export interface WatchedProcess {
  /** Whether the process leads its own group (it was spawned detached), which is stopped with it. @default true */
  readonly group?: boolean
  /** Signal that requests an exit; SIGKILL follows after three seconds. @default SIGTERM */
  readonly signal?: NodeJS.Signals
}

/**
 * Cleanup of everything that a run started, however the run ends.
 *
 * Everything started is written to a record on disk before it is used. A second process, in its own session, waits for
 * this one to exit: normally, by a signal, a crash or `kill -9`. It then cleans up what the record still names. If it is
 * killed as well, the next run's reaper finds the record and cleans up.
 */
export class Reaper implements AsyncDisposable {
  /** Id of this run, and the value of the label of its containers. */
  readonly runId: string
  readonly #journal: ResourceLog
  readonly #process: ChildProcess
  readonly #exited: Promise<void>

  private constructor(runId: string, folder: string) {
    this.runId = runId
    this.#journal = new ResourceLog(folder, runId)
    // Before the record: a kill in between would leave a record until the next run.
    this.#process = spawn(process.execPath, [reaperEntry(), this.#journal.path], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: withoutNodeOptions(process.env),
    })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#exited = promise
    this.#process.once('exit', () => resolve())
    // If the reaper cannot start, the run continues: the next run finds its record.
    this.#process.once('error', () => resolve())
    this.#process.stdin?.on('error', () => {})
    this.#journal.own(process.pid)
    if (this.#process.pid !== undefined) this.#journal.own(this.#process.pid)
    for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(liveFolderPrefix(process.pid))))
      this.#journal.add({ kind: 'directory', path: join(tmpdir(), name) })
    this.#release()
  }

  /**
   * Cleans up what earlier runs of this user left behind, then starts the reaper of this run.
   * @param options.log receives one line for each record that was cleaned up
   */
  static async start(
    options: { readonly log?: (line: string) => void; readonly folder?: string } = {},
  ): Promise<Reaper> {
    const folder = options.folder ?? recordFolder()
    await removeAbandoned(folder, options.log ?? (() => {}))
    return new Reaper(randomUUID(), folder)
  }

  /** Label with which a container is removed at the end of the run. */
  get labels(): Readonly<Record<string, string>> {
    return { [RUN_LABEL]: this.runId }
  }

  /**
   * Announces a process. Call it before `spawn`, and add `env` to the environment of the process: after a kill between
   * `spawn` and {@link watchProcess} it is found by that variable, on Linux only.
   * @returns `noted`: to be called once the process is watched, or did not start
   */
  announceProcess(): AnnouncedProcess {
    const mark = randomUUID()
    return { mark, env: { [PROCESS_MARK]: mark }, noted: this.#journal.add({ kind: 'announced', mark }) }
  }

  /**
   * Registers the daemons of an announced process: its descendants that listen on these ports.
   * @returns a function to call once they have exited
   */
  watchDaemons(mark: string, ports: readonly number[]): () => void {
    return ports.length === 0 ? () => {} : this.#journal.add({ kind: 'daemons', mark, ports })
  }

  /**
   * Registers a process. Call it in the same tick as `spawn`.
   * @returns a function to call once the process has exited
   */
  watchProcess(pid: number, { group = true, signal = 'SIGTERM' }: WatchedProcess = {}): () => void {
    const startedAt = startTimeOf(pid)
    return startedAt === undefined ? () => {} : this.#journal.add({ kind: 'process', pid, startedAt, group, signal })
  }

  /** Registers the containers of the run. Call it before the first container with {@link labels} is created. */
  watchContainers(): () => void {
    return this.#journal.add({ kind: 'containers', label: `${RUN_LABEL}=${this.runId}` })
  }

  /** Creates a temporary folder that only `owner` (default: this user) may enter, and that is removed with the run. */
  temporaryFolder(name: string, { parent = tmpdir(), owner }: TemporaryFolderOptions = {}): TemporaryFolder {
    const path = join(parent, `${FOLDER_PREFIX}${name}-${randomBytes(8).toString('hex')}`)
    // Recorded before it is created: a kill in between would leave a folder that no record names.
    const release = this.#journal.add({ kind: 'directory', path })
    mkdirSync(path, { mode: 0o700 })
    if (owner) chownSync(path, owner.uid, owner.gid)
    const remove = () => {
      removeFolder(path)
      release()
    }
    return { path, remove }
  }

  /** Cleans up everything that is still registered. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.ref()
    this.#process.stdin?.end()
    await this.#exited
  }

  /** Lets this process exit while the reaper runs. */
  #release(): void {
    this.#process.unref()
    const { stdin } = this.#process
    if (stdin && 'unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
  }
}

/** A process that is about to be started. */
export interface AnnouncedProcess {
  readonly mark: string
  readonly env: Readonly<Record<string, string>>
  readonly noted: () => void
}

export interface TemporaryFolderOptions {
  /** Parent folder. @default the system's temporary folder */
  readonly parent?: string
  readonly owner?: { readonly uid: number; readonly gid: number }
}

export interface TemporaryFolder {
  readonly path: string
  remove(): void
}

/** Cleans up what the records of dead runs still name. */
async function removeAbandoned(folder: string, log: (line: string) => void): Promise<void> {
  for (const record of abandonedRecords(folder)) {
    const kept = await cleanUp(record.leftovers, false)
    if (kept.length < record.leftovers.length)
      log(`cleaned up after an earlier run: ${summary(record.leftovers, kept)}`)
    if (kept.length === 0) removeRecord(record.path)
  }
}

function summary(leftovers: readonly Resource[], kept: readonly Resource[]): string {
  const done = leftovers.filter((leftover) => !kept.includes(leftover))
  return done.map(describe).join(', ')
}

function describe(leftover: Resource): string {
  switch (leftover.kind) {
    case 'process':
      return `process ${leftover.pid}`
    case 'announced':
      return 'an announced process'
    case 'daemons':
      return `daemons on port ${leftover.ports.join(', ')}`
    case 'containers':
      return `containers labelled ${leftover.label}`
    default:
      return leftover.path
  }
}

/** `reaper-process.ts` in the repository, `reaper-process.js` in a built package. */
function reaperEntry(): string {
  return fileURLToPath(new URL(`./reaper-process${extname(new URL(import.meta.url).pathname)}`, import.meta.url))
}

/** Without NODE_OPTIONS: an inherited `--inspect` would use the debugger's port, an inherited `--import` would run other code. */
function withoutNodeOptions(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...rest } = env
  return rest
}

import { appendFileSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { isSameProcess, startTimeOf } from './process-identity.ts'

/** Something that a run started or created, and that must not outlive it. */
export type Resource =
  | {
      readonly kind: 'process'
      readonly pid: number
      /** From `startTimeOf`: distinguishes the process from a later one with the same pid. */
      readonly startedAt: string
      /** Whether the process leads its own group, which is stopped with it. */
      readonly group: boolean
      /** Signal that requests an exit; SIGKILL follows if it does not exit. */
      readonly signal: NodeJS.Signals
    }
  /** A process about to be started, without a pid yet: the one with `mark` in {@link PROCESS_MARK} of its environment. */
  | { readonly kind: 'announced'; readonly mark: string }
  /** Processes that listen on one of `ports` and have `mark` in their environment: daemons of a started process. */
  | { readonly kind: 'daemons'; readonly mark: string; readonly ports: readonly number[] }
  /** Every container with `label` (`key=value`). */
  | { readonly kind: 'containers'; readonly label: string }
  | { readonly kind: 'directory'; readonly path: string }

/** Environment variable by which a process is found that was started but not registered. */
export const PROCESS_MARK = 'PERF_STARTED_AS'

/** A process that owns a run. */
export interface Owner {
  readonly pid: number
  readonly startedAt: string
}

type Line =
  | { readonly owner: Owner }
  | { readonly add: number; readonly leftover: Resource }
  | { readonly release: number }

/** Content of one record: its owners, and what has not been cleaned up yet. */
export interface RunRecord {
  readonly path: string
  /** The main process and its reaper. */
  readonly owners: readonly Owner[]
  /** Whether one of the owners still runs, which then cleans up itself. */
  readonly owned: boolean
  readonly leftovers: readonly Resource[]
}

/**
 * The folder of this user's run records, created if it does not exist.
 * @throws {Error} if the folder belongs to another user: its records could name anything
 */
export function recordFolder(parent = tmpdir()): string {
  const { uid, username } = userInfo()
  const folder = join(parent, `vitest-slo-${uid === -1 ? username : uid}`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const stat = lstatSync(folder)
  if (!stat.isDirectory() || (uid !== -1 && stat.uid !== uid)) {
    throw new Error(
      `${folder} must be a folder of user ${username}\nFix: remove it, or set TMPDIR to a folder of your own`,
    )
  }
  return folder
}

/**
 * Log of the resources of one run. Every change is written before the call returns, so the log is complete even if the
 * writer is killed. Contains process ids, container labels and folder names, never a connection string.
 */
export class ResourceLog {
  readonly path: string
  #next = 0

  constructor(folder: string, runId: string) {
    this.path = join(folder, `${runId}.jsonl`)
  }

  /** Adds a process that owns this run; while it runs, no other process cleans up. */
  own(pid: number): void {
    const startedAt = startTimeOf(pid)
    if (startedAt !== undefined) this.#append({ owner: { pid, startedAt } })
  }

  /** Adds a resource. @returns a function that marks it as cleaned up */
  add(leftover: Resource): () => void {
    const id = this.#next++
    this.#append({ add: id, leftover })
    return () => this.#append({ release: id })
  }

  #append(line: Line): void {
    appendFileSync(this.path, `${JSON.stringify(line)}\n`, { mode: 0o600 })
  }
}

/** Content of one record, without a line that a kill truncated. `undefined` if it does not exist. */
export function readRecord(path: string): RunRecord | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const owners: Owner[] = []
  const open = new Map<number, Resource>()
  for (const line of text.split('\n').flatMap(parseLine)) {
    if ('owner' in line) owners.push(line.owner)
    else if ('release' in line) open.delete(line.release)
    else open.set(line.add, line.leftover)
  }
  const owned = owners.some(({ pid, startedAt }) => isSameProcess(pid, startedAt))
  return { path, owners, owned, leftovers: [...open.values()] }
}

/** The records of runs whose main process and reaper are both gone. */
export function abandonedRecords(folder: string): readonly RunRecord[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readRecord(join(folder, name)) ?? [])
    .filter((record) => !record.owned)
}

/** Removes a record whose resources are all cleaned up. */
export function removeRecord(path: string): void {
  rmSync(path, { force: true })
}

function parseLine(text: string): Line[] {
  try {
    const line: Line[] = text === '' ? [] : [JSON.parse(text)]
    return line
  } catch {
    return []
  }
}

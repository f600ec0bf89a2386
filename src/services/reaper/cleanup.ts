import { rmSync } from 'node:fs'
import { basename } from 'node:path'
import { sleep } from '../../machine/clock.ts'
import { removeContainers } from '../engine.ts'
import { daemonsOf, killDaemon, type Daemon } from './daemons.ts'
import { groupExists, isSameProcess, processesWith, untilExited } from './process-identity.ts'
import { PROCESS_MARK, type Resource } from './resource-log.ts'

/** Prefix of temporary folders. A folder without it is never removed, even if a record names it. */
export const FOLDER_PREFIX = 'vitest-slo-'

const GRACE_MS = 3_000
const KILL_MS = 2_000

/**
 * Stops processes and removes containers, then folders. A process is stopped only if its start time is the recorded one;
 * resources that no longer exist are skipped.
 * @param recent whether the run has just ended. A process group without its leader is then stopped as well: its id cannot
 *   have been reused yet. For an older record it may have been, and the group is left running
 * @returns resources that could not be cleaned up: containers of an engine that does not respond, a folder that is still
 *   written to
 */
export async function cleanUp(leftovers: readonly Resource[], recent: boolean): Promise<readonly Resource[]> {
  const kept: Resource[] = []
  const isDaemon = ({ kind }: Resource) => kind === 'daemons'
  // A process has time to exit before its daemons are killed, one of which it may be itself.
  for (const some of [leftovers.filter((one) => !isDaemon(one)), leftovers.filter(isDaemon)]) {
    await Promise.all(
      some.map(async (leftover) => {
        const done = await endOne(leftover, recent).catch(() => false)
        if (!done) kept.push(leftover)
      }),
    )
  }
  for (const leftover of leftovers) {
    if (leftover.kind !== 'directory') continue
    try {
      removeFolder(leftover.path)
    } catch {
      // A process that still runs may write to it.
      kept.push(leftover)
    }
  }
  return kept
}

async function endOne(leftover: Resource, recent: boolean): Promise<boolean> {
  switch (leftover.kind) {
    case 'process':
      return endProcess(leftover, recent)
    case 'announced':
      return endAnnounced(leftover.mark, recent)
    case 'daemons':
      return endDaemons(daemonsOf(leftover.mark, leftover.ports))
    case 'containers':
      return endContainers(leftover.label, recent)
    default:
      return true
  }
}

/** Searches twice: a process that is being forked has the mark only once it runs its program. */
async function endAnnounced(mark: string, recent: boolean): Promise<boolean> {
  for (const pauseMs of recent ? [0, 300] : [0]) {
    await sleep(pauseMs)
    const found = processesWith(PROCESS_MARK, mark).map(({ pid, startedAt }) =>
      endProcess({ kind: 'process', pid, startedAt, group: groupExists(pid), signal: 'SIGKILL' }, recent),
    )
    if ((await Promise.all(found)).includes(false)) return false
  }
  return true
}

async function endDaemons(daemons: readonly Daemon[]): Promise<boolean> {
  for (const daemon of daemons) killDaemon(daemon)
  return untilExited(() => daemons.some(({ pid, startedAt }) => isSameProcess(pid, startedAt)), KILL_MS)
}

/** Searches several times: the engine may still be creating a container that was requested just before the end. */
async function endContainers(label: string, recent: boolean): Promise<boolean> {
  for (const pauseMs of recent ? [0, 500, 1_500] : [0]) {
    await sleep(pauseMs)
    if ((await removeContainers([label])) === undefined) return false
  }
  return true
}

/** Removes a temporary folder of this package and its contents. */
export function removeFolder(path: string): void {
  if (!basename(path).startsWith(FOLDER_PREFIX)) return
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
}

async function endProcess(leftover: Extract<Resource, { kind: 'process' }>, recent: boolean): Promise<boolean> {
  const { pid, startedAt, group, signal } = leftover
  const runs = () => isSameProcess(pid, startedAt)
  if (!runs() && !recent) return true
  if (runs()) send(pid, signal, group)
  if (!(await untilExited(runs, GRACE_MS))) {
    send(pid, 'SIGKILL', group)
    if (!(await untilExited(runs, KILL_MS))) return false
  }
  // A pid is not reused while a group has it as its id: the rest of the group belongs to the run.
  if (!group || !groupExists(pid)) return true
  send(pid, 'SIGKILL', true)
  return untilExited(() => groupExists(pid), KILL_MS)
}

function send(pid: number, signal: NodeJS.Signals, group: boolean): void {
  try {
    process.kill(group ? -pid : pid, signal)
  } catch {
    // It has already exited.
  }
}

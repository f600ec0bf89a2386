import { listenersOn } from '../../machine/listeners.ts'
import { groupExists, processesWith } from './process-identity.ts'
import { PROCESS_MARK } from './resource-log.ts'

/** Daemon of a started process. */
export interface Daemon {
  readonly pid: number
  readonly startedAt: string
}

/**
 * Processes that listen on one of these ports and descend from a started process, wherever they are in the process tree:
 * they inherited its mark. Other processes with the mark may be meant to last, as the server of a build tool. Linux only.
 */
export function daemonsOf(mark: string, ports: readonly number[]): readonly Daemon[] {
  const listening = new Set(ports.flatMap((port) => listenersOn(port).pids))
  return listening.size === 0 ? [] : processesWith(PROCESS_MARK, mark).filter(({ pid }) => listening.has(pid))
}

/** Kills a daemon, and its group if it leads one. */
export function killDaemon({ pid }: Daemon): void {
  try {
    process.kill(groupExists(pid) ? -pid : pid, 'SIGKILL')
  } catch {
    // It has already exited.
  }
}

import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { signalExitCode } from './interrupts.ts'

const CHANNEL = 'child_process'
/** Entry file of Vitest's worker processes. */
const ENTRY = /[\\/]vitest[\\/]dist[\\/]workers[\\/]forks\.js$/

/**
 * Processes of this command that run scenarios. A scenario that never yields, e.g. in an endless loop, cannot be cancelled:
 * only its process can be killed.
 */
export class Workers implements Disposable {
  readonly #started = new Set<ChildProcess>()

  constructor() {
    subscribe(CHANNEL, this.#onStart)
  }

  /** Kills those that still run. @returns the number of killed processes */
  end(): number {
    const running = [...this.#started].filter(isWorker)
    for (const child of running) child.kill('SIGKILL')
    return running.length
  }

  [Symbol.dispose](): void {
    unsubscribe(CHANNEL, this.#onStart)
    this.#started.clear()
  }

  readonly #onStart = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess }
    this.#started.add(child)
    child.once('exit', (_code, signal) => {
      this.#started.delete(child)
      // Vitest waits for the exit of a process without an exit code, also if a signal has already ended it.
      if (signal !== null && isWorker(child)) Object.assign(child, { exitCode: signalExitCode(signal) })
    })
  }
}

function isWorker(child: ChildProcess): boolean {
  return child.spawnargs.some((word) => ENTRY.test(word))
}

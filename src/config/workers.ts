import type { ChildProcess } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CHANNEL = 'child_process'
/** What Vitest's pool of processes starts. */
const ENTRY = /[\\/]vitest[\\/]dist[\\/]workers[\\/]forks\.js$/

/**
 * The processes of this command that run scenarios. A scenario that never yields, such as one with an endless loop, hears
 * nothing of its end: only its process can be ended.
 */
export class Workers implements Disposable {
  readonly #started = new Set<ChildProcess>()

  constructor() {
    subscribe(CHANNEL, this.#onStart)
  }

  /** Ends those that still run. @returns how many there were */
  end(): number {
    const running = [...this.#started].filter((child) => child.spawnargs.some((word) => ENTRY.test(word)))
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
    child.once('exit', () => this.#started.delete(child))
  }
}

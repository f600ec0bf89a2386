import type { RunObserver } from '../results/observer.ts'

/** Calls observers one after the other. An error of one is printed in one line, and the next is still called. */
export class Observers {
  readonly #observers: readonly RunObserver[]
  readonly #printError: (line: string) => void

  constructor(observers: readonly RunObserver[], printError: (line: string) => void) {
    this.#observers = observers
    this.#printError = printError
  }

  async tell(call: (observer: RunObserver) => void | Promise<void>): Promise<void> {
    for (const observer of this.#observers) {
      try {
        await call(observer)
      } catch (error) {
        this.#printError(`vitest-slo: an observer failed: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}

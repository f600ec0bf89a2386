import type { RunObserver } from '../results/observer.ts'

/** Calls observers one after the other. What one throws is told in one line, and the next is called all the same. */
export class Observers {
  readonly #observers: readonly RunObserver[]
  readonly #complain: (line: string) => void

  constructor(observers: readonly RunObserver[], complain: (line: string) => void) {
    this.#observers = observers
    this.#complain = complain
  }

  async tell(call: (observer: RunObserver) => void | Promise<void>): Promise<void> {
    for (const observer of this.#observers) {
      try {
        await call(observer)
      } catch (error) {
        this.#complain(`vitest-slo: an observer failed: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
}

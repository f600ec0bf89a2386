import type { GeneratorError } from './errors.ts'

/** Counters that all generators advance. Additions count in the order of the log, so each receives another number. */
export class Counters {
  readonly #totals = new Map<string, number>()
  /** Own additions that are not in the log yet, in their order. */
  readonly #pending: PromiseWithResolvers<number>[] = []

  /** Called before an own addition is appended. @returns the total before it */
  await(): Promise<number> {
    const pending = Promise.withResolvers<number>()
    this.#pending.push(pending)
    return pending.promise
  }

  apply(key: string, amount: number, isOwn: boolean): void {
    const before = this.#totals.get(key) ?? 0
    this.#totals.set(key, before + amount)
    if (isOwn) this.#pending.shift()?.resolve(before)
  }

  fail(error: GeneratorError): void {
    for (const { reject } of this.#pending.splice(0)) reject(error)
  }
}

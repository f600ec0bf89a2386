import type { RunTally, SecondTally } from './rendezvous.ts'

/** Sums of a run over all generators, second by second. The same on every generator, as they read the same log. */
export class Tallies {
  readonly #generators: readonly GeneratorTallies[]
  #second = 0

  constructor(count: number) {
    this.#generators = Array.from({ length: count }, () => new GeneratorTallies())
  }

  add(index: number, tally: SecondTally): void {
    this.#generators[index]?.pending.push(tally)
  }

  /** The generator publishes no more tallies: its last one counts for all later seconds. */
  end(index: number): void {
    this.#generators[index]!.hasEnded = true
  }

  /** Sums of the seconds that became complete since the last call. A second that a generator skipped has its previous sums. */
  *complete(): Generator<RunTally> {
    while (this.#second < this.#lastComplete()) {
      this.#second++
      const tallies = this.#generators.map((generator) => generator.at(this.#second))
      yield { ...sumOf(this.#second, tallies), generators: tallies }
    }
  }

  #lastComplete(): number {
    const running = this.#generators.filter(({ hasEnded }) => !hasEnded)
    return running.length === 0
      ? Math.max(...this.#generators.map(({ lastSecond }) => lastSecond))
      : Math.min(...running.map(({ lastSecond }) => lastSecond))
  }
}

class GeneratorTallies {
  readonly pending: SecondTally[] = []
  hasEnded = false
  #current: SecondTally | undefined

  get lastSecond(): number {
    return (this.pending.at(-1) ?? this.#current)?.second ?? 0
  }

  /** The last tally up to a second. */
  at(second: number): SecondTally | undefined {
    while (this.pending[0] !== undefined && this.pending[0].second <= second) this.#current = this.pending.shift()
    return this.#current
  }
}

function sumOf(second: number, tallies: readonly (SecondTally | undefined)[]): SecondTally {
  const sum = { second, offered: 0, sent: 0, completed: 0, dropped: 0, targetErrors: 0 }
  const errors: Record<string, number> = {}
  for (const tally of tallies) {
    if (tally === undefined) continue
    for (const name of ['offered', 'sent', 'completed', 'dropped', 'targetErrors'] as const) sum[name] += tally[name]
    for (const [kind, count] of Object.entries(tally.errors)) errors[kind] = (errors[kind] ?? 0) + count
  }
  return { ...sum, errors }
}

/** A cancelled test ends at once, its runs within a second: they are waited for, so that partial results are kept. */
export class UnderWay {
  readonly #runs = new Set<Promise<unknown>>()

  add<Run>(run: Promise<Run>): Promise<Run> {
    this.#runs.add(run)
    return run
  }

  async ended(): Promise<void> {
    await Promise.allSettled(this.#runs)
  }
}

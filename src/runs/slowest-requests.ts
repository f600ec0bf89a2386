import { phasesIn, WHOLE_RUN } from '../execution/request-scope.ts'
import type { Phase } from '../load/load.ts'
import type { SlowRequest } from '../results/result.ts'

const KEPT = 10

/**
 * The slowest requests of a run, from the phases that its statistics are of. To ask whether a request is among them
 * costs a comparison or two; only those that are get an object.
 */
export class SlowestRequests {
  readonly #spans: readonly Phase[]
  /** Worst first. */
  readonly #kept: SlowRequest[] = []
  /** What a request must take longer than; below every latency while there is room. */
  #floorMs = -1

  /** @param phases of the run, warm-up included */
  constructor(phases: readonly Phase[]) {
    this.#spans = phasesIn(phases, WHOLE_RUN).map((at) => phases[at]!)
  }

  wants(atMs: number, latencyMs: number): boolean {
    return latencyMs > this.#floorMs && this.#isJudged(atMs)
  }

  /** Keeps a request that is wanted, in place of the quickest of those kept. */
  keep(request: SlowRequest): void {
    const kept = this.#kept
    const at = kept.findIndex(({ latencyMs }) => latencyMs < request.latencyMs)
    kept.splice(at < 0 ? kept.length : at, 0, request)
    if (kept.length > KEPT) kept.pop()
    if (kept.length === KEPT) this.#floorMs = kept[KEPT - 1]!.latencyMs
  }

  toJSON(): readonly SlowRequest[] {
    return this.#kept
  }

  #isJudged(atMs: number): boolean {
    for (const { startMs, endMs } of this.#spans) if (atMs >= startMs && atMs < endMs) return true
    return false
  }
}

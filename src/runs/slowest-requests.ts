import { phasesIn, WHOLE_RUN } from '../execution/request-scope.ts'
import type { Phase } from '../load/load.ts'
import type { SlowRequest } from '../results/result.ts'

/** Number of slowest requests that a run keeps. */
export const KEPT_COUNT = 10

/**
 * Slowest requests of a run, in its judged phases. {@link wants} costs one or two comparisons; an object is only created
 * for requests that are kept.
 */
export class SlowestRequests {
  readonly #spans: readonly Phase[]
  /** Slowest first. */
  readonly #kept: SlowRequest[] = []
  /** Latency that a request must exceed; negative while there is room. */
  #floorMs = -1

  /** @param phases phases of the run, including the warm-up */
  constructor(phases: readonly Phase[]) {
    this.#spans = phasesIn(phases, WHOLE_RUN).map((at) => phases[at]!)
  }

  wants(atMs: number, latencyMs: number): boolean {
    return latencyMs > this.#floorMs && this.#isJudged(atMs)
  }

  /** Keeps a request in place of the fastest one kept. */
  keep(request: SlowRequest): void {
    const kept = this.#kept
    const at = kept.findIndex(({ latencyMs }) => latencyMs < request.latencyMs)
    kept.splice(at < 0 ? kept.length : at, 0, request)
    if (kept.length > KEPT_COUNT) kept.pop()
    if (kept.length === KEPT_COUNT) this.#floorMs = kept[KEPT_COUNT - 1]!.latencyMs
  }

  toJSON(): readonly SlowRequest[] {
    return this.#kept
  }

  #isJudged(atMs: number): boolean {
    for (const { startMs, endMs } of this.#spans) if (atMs >= startMs && atMs < endMs) return true
    return false
  }
}

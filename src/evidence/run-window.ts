/** Times of the scope of a run, on this process's `performance.now()`, for samples taken during the load. */
export interface RunWindow {
  /** Name of the run, as in its result. */
  readonly run: string
  /** Start of the run, warm-up included. */
  readonly runStartMs: number
  /** End of the load. Responses may arrive later. */
  readonly runEndMs: number
  /** End of the run: every response had arrived or timed out. */
  readonly settledMs: number
  /** Intervals in scope, ascending; several if phases out of scope are between them. */
  readonly spans: readonly { readonly startMs: number; readonly endMs: number }[]
  /** Name of the scope: `steady phase`, `spike phase`. */
  readonly scope: string
}

/** A run with times, as is every run whose load has a duration. */
export interface TimedRun {
  /** @internal */
  [windowOf](): RunWindow
}

/** Method that returns the times of a run. A symbol, so that it is not part of the public interface. */
export const windowOf: unique symbol = Symbol('vitest-slo.window')

/** When the scope of a run lay, on the clock of this process (`performance.now()`): for what is sampled beside the load. */
export interface RunWindow {
  /** Name of the run, as in its result. */
  readonly run: string
  /** When the run began, warm-up included. */
  readonly runStartMs: number
  /** When nothing was due any more; responses may have come after it. */
  readonly runEndMs: number
  /** When it was over: every response was in, or had been waited for long enough. */
  readonly settledMs: number
  /** The stretches in scope, ascending; several where phases out of scope lie between them. */
  readonly spans: readonly { readonly startMs: number; readonly endMs: number }[]
  /** The scope in words: `steady phase`, `spike phase`. */
  readonly scope: string
}

/** A run that took place in time, as every run does whose load has a duration. */
export interface TimedRun {
  [windowOf](): RunWindow
}

/** The method by which runs say when they were, kept off the runs' own vocabulary. */
export const windowOf: unique symbol = Symbol('vitest-slo.window')

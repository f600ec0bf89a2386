import type { MicroRunResult } from '../results/result.ts'
import { measure } from './measure.ts'
import { microRun, type MicroRun } from './micro-run.ts'
import { readMeasure, type MeasureOptions } from './options.ts'

/** The parts of a scenario that `micro` uses. */
export interface MicroContext {
  /**
   * Aborting it stops the measurement after the current call. The times measured until then are kept. While a synchronous
   * function is timed, nothing else runs in the process, so only the function itself can abort it.
   */
  readonly signal?: AbortSignal
  /** Called once for each measurement, including aborted ones. */
  onRun?(result: MicroRunResult): void
}

/** Timing of functions in this process, without a network. */
export interface Micro {
  /**
   * Calls a function repeatedly, one call after another, and times each call: first a warm-up, then at least `duration`
   * and `minCalls`. Returns a run for the percentile matchers.
   *
   * Misleading for functions much faster than 20 µs (see {@link MeasuredMicroRun.time}), and for functions whose result is
   * not used: the compiler may remove them. Nothing else should run in this process meanwhile.
   *
   * @param name name in the report; default `micro 1`, `micro 2`, …
   * @throws {OptionsError} naming every invalid option
   * @throws any error that the function throws
   */
  measure(name: string, fn: () => unknown, options?: MeasureOptions): Promise<MicroRun>
  /** The same with the default name. */
  measure(fn: () => unknown, options?: MeasureOptions): Promise<MicroRun>
}

/** The `micro` fixture of one scenario. */
export function createMicro({ signal, onRun }: MicroContext = {}): Micro {
  let runs = 0
  return {
    async measure(...args: unknown[]): Promise<MicroRun> {
      const plan = readMeasure(args)
      signal?.throwIfAborted()
      const name = plan.name ?? `micro ${++runs}`
      const run = microRun(await measure({ ...plan, name }, signal))
      onRun?.(run.result())
      return run
    },
  }
}

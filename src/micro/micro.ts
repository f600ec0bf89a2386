import type { MicroRunResult } from '../results/result.ts'
import { measure } from './measure.ts'
import { microRun, type MicroRun } from './micro-run.ts'
import { readMeasure, type MeasureOptions } from './options.ts'

/** What the timer needs from the runner of scenarios. */
export interface MicroContext {
  /**
   * Aborting it ends the measurement after the call that is under way; what was measured is kept. While a synchronous
   * function is timed nothing else runs in the process, so that only the function itself could abort it.
   */
  readonly signal?: AbortSignal
  /** Called once for each measurement that began, also one that was aborted. */
  onRun?(result: MicroRunResult): void
}

/** Times functions in this process, without a network between. */
export interface Micro {
  /**
   * Calls a function again and again, one call after another, and times each: warm-up first, then for at least
   * `duration` and `minCalls`. Gives a run that the percentile matchers accept.
   *
   * Misleads about functions much quicker than 20 µs (see {@link MeasuredMicroRun.time}), and about functions whose
   * result is not used: the compiler may leave them out. Nothing else should run in this process meanwhile.
   *
   * @param name within the report; `micro 1`, `micro 2`, … where left out
   * @throws {OptionsError} naming every option that cannot be used
   * @throws whatever the function throws: a function that fails is not timed
   */
  measure(name: string, fn: () => unknown, options?: MeasureOptions): Promise<MicroRun>
  measure(fn: () => unknown, options?: MeasureOptions): Promise<MicroRun>
}

/** The `micro` of one scenario. */
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

import { order } from '../control/control-client.ts'
import type { ControlAddress, DoneDisruption } from '../control/disruption.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { now, sleep } from '../machine/clock.ts'
import type { RunMark } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { formatMs } from '../stats/units.ts'
import type { ScheduledDisruption } from './schedule.ts'

/** What chaos needs from the runner of scenarios. */
export interface ChaosContext {
  /** Where disruptions are ordered; absent where target and services run elsewhere. */
  readonly control?: ControlAddress | undefined
  readonly signal: AbortSignal
  /** Calls `listener` with every snapshot of every run. @returns the function that stops it */
  onSnapshot(listener: (snapshot: RunSnapshot) => void): () => void
  /** Called once a run has ended, with what was done to it, in milliseconds since its start. */
  onMarks?(run: string, marks: readonly RunMark[]): void
  /** Called where nothing can be disrupted, with what was asked for and the reason. */
  onSkipped?(asked: readonly string[], reason: string): void
}

/** Disrupts the target and its services while load is on. */
export interface Chaos {
  /**
   * Does what the schedule says while the run goes on, one disruption after the other, in order of their moments.
   *
   * Where target and services run elsewhere nothing is done, and that is recorded as skipped.
   *
   * @param run as `http.run()` or `ws.fanOut()` gives it, not awaited
   * @returns the run, once it has ended and everything disrupted works again
   * @throws {ChaosError} if a disruption failed, or its moment never came
   */
  during<Run extends TimedRun>(run: Promise<Run>, schedule: readonly ScheduledDisruption[]): Promise<Run>
  /** What was done so far, in order. */
  readonly done: readonly DoneDisruption[]
}

/** A disruption could not be done as scheduled: what was asserted about it would say nothing. */
export class ChaosError extends Error {
  override readonly name = 'ChaosError'
}

const ELSEWHERE = 'target and services were not started by this run and cannot be disrupted from here'

/** The `chaos` of one scenario. */
export function createChaos(context: ChaosContext): Chaos {
  const done: DoneDisruption[] = []
  return {
    done,
    async during(run, schedule) {
      if (context.control === undefined) {
        const labels = schedule.map(({ label }) => label)
        context.onSkipped?.(labels, ELSEWHERE)
        return run
      }
      const over = new AbortController()
      const signal = AbortSignal.any([context.signal, over.signal])
      const own: DoneDisruption[] = []
      const note = (one: DoneDisruption) => {
        own.push(one)
        done.push(one)
      }
      const disrupted = carryOut(schedule, context.control, context, signal, note)
      // Until the run has ended nobody looks at it.
      disrupted.catch(() => {})
      try {
        const ended = await run
        over.abort()
        await disrupted.finally(() => mark(ended, own, context))
        return ended
      } finally {
        over.abort()
        await disrupted.catch(() => {})
      }
    },
  }
}

function mark(run: TimedRun, done: readonly DoneDisruption[], context: ChaosContext): void {
  const { run: name, runStartMs } = run[windowOf]()
  const marks = done.map(({ label, startMs, endMs }) => ({
    label,
    startMs: startMs - runStartMs,
    endMs: endMs - runStartMs,
  }))
  context.onMarks?.(name, marks)
}

async function carryOut(
  schedule: readonly ScheduledDisruption[],
  control: ControlAddress,
  context: ChaosContext,
  signal: AbortSignal,
  note: (done: DoneDisruption) => void,
): Promise<void> {
  const start = await firstSnapshot(context, signal)
  const momentOf = ({ atMs, share }: ScheduledDisruption) => atMs ?? share! * (start?.plannedMs ?? Number.NaN)
  for (const scheduled of schedule.toSorted((one, other) => momentOf(one) - momentOf(other))) {
    const waitMs = (start?.startMs ?? Number.NaN) + momentOf(scheduled) - now()
    if (start === undefined || !(await waited(waitMs, signal))) throw missed(scheduled, context.signal)
    const startMs = now()
    const label = await order(control, scheduled.disruption, context.signal).catch((error: Error) => {
      throw new ChaosError(`${scheduled.label} failed: ${error.message}`, { cause: error })
    })
    note({ label, startMs, endMs: now() })
  }
}

/** When the run began on this process's clock, and how long it is to last; `undefined` if it ended before saying so. */
async function firstSnapshot(
  { onSnapshot }: ChaosContext,
  signal: AbortSignal,
): Promise<{ readonly startMs: number; readonly plannedMs: number } | undefined> {
  const { promise, resolve } = Promise.withResolvers<{ startMs: number; plannedMs: number } | undefined>()
  const stop = onSnapshot(({ elapsedMs, plannedMs, state }) => {
    if (state === 'running') resolve({ startMs: now() - elapsedMs, plannedMs })
  })
  const abort = () => resolve(undefined)
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    stop()
    signal.removeEventListener('abort', abort)
  }
}

/** @returns whether the time passed before the signal came */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  return sleep(Math.max(0, ms), true, { signal }).catch(() => false)
}

function missed({ label, atMs }: ScheduledDisruption, scenario: AbortSignal): Error {
  if (scenario.aborted) return new ChaosError(`${label} was not done: the scenario was given up`)
  const when = atMs === undefined ? '' : ` before ${formatMs(atMs)}`
  return new ChaosError(
    `${label} was not done: the run ended${when}. A share of the run, as at: '40%', holds at every scale; the run must last longer than a second.`,
  )
}

import { requestDisruption } from '../control/control-client.ts'
import type { ControlAddress, DoneDisruption } from '../control/disruption.ts'
import type { OnOneGenerator } from '../evidence/on-one-generator.ts'
import { windowOf, type TimedRun } from '../evidence/run-window.ts'
import { now, sleep } from '../machine/clock.ts'
import type { RunMark } from '../results/result.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import { formatMs } from '../stats/units.ts'
import type { ScheduledDisruption } from './schedule.ts'

/** The parts of a scenario that `chaos` uses. */
export interface ChaosContext {
  /** Server that performs disruptions; absent if target and services are external. */
  readonly control?: ControlAddress | undefined
  readonly signal: AbortSignal
  /** Services are disrupted by one generator. @default there is one generator */
  readonly onOneGenerator?: OnOneGenerator
  /** Calls `listener` with every snapshot of every run. @returns a function that removes the listener */
  onSnapshot(listener: (snapshot: RunSnapshot) => void): () => void
  /** Called when a run has ended, with its disruptions in milliseconds since its start. */
  onMarks?(run: string, marks: readonly RunMark[]): void
  /** Called if nothing can be disrupted, with the scheduled disruptions and the reason. */
  onSkipped?(labels: readonly string[], reason: string): void
}

/** Disruptions of the target and its services under load. */
export interface Chaos {
  /**
   * Performs the scheduled disruptions during the run, one after the other, in order of their times. If target and
   * services are external, nothing is disrupted, and the disruptions are recorded as skipped.
   *
   * @param run promise of `http.run()` or `ws.fanOut()`, not awaited
   * @returns the run, after it has ended and everything disrupted is ready again
   * @throws {ChaosError} if a disruption failed, or the run ended before its time
   */
  during<Run extends TimedRun>(run: Promise<Run>, schedule: readonly ScheduledDisruption[]): Promise<Run>
  /** Disruptions so far, in order. */
  readonly done: readonly DoneDisruption[]
}

/** A disruption could not be performed as scheduled, so that assertions on its effect would be meaningless. */
export class ChaosError extends Error {
  /** Name of the class. */
  override readonly name = 'ChaosError'
}

const NOT_STARTED = 'target and services were not started by this run and cannot be disrupted'

/** The `chaos` fixture of one scenario. */
export function createChaos(context: ChaosContext): Chaos {
  const done: DoneDisruption[] = []
  return {
    done,
    async during(run, schedule) {
      if (context.control === undefined) {
        const labels = schedule.map(({ label }) => label)
        context.onSkipped?.(labels, NOT_STARTED)
        return run
      }
      const runEnded = new AbortController()
      const signal = AbortSignal.any([context.signal, runEnded.signal])
      const own: DoneDisruption[] = []
      const onDone = (one: DoneDisruption) => {
        own.push(one)
        done.push(one)
      }
      const disrupted = performAll(schedule, context.control, context, signal, onDone)
      // It is awaited only after the run; until then a rejection must not count as unhandled.
      disrupted.catch(() => {})
      try {
        const ended = await run
        runEnded.abort()
        await disrupted.finally(() => mark(ended, own, context))
        return ended
      } finally {
        runEnded.abort()
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

async function performAll(
  schedule: readonly ScheduledDisruption[],
  control: ControlAddress,
  context: ChaosContext,
  signal: AbortSignal,
  onDone: (done: DoneDisruption) => void,
): Promise<void> {
  const start = await firstSnapshot(context, signal)
  const timeOf = ({ atMs, share }: ScheduledDisruption) => atMs ?? share! * (start?.plannedMs ?? Number.NaN)
  for (const scheduled of schedule.toSorted((one, other) => timeOf(one) - timeOf(other))) {
    const waitMs = (start?.startMs ?? Number.NaN) + timeOf(scheduled) - now()
    if (start === undefined || !(await sleepUntil(waitMs, signal))) throw missedError(scheduled, context.signal)
    const startMs = now()
    const request = () => requestDisruption(control, scheduled.disruption, context.signal)
    const requested = context.onOneGenerator?.(scheduled.label, request) ?? request()
    const label = await requested.catch((error: Error) => {
      throw new ChaosError(`${scheduled.label} failed: ${error.message}`, { cause: error })
    })
    onDone({ label, startMs, endMs: now() })
  }
}

/** Start of the run on this process's clock and its planned length; `undefined` if it ended before its first snapshot. */
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

/** @returns whether the time passed before the signal was aborted */
async function sleepUntil(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false
  return sleep(Math.max(0, ms), true, { signal }).catch(() => false)
}

function missedError({ label, atMs }: ScheduledDisruption, scenario: AbortSignal): Error {
  if (scenario.aborted) return new ChaosError(`${label} was not done: the scenario was aborted`)
  const when = atMs === undefined ? '' : ` before ${formatMs(atMs)}`
  return new ChaosError(
    `${label} was not done: the run ended${when}\n` +
      "Fix: use a percentage of the run, such as time: '40%', which fits every scale; a run must last longer than 1 s",
  )
}

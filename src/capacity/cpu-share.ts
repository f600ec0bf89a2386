import type { RunWindow } from '../evidence/run-window.ts'
import type { ShareEvidence } from '../evidence/share-evidence.ts'
import { coverState, joined } from '../evidence/window-coverage.ts'
import { formatRatio } from '../stats/units.ts'
import { isSeen, type Observed, type Reading } from './samples.ts'
import { shareOf, unseenShare, withoutShare } from './share.ts'

/** CPU time used so far by the target. */
export interface CpuReading {
  readonly totalSec: number
  /** One for each instance, where they can be told apart. */
  readonly instancesSec: readonly number[]
  /** Whose time it is, where that is known: from one reading to another of other processes nothing can be said. */
  readonly pids?: readonly number[]
}

/** How many cores the target may use, and who says so; `undefined` if that is not known from here. */
export type Cores = number | undefined

const WHAT = 'CPU of the target'
/** Two readings sooner after one another differ by the clock's grain: CPU time comes in hundredths of a second. */
const MIN_STEP_MS = 200

/** CPU time used over time passed and cores, between the samples within the scope. */
export function cpuShare(observed: Observed<CpuReading>, cores: Cores, window: RunWindow): ShareEvidence {
  const of = cores === undefined ? 'of its cores' : `of ${cores} ${cores === 1 ? 'core' : 'cores'}`
  if (!isSeen(observed)) return unseenShare(WHAT, of, observed)
  if (cores === undefined) return { ...withoutShare(WHAT, of, []), unavailable: CORES_UNKNOWN }
  const scoped = stretches(observed.readings, window)
  const steps = scoped.flatMap((readings) => stepsOf(readings, ({ totalSec }) => totalSec))
  const shares = steps.map(({ atMs, usedSec, wallSec }) => ({ atMs, value: usedSec / wallSec / cores }))
  const [used, wall] = [sum(steps.map(({ usedSec }) => usedSec)), sum(steps.map(({ wallSec }) => wallSec))]
  const { failures } = observed
  return shareOf({
    ...{ what: WHAT, of, window, shares, failures, mean: used / wall / cores },
    lines: byInstance(scoped, wall),
    hint: undefined,
  })
}

const CORES_UNKNOWN =
  'how many cores a target that runs elsewhere may use is not known from here: set PERF_TARGET_CORES, or say { cores: 4 }'

/** CPU over time and cores at each reading, for charts. */
export function cpuShares(readings: readonly Reading<CpuReading>[], cores: number): Reading<number>[] {
  return stepsOf(readings, ({ totalSec }) => totalSec).map(({ atMs, usedSec, wallSec }) => ({
    atMs,
    value: usedSec / wallSec / cores,
  }))
}

/** Readings of each stretch in scope: no step may reach over what lies between two of them. */
function stretches(readings: readonly Reading<CpuReading>[], window: RunWindow): readonly Reading<CpuReading>[][] {
  const times = readings.map(({ atMs }) => atMs)
  return joined(window.spans).flatMap((span) => {
    const covered = coverState(times, span, window)
    return covered === undefined ? [] : [readings.slice(covered.first, covered.last + 1)]
  })
}

interface Step {
  readonly atMs: number
  readonly usedSec: number
  readonly wallSec: number
}

function stepsOf(readings: readonly Reading<CpuReading>[], seconds: (reading: CpuReading) => number): Step[] {
  const steps: Step[] = []
  let [before] = readings
  for (const reading of readings.slice(1)) {
    const wallMs = reading.atMs - before!.atMs
    if (wallMs < MIN_STEP_MS) continue
    const usedSec = seconds(reading.value) - seconds(before!.value)
    // A process that was started again begins at zero; the step over its restart says nothing.
    if (usedSec >= 0 && isSame(reading.value.pids, before!.value.pids))
      steps.push({ atMs: reading.atMs, usedSec, wallSec: wallMs / 1000 })
    before = reading
  }
  return steps
}

function isSame(pids: readonly number[] = [], others: readonly number[] = []): boolean {
  return pids.join() === others.join()
}

/** In cores, because which of them an instance runs on is not known. */
function byInstance(scoped: readonly (readonly Reading<CpuReading>[])[], wallSec: number): string[] {
  const count = scoped[0]?.[0]?.value.instancesSec.length ?? 0
  if (count < 2) return []
  const used = Array.from({ length: count }, (_, at) =>
    sum(
      scoped
        .flatMap((readings) => stepsOf(readings, ({ instancesSec }) => instancesSec[at] ?? 0))
        .map((s) => s.usedSec),
    ),
  )
  return [`by instance ${used.map((seconds) => formatRatio(seconds / wallSec)).join(', ')} of one core`]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

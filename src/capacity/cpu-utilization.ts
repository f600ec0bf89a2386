import type { RunWindow } from '../evidence/run-window.ts'
import type { UtilizationEvidence } from '../evidence/utilization-evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { coverState, joined } from '../evidence/window-coverage.ts'
import { sumOf } from '../stats/total.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import { isSeen, type Observed, type Reading } from './samples.ts'
import { utilizationOf, unseenUtilization, withoutUtilization } from './utilization.ts'

/** CPU time that the target has used so far. */
export interface CpuReading {
  readonly totalSec: number
  /** CPU time of each instance; empty if only the total is known. */
  readonly instancesSec: readonly number[]
  /** Processes that were read, or another number for each set of them, if known. Only readings of the same ones are compared. */
  readonly pids?: readonly number[]
}

/** Cores the target may use; `undefined` if unknown. */
export type Cores = number | undefined

const WHAT = 'CPU of the target'
/** Shortest time between two readings. CPU time comes in hundredths of a second, too coarse for a shorter one. */
const MIN_STEP_MS = 200
/** Unit of CPU time. */
const TICK_SEC = 0.01
/** Responses that take more than a tick of CPU: even the fastest servers need 20 µs for each. */
const MIN_RESPONSES = 1_000

/** Facts about a window that its readings do not contain. */
export interface CpuFacts {
  /** Reason why the readings may lack CPU of the target. */
  readonly doubt?: Invalidity | undefined
  /** Responses of the target in the scope. @default 0 */
  readonly responses?: number | undefined
}

/** CPU time divided by elapsed time and cores, between the samples in scope. */
export function cpuUtilization(
  observed: Observed<CpuReading>,
  cores: Cores,
  window: RunWindow,
  { doubt, responses = 0 }: CpuFacts = {},
): UtilizationEvidence {
  const of = cores === undefined ? 'of its cores' : `of ${cores} ${cores === 1 ? 'core' : 'cores'}`
  if (!isSeen(observed)) return unseenUtilization(WHAT, of, observed)
  if (cores === undefined) return { ...withoutUtilization(WHAT, of, []), unavailable: CORES_UNKNOWN }
  const scoped = readingsBySpan(observed.readings, window)
  const steps = scoped.flatMap((readings) => stepsOf(readings, ({ totalSec }) => totalSec))
  const shares = steps.map(({ atMs, usedSec, wallSec }) => ({ atMs, value: usedSec / wallSec / cores }))
  const [used, wall] = [sumOf(steps.map(({ usedSec }) => usedSec)), sumOf(steps.map(({ wallSec }) => wallSec))]
  const { failures } = observed
  const byInstance = usedByInstance(scoped)
  const found = utilizationOf({
    ...{ what: WHAT, of, window, shares, failures, mean: used / wall / cores },
    lines: instanceLines(byInstance, wall),
    hint: undefined,
  })
  const doubts = [
    doubt,
    scoped.flat().every(({ value }) => Number.isFinite(value.totalSec)) ? undefined : INFINITE,
    steps.length === 0 ? undefined : unused(byInstance.length > 1 ? byInstance : [used], responses),
  ].filter((one) => one !== undefined)
  return { ...found, invalidities: [...doubts, ...found.invalidities] }
}

const INFINITE: Invalidity = {
  reason: 'metric-unreliable',
  finding: 'the CPU time of the target is infinite in some samples',
  fix: 'correct process_cpu_seconds_total, which the target exposes',
}

/** Invalidity of instances that used no CPU at all while they responded; each received its part of the requests. */
function unused(usedSec: readonly number[], responses: number): Invalidity | undefined {
  const each = Math.floor(responses / usedSec.length)
  const at = usedSec.findIndex((seconds) => seconds < TICK_SEC / 2)
  if (at === -1 || each < MIN_RESPONSES) return undefined
  const which = usedSec.length === 1 ? 'the target' : `instance ${at + 1} of ${usedSec.length}`
  return {
    reason: 'metric-unreliable',
    finding: `${which} used no CPU while it sent about ${formatCount(each)} responses: another process sends them`,
    fix: 'sample that process: let the command of the target run the server itself, or name its container in PERF_TARGET_CONTAINER',
  }
}

const CORES_UNKNOWN =
  'the number of cores of an external target is unknown: set PERF_TARGET_CORES, or pass { cores: 4 }'

/** CPU time divided by elapsed time and cores at each reading, for charts. */
export function cpuUtilizations(readings: readonly Reading<CpuReading>[], cores: number): Reading<number>[] {
  return stepsOf(readings, ({ totalSec }) => totalSec).map(({ atMs, usedSec, wallSec }) => ({
    atMs,
    value: usedSec / wallSec / cores,
  }))
}

/** Readings of each span in scope. A step must not include the time between two spans. */
function readingsBySpan(readings: readonly Reading<CpuReading>[], window: RunWindow): readonly Reading<CpuReading>[][] {
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
    // A restarted process begins at zero; the step over its restart cannot be judged.
    if (usedSec >= 0 && isSameProcesses(reading.value.pids, before!.value.pids))
      steps.push({ atMs: reading.atMs, usedSec, wallSec: wallMs / 1000 })
    before = reading
  }
  return steps
}

function isSameProcesses(pids: readonly number[] = [], others: readonly number[] = []): boolean {
  return pids.join() === others.join()
}

/** CPU seconds of each instance; empty if only the total is known. */
function usedByInstance(scoped: readonly (readonly Reading<CpuReading>[])[]): readonly number[] {
  const count = scoped[0]?.[0]?.value.instancesSec.length ?? 0
  return Array.from({ length: count }, (_, at) =>
    sumOf(
      scoped
        .flatMap((readings) => stepsOf(readings, ({ instancesSec }) => instancesSec[at] ?? 0))
        .map((s) => s.usedSec),
    ),
  )
}

/** CPU of each instance relative to one core: which cores an instance runs on is unknown. */
function instanceLines(used: readonly number[], wallSec: number): string[] {
  if (used.length < 2) return []
  return [`by instance ${used.map((seconds) => formatRatio(seconds / wallSec)).join(', ')} of one core`]
}

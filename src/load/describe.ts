import { formatCount, formatDuration, formatRate } from '../stats/units.ts'
import type {
  ConstantVus,
  Load,
  OpenLoad,
  Phase,
  PhaseName,
  RampingVus,
  SharedIterations,
  Stage,
  ThinkTime,
} from './load.ts'
import { iterationsDuring, segmentsOf, type Segment } from './segments.ts'

/** Whether iterations are due on a schedule (`constantArrivalRate`, `rampingArrivalRate`), independent of the target. */
export function isOpen(load: Load): load is OpenLoad {
  return load.kind === 'constantArrivalRate' || load.kind === 'rampingArrivalRate'
}

/** Mistake of a `maxQueueTime` in a closed model, where it has no effect: a VU begins an iteration when it is free. */
export function queueOfClosedLoad(load: Load, { maxQueueTime }: { readonly maxQueueTime?: unknown }) {
  if (isOpen(load) || maxQueueTime === undefined) return undefined
  return {
    option: 'maxQueueTime' as const,
    received: maxQueueTime,
    rule: `must be left out with ${load.kind}(), whose iterations never wait for a VU`,
    example: `load: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' })`,
  }
}

/** Duration of the load in milliseconds, without warm-up. For `sharedIterations`, the maximum. */
export function durationOf(load: Load): number {
  switch (load.kind) {
    case 'constantVus':
    case 'constantArrivalRate':
      return load.durationMs
    case 'sharedIterations':
      return load.maxDurationMs
    default:
      return load.stages.reduce((sum, stage) => sum + stage.durationMs, 0)
  }
}

/** Mean think time, in milliseconds. */
export function meanOf({ minMs, maxMs }: ThinkTime): number {
  return (minMs + maxMs) / 2
}

/** Maximum number of VUs at one time. */
export function maxVusOf(load: Load): number {
  return load.kind === 'rampingVus' ? Math.max(load.startVus, ...load.stages.map(({ target }) => target)) : load.vus
}

/**
 * Number of iterations that the load offers: the area under its rate line, rounded to the nearest integer (a half is
 * rounded down), or `iterations`. `undefined` if it depends on the responses (`constantVus` and `rampingVus`).
 */
export function offeredIterations(load: Load): number | undefined {
  if (load.kind === 'sharedIterations') return load.iterations
  return isOpen(load) ? iterationsIn(segmentsOf(load).reduce((sum, leg) => sum + iterationsDuring(leg), 0)) : undefined
}

/** Number of iterations in an area, if one is due at each half: 0.5, 1.5, 2.5, … (see `ArrivalSchedule`). */
function iterationsIn(area: number): number {
  return Math.max(0, Math.ceil(area - 0.5 - 1e-7))
}

/**
 * Phases of a load from 0 to its end, without gaps; adjacent phases with the same name are merged. A stage's `phase` has
 * precedence. Otherwise a stage is `steady` if its value is constant and `ramp` if it changes, and the ramp down at the
 * end is `cooldown`. The warm-up is not included.
 */
export function phasesOf(load: Load): readonly Phase[] {
  if (load.kind === 'sharedIterations') return [{ name: 'steady', startMs: 0, endMs: load.maxDurationMs }]
  const names = segmentPhases(load)
  const phases: Phase[] = []
  for (const [at, { startMs, endMs }] of segmentsOf(load).entries())
    append(phases, { name: names[at]!, startMs, endMs })
  return phases
}

/** Phase of each segment of a load, in order. */
export function segmentPhases(load: Exclude<Load, SharedIterations>): readonly PhaseName[] {
  const legs = segmentsOf(load)
  const rampDown = legs.findLastIndex((leg) => !isRampDown(leg)) + 1
  return legs.map((leg, at) => leg.phase ?? (at >= rampDown ? 'cooldown' : leg.from === leg.to ? 'steady' : 'ramp'))
}

function isRampDown({ from, to }: Segment): boolean {
  return to < from || (from === 0 && to === 0)
}

function append(phases: Phase[], next: Phase): void {
  const last = phases.at(-1)
  if (last?.name === next.name) phases[phases.length - 1] = { ...last, endMs: next.endMs }
  else phases.push(next)
}

/** The load in one line: `constantArrivalRate 200/s, 2,000 VUs, 60s`. */
export function describeLoad(load: Load): string {
  return [`${load.kind} ${shapeOf(load)}`, ...detailsOf(load)].join(', ')
}

function shapeOf(load: Load): string {
  switch (load.kind) {
    case 'constantVus':
      return formatVus(load.vus)
    case 'constantArrivalRate':
      return formatRate(load.ratePerSec)
    case 'sharedIterations':
      return `${formatCount(load.iterations)} iterations`
    case 'rampingVus':
      return line(load.startVus, load.stages, formatVus)
    default:
      return line(load.startRatePerSec, load.stages, formatRate)
  }
}

function detailsOf(load: Load): string[] {
  switch (load.kind) {
    case 'constantVus':
      return [formatDuration(load.durationMs), ...thinkTime(load)]
    case 'rampingVus':
      return thinkTime(load)
    case 'constantArrivalRate':
      return [formatVus(load.vus), formatDuration(load.durationMs), ...arrivals(load)]
    case 'rampingArrivalRate':
      return [formatVus(load.vus), ...arrivals(load)]
    default:
      return [formatVus(load.vus), `at most ${formatDuration(load.maxDurationMs)}`]
  }
}

function line(start: number, stages: readonly Stage[], format: (value: number) => string): string {
  const steps = stages.map(({ target, durationMs, phase }) => {
    const length = durationMs === 0 ? 'jump' : formatDuration(durationMs)
    return `${format(target)} (${phase === 'spike' ? `spike, ${length}` : length})`
  })
  return [format(start), ...steps].join(' → ')
}

function thinkTime({ thinkTime: { minMs, maxMs }, isStaggered }: ConstantVus | RampingVus): string[] {
  const notes = isStaggered === false ? ['not staggered'] : []
  if (maxMs === 0) return notes
  return [`think time ${formatDuration(minMs)}${minMs === maxMs ? '' : `–${formatDuration(maxMs)}`}`, ...notes]
}

function arrivals(load: OpenLoad): string[] {
  return load.arrivals === 'poisson' ? ['Poisson arrivals'] : []
}

function formatVus(vus: number): string {
  return `${formatCount(vus)} ${vus === 1 ? 'VU' : 'VUs'}`
}

import type { RunSnapshot } from '../../results/snapshot.ts'
import type { JsonMs } from '../../stats/summary.ts'
import { formatCount, formatMs, formatRate, formatRatio, significant } from '../../stats/units.ts'
import { cut, wrapPieces } from '../terminal/columns.ts'
import type { Paint } from '../terminal/style.ts'

const MIN_COLUMNS = 40
const BAR_CELLS = 30

/** Progress of a run to be shown. */
export interface LiveRun {
  readonly scenario: string
  readonly snapshot: RunSnapshot
  /** Objectives from earlier results of this run: `p95 < 150 ms`. Empty if unknown. */
  readonly objectives: readonly string[]
}

/** A run as a block of lines, none wider than `columns`. */
export function blockOf({ scenario, snapshot, objectives }: LiveRun, columns: number, paint: Paint): string[] {
  const max = Math.max(MIN_COLUMNS, columns) - 1
  const title = cut(`${scenario}  ${snapshot.run}`, max - 1)
  const rows = [
    ...wrapPieces(trafficOf(snapshot), max - 3),
    ...wrapPieces(timesOf(snapshot), max - 3),
    ...(objectives.length === 0 ? [] : [paint('dim', cut(`objectives ${objectives.join(' · ')}`, max - 3))]),
    ...wrapPieces(healthOf(snapshot), max - 3).map((line) => paint('dim', line)),
    ...(snapshot.generator.saturated
      ? [paint('magenta', cut(`invalid: ${snapshot.generator.saturated}`, max - 3))]
      : []),
  ]
  return [` ${paint('bold', title)}`, `   ${progressOf(snapshot, max - 3, paint)}`, ...rows.map((row) => `   ${row}`)]
}

/** A run in one line, for logs. */
export function lineOf({ scenario, snapshot }: LiveRun): string {
  const { phase, elapsedMs, plannedMs } = snapshot
  const progress = `${phase} ${percent(elapsedMs, plannedMs)}, ${timeLeft(snapshot)}`
  const figures = [
    ...trafficOf(snapshot),
    ...timesOf(snapshot),
    `generator CPU ${formatRatio(snapshot.generator.cpuRatio)}`,
  ]
  const invalid = snapshot.generator.saturated ? `, invalid: ${snapshot.generator.saturated}` : ''
  return `${scenario}, ${snapshot.run}: ${progress}; ${figures.join(', ')}${invalid}`
}

function progressOf(snapshot: RunSnapshot, max: number, paint: Paint): string {
  const progress = snapshot.plannedMs > 0 ? Math.min(1, snapshot.elapsedMs / snapshot.plannedMs) : 1
  const text = `${percent(snapshot.elapsedMs, snapshot.plannedMs).padStart(4)}  ${timeLeft(snapshot)}`
  const cells = Math.max(5, Math.min(BAR_CELLS, max - snapshot.phase.length - text.length - 4))
  const full = Math.round(progress * cells)
  const bar = paint('cyan', '━'.repeat(full)) + paint('dim', '─'.repeat(cells - full))
  return `${snapshot.phase.padEnd(8)} ${bar} ${text}`
}

function percent(elapsedMs: number, plannedMs: number): string {
  return `${plannedMs > 0 ? Math.min(100, Math.floor((elapsedMs / plannedMs) * 100)) : 100}%`
}

function timeLeft({ elapsedMs, plannedMs, state }: RunSnapshot): string {
  if (state === 'ended') return 'finished'
  const seconds = Math.ceil((plannedMs - elapsedMs) / 1000)
  if (seconds <= 0) return 'waiting for the last responses'
  return seconds < 60
    ? `${seconds}s left`
    : `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s left`
}

function trafficOf({ kind, counts, recent, users, inFlight }: RunSnapshot): string[] {
  const fanOut = kind === 'fanOut'
  return [
    `${fanOut ? 'expected' : 'offered'} ${formatRate(recent.offeredPerSec)}`,
    `${fanOut ? 'received' : 'achieved'} ${formatRate(recent.achievedPerSec)}`,
    `${formatCount(users)} ${fanOut ? 'sockets' : 'VUs'}`,
    ...(inFlight === undefined ? [] : [`${formatCount(inFlight)} in flight`]),
    `${fanOut ? 'missing' : 'dropped'} ${formatCount(counts.dropped)}`,
  ]
}

function timesOf({ recent, counts, kind }: RunSnapshot): string[] {
  const errors = Object.values(counts.errors).reduce((sum, count) => sum + count, 0)
  const show = (ms: JsonMs | undefined) => (ms === undefined ? '–' : formatMs(Number(ms)))
  return [
    `last ${significant(recent.seconds, 1)}s ${kind === 'fanOut' ? 'lag ' : ''}p50 ${show(recent.p50Ms)}`,
    `p95 ${show(recent.p95Ms)}`,
    `p99 ${show(recent.p99Ms)}`,
    `errors ${formatCount(errors)}`,
  ]
}

function healthOf({ generator }: RunSnapshot): string[] {
  const { cpuRatio, eventLoopDelayP99Ms, scheduleDelayP99Ms } = generator
  return [
    `generator CPU ${formatRatio(cpuRatio)}`,
    `event loop p99 ${formatMs(eventLoopDelayP99Ms)}`,
    ...(scheduleDelayP99Ms === undefined ? [] : [`schedule delay p99 ${formatMs(scheduleDelayP99Ms)}`]),
  ]
}

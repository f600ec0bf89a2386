import type { SliceEvidence, SlicePair } from '../evidence/comparison-evidence.ts'
import { percentileName } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { pairedRatio, ratioDifference, type Pair } from '../stats/comparison.ts'
import { Histogram, MAX_TRACKABLE_US } from '../stats/histogram.ts'
import type { IntervalOptions } from '../stats/intervals.ts'
import { toJsonMs, type JsonMs } from '../stats/summary.ts'
import { formatCount, formatMs, formatRate, formatRatio, significant } from '../stats/units.ts'

/** One figure of two builds over all slices, and its change from base to head. Plain JSON. */
export interface ComparedFigure {
  /** `p50`, `p95`, `p99`, `throughput`, `CPU per request`, `errors` */
  readonly name: string
  readonly unit: 'ms' | 'perSec' | 'ratio'
  readonly base: JsonMs
  readonly head: JsonMs
  /**
   * head / base − 1 from paired slices, with its interval; for `errors`, the difference head − base. Absent if too few
   * slices are usable.
   */
  readonly change?: Change
}

/** A change with its interval. */
export interface Change {
  readonly value: number
  readonly low: number
  readonly high: number
  /** 0–1, e.g. 0.95. */
  readonly confidence: number
}

/** Percentiles that every comparison shows. */
const SHOWN = [0.5, 0.95, 0.99]

/** The figures that every comparison shows, without those that could not be measured. */
export function comparedFigures(pairs: readonly SlicePair[], options: IntervalOptions = {}): readonly ComparedFigure[] {
  const percentiles = SHOWN.map((p) => {
    const all = (side: 'base' | 'head') => mergedLatency(pairs, side).percentileUs(p) / 1000
    return figure(percentileName(p), 'ms', all, latencyPairs(pairs, p), options)
  })
  const mean = (read: (slice: SliceEvidence) => number) => (side: 'base' | 'head') => meanOf(pairs, side, read)
  const throughput = pairs.map(({ base, head }) => ({ base: base.goodPerSec, head: head.goodPerSec }))
  return [
    ...percentiles,
    figure(
      'throughput',
      'perSec',
      mean(({ goodPerSec }) => goodPerSec),
      throughput,
      options,
    ),
    figure('CPU per request', 'ms', mean(cpuOf), cpuPairs(pairs), options),
    errorFigure(pairs, options),
  ].filter(({ base, head }) => !Number.isNaN(base) && !Number.isNaN(head))
}

/**
 * A percentile of each pair in milliseconds. Empty if a slice has too few requests for it. An infinite value counts as the
 * longest trackable time; a pair in which both are infinite is NaN.
 */
export function latencyPairs(pairs: readonly SlicePair[], p: number): readonly Pair[] {
  const needed = requestsForPercentile(p)
  if (pairs.some(({ base, head }) => base.latency.count < needed || head.latency.count < needed)) return []
  return pairs.map(({ base, head }) => {
    const [ofBase, ofHead] = [base.latency.percentileUs(p), head.latency.percentileUs(p)]
    if (!Number.isFinite(ofBase) && !Number.isFinite(ofHead)) return { base: Number.NaN, head: Number.NaN }
    return { base: Math.min(ofBase, MAX_TRACKABLE_US) / 1000, head: Math.min(ofHead, MAX_TRACKABLE_US) / 1000 }
  })
}

/** CPU time per request of each pair in milliseconds; NaN if unknown. */
export function cpuPairs(pairs: readonly SlicePair[]): readonly Pair[] {
  return pairs.map(({ base, head }) => ({ base: cpuOf(base), head: cpuOf(head) }))
}

/** Requests that a slice needs so that its percentile is not merely its slowest request. */
export function requestsForPercentile(p: number): number {
  return Math.ceil(1 / Math.min(p, 1 - p) - 1e-9)
}

export function mergedLatency(pairs: readonly SlicePair[], side: 'base' | 'head'): Histogram {
  return Histogram.merged(pairs.map((pair) => pair[side].latency))
}

/** The difference head − base of the error rates, with its interval. */
export function errorDifference(pairs: readonly SlicePair[], options: IntervalOptions = {}) {
  const windows = (side: 'base' | 'head') =>
    pairs.map((pair) => ({ hits: pair[side].wrong, total: pair[side].offered }))
  return ratioDifference(windows('base'), windows('head'), options)
}

/** The error rate of a build, 0–1. */
export function wrongRatio(pairs: readonly SlicePair[], side: 'base' | 'head'): number {
  const sum = (read: (slice: SliceEvidence) => number) => pairs.reduce((total, pair) => total + read(pair[side]), 0)
  return sum(({ wrong }) => wrong) / sum(({ offered }) => offered)
}

/** Rows of cells, header first: figure, base, head, change, interval. */
export function figureRows(figures: readonly ComparedFigure[]): readonly (readonly string[])[] {
  const confidence = figures.find(({ change }) => change !== undefined)?.change?.confidence
  const interval = confidence === undefined ? '' : `${formatRatio(confidence)} interval`
  return [['', 'base', 'head', 'change', interval], ...figures.map(cellsOf)]
}

/**
 * The reasons to be invalid that remain once the interval is known. A saturated generator delays both builds alike: it can
 * hide that head is slower, but cannot make it slower.
 */
export function standingAgainst(invalidities: readonly Invalidity[], isSlower: boolean): readonly Invalidity[] {
  return isSlower ? invalidities.filter(({ reason }) => reason !== 'generator-saturated') : invalidities
}

/** Figures as aligned lines, header first. */
export function figureTable(figures: readonly ComparedFigure[]): readonly string[] {
  const rows = figureRows(figures)
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  return rows.map((row) =>
    row
      .map((cell, at) => pad(cell, widths[at]!, at))
      .join('  ')
      .trimEnd(),
  )
}

/** A change as text: `+14.9%`, `−3.2%`, `±0%`. @param points whether the value is a difference of ratios */
export function formatChange(value: number, points = false): string {
  if (value === Number.POSITIVE_INFINITY) return '+∞'
  const unit = points ? ' points' : '%'
  const size = Math.abs(value * 100)
  const text = points ? significant(size, 2) : String(Number(size.toFixed(1)))
  if (Number(text) === 0) return `±0${unit}`
  if (value > 9 && !points) return `${formatCount(value + 1)} times`
  return `${value > 0 ? '+' : '−'}${text}${unit}`
}

function figure(
  name: string,
  unit: ComparedFigure['unit'],
  over: (side: 'base' | 'head') => number,
  pairs: readonly Pair[],
  options: IntervalOptions,
): ComparedFigure {
  const found = pairedRatio(pairs, options)
  const known = { name, unit, base: toJsonMs(over('base')), head: toJsonMs(over('head')) }
  if (found === undefined || found.unusable * 4 > pairs.length) return known
  const { low, high, confidence } = found.interval
  // Two slices that differ greatly have an interval without an end.
  if (high === Number.POSITIVE_INFINITY) return known
  return { ...known, change: { value: found.ratio - 1, low: low - 1, high: high - 1, confidence } }
}

function errorFigure(pairs: readonly SlicePair[], options: IntervalOptions): ComparedFigure {
  const found = errorDifference(pairs, options)
  const known = {
    name: 'errors',
    unit: 'ratio',
    base: wrongRatio(pairs, 'base'),
    head: wrongRatio(pairs, 'head'),
  } as const
  if (found === undefined) return known
  const { low, high, confidence } = found.interval
  return { ...known, change: { value: found.difference, low, high, confidence } }
}

function cpuOf({ cpuMsPerRequest }: SliceEvidence): number {
  return cpuMsPerRequest ?? Number.NaN
}

function meanOf(pairs: readonly SlicePair[], side: 'base' | 'head', read: (slice: SliceEvidence) => number): number {
  return pairs.reduce((sum, pair) => sum + read(pair[side]), 0) / pairs.length
}

function cellsOf({ name, unit, base, head, change }: ComparedFigure): string[] {
  const show = unit === 'ms' ? formatMs : unit === 'perSec' ? formatRate : formatRatio
  const points = unit === 'ratio'
  if (change === undefined) return [name, show(Number(base)), show(Number(head)), 'unknown', '']
  const span = `${formatChange(change.low, points)} to ${formatChange(change.high, points)}`
  return [name, show(Number(base)), show(Number(head)), formatChange(change.value, points), span]
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 || column === 4 ? cell.padEnd(width) : cell.padStart(width)
}

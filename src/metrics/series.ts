import type { RunWindow } from '../run/window.ts'
import type { MetricType, Sample } from './exposition.ts'
import type { Scrape } from './scrape.ts'
import { selects, type Selector } from './selector.ts'

/** All scrapes of one instance, ascending in time. */
export type InstanceScrapes = readonly Scrape[]

/** A counter's growth over a window. */
export interface CounterDelta {
  readonly delta: number
  readonly ratePerSec: number
  /** How often the counter began again, as it does when the target restarts. Growth before a restart and unseen is lost. */
  readonly resets: number
}

/** A gauge over a window, over all scrapes and instances. */
export interface GaugeStats {
  readonly min: number
  readonly mean: number
  readonly max: number
  /** When the maximum was read, in milliseconds since the window's start. */
  readonly maxAtMs: number
}

/** The scrapes that bound and fill each span: the last one at or before its start, those within, the first at or after its end. */
export function scrapesIn(scrapes: InstanceScrapes, { startMs, endMs }: RunWindow['spans'][number]): InstanceScrapes {
  const before = scrapes.findLastIndex(({ atMs }) => atMs <= startMs)
  const after = scrapes.findIndex(({ atMs }) => atMs >= endMs)
  return scrapes.slice(Math.max(0, before), after === -1 ? scrapes.length : after + 1)
}

/**
 * Growth of a counter summed over series, instances and spans. A value below the one before it means that the process
 * started again: what it holds now counts as growth, as Prometheus' `increase()` has it.
 */
export function counterDelta(
  instances: readonly InstanceScrapes[],
  window: RunWindow,
  name: string,
  selector: Selector,
): CounterDelta | undefined {
  let delta = 0
  let resets = 0
  let seconds = 0
  let seen = false
  for (const span of window.spans) {
    let longest = 0
    for (const scrapes of instances) {
      const part = scrapesIn(scrapes, span)
      longest = Math.max(longest, ((part.at(-1)?.atMs ?? 0) - (part[0]?.atMs ?? 0)) / 1000)
      for (const values of seriesOf(part, name, selector).values()) {
        seen = true
        for (const [previous, value] of pairs(values)) {
          if (value < previous) resets++
          delta += value < previous ? value : value - previous
        }
      }
    }
    seconds += longest
  }
  return seen ? { delta, ratePerSec: seconds > 0 ? delta / seconds : Number.NaN, resets } : undefined
}

/** Values of each series (name and labels) through the scrapes; a series that appears later counts from 0. */
function seriesOf(scrapes: InstanceScrapes, name: string, selector: Selector): Map<string, number[]> {
  const series = new Map<string, number[]>()
  for (const [index, { exposition }] of scrapes.entries()) {
    for (const sample of exposition.samples) {
      if (sample.name !== name || !selects(selector, sample) || Number.isNaN(sample.value)) continue
      const key = JSON.stringify(Object.entries(sample.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      const values = series.get(key) ?? (index === 0 ? [] : [0])
      values.push(sample.value)
      series.set(key, values)
    }
  }
  return series
}

function* pairs(values: readonly number[]): Generator<readonly [number, number]> {
  for (let i = 1; i < values.length; i++) yield [values[i - 1]!, values[i]!]
}

/** A gauge summed over its series and instances at each scrape, then over time. */
export function gaugeStats(
  instances: readonly InstanceScrapes[],
  window: RunWindow,
  selector: Selector,
): GaugeStats | undefined {
  const readings: { readonly atMs: number; readonly value: number }[] = []
  const startMs = window.spans[0]?.startMs ?? 0
  for (const span of window.spans) {
    const parts = instances.map((scrapes) => scrapesIn(scrapes, span))
    const rounds = Math.min(...parts.map(({ length }) => length))
    for (let round = 0; round < rounds; round++) {
      const values = parts.flatMap((part) => valuesAt(part[round]!, selector))
      if (values.length > 0) readings.push({ atMs: parts[0]![round]!.atMs - startMs, value: sum(values) })
    }
  }
  if (readings.length === 0) return undefined
  const highest = readings.reduce((max, reading) => (reading.value > max.value ? reading : max))
  return {
    min: Math.min(...readings.map(({ value }) => value)),
    mean: sum(readings.map(({ value }) => value)) / readings.length,
    max: highest.value,
    maxAtMs: Math.max(0, highest.atMs),
  }
}

function valuesAt({ exposition }: Scrape, selector: Selector): number[] {
  return exposition.samples
    .filter((sample) => sample.name === selector.name && selects(selector, sample) && !Number.isNaN(sample.value))
    .map(({ value }: Sample) => value)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The names that the target offers, with their types; for messages about a name it does not. */
export function familiesOf(instances: readonly InstanceScrapes[]): ReadonlyMap<string, MetricType> {
  const families = new Map<string, MetricType>()
  for (const scrapes of instances) {
    const exposition = scrapes.at(-1)?.exposition
    for (const { name } of exposition?.samples ?? []) families.set(name, 'unknown')
    for (const [family, type] of exposition?.types ?? []) families.set(family, type)
  }
  return families
}

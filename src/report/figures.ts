import { errorRate, missingRate } from '../results/result-ratios.ts'
import type { HttpRunResult, JourneyResult, RunResult } from '../results/result.ts'
import type { JsonMs, TimeStatsJson } from '../stats/summary.ts'
import { formatCount, formatMs, formatRatio } from '../stats/units.ts'

/** One of a run's main numbers, formatted. */
export interface Figure {
  readonly label: string
  readonly value: string
}

const NONE = '–'

/** Main numbers of a run, depending on its kind. Missing statistics are a dash, never 0. */
export function figuresOf(run: RunResult): readonly Figure[] {
  if (run.kind === 'micro') return [count('calls', run.time?.count ?? 0), ...percentiles(run.time, '')]
  if (run.kind === 'fanOut') {
    return [
      count('sockets', run.sockets.subscribed),
      count('expected', run.deliveries.expected),
      count('received', run.deliveries.received),
      ...percentiles(run.lag, 'lag '),
      { label: 'missing', value: showRatio(missingRate(run)) },
      count('unexpected', run.deliveries.unexpected),
    ]
  }
  return figuresOfRequests(run)
}

/** Main numbers of the journeys of a mix, by name; empty for any other run. */
export function figuresOfJourneys(
  run: RunResult,
): readonly { readonly name: string; readonly figures: readonly Figure[] }[] {
  if (run.kind !== 'http' || run.journeys === undefined) return []
  return run.journeys.map((journey) => ({ name: journey.name, figures: figuresOfRequests(journey) }))
}

function figuresOfRequests(requests: HttpRunResult | JourneyResult): readonly Figure[] {
  return [
    count('offered', requests.offered),
    count('sent', requests.sent),
    count('dropped', requests.dropped),
    ...percentiles(requests.latency, ''),
    { label: 'errors', value: showRatio(errorRate(requests)) },
  ]
}

function count(label: string, value: number): Figure {
  return { label, value: formatCount(value) }
}

function percentiles(stats: TimeStatsJson | undefined, prefix: string): readonly Figure[] {
  const show = (ms: JsonMs | undefined) => (ms === undefined ? NONE : formatMs(Number(ms)))
  return [
    { label: `${prefix}p50`, value: show(stats?.p50Ms) },
    { label: 'p95', value: show(stats?.p95Ms) },
    { label: 'p99', value: show(stats?.p99Ms) },
  ]
}

function showRatio(ratio: number | undefined): string {
  return ratio === undefined ? NONE : formatRatio(ratio)
}

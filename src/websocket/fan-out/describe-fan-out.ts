import { formatCount, formatDuration, formatRate } from '../../stats/units.ts'
import type { FanOutPlan } from './fan-out-options.ts'

/** Describes the load in one line. */
export function describeFanOut({ clients, publish, warmupMs, durationMs }: FanOutPlan): string {
  const parts = [
    `${publish === undefined ? 'feed' : `fan-out of ${formatRate(publish.ratePerSec)}`} to ${formatCount(clients)} sockets`,
    formatDuration(durationMs),
    ...(warmupMs > 0 ? [`after ${formatDuration(warmupMs)} of warm-up`] : []),
    ...(publish?.arrivals === 'poisson' ? ['Poisson arrivals'] : []),
  ]
  return parts.join(', ')
}

import type { HeartbeatCounts } from '../evidence/fan-out-counts.ts'
import { formatCount } from '../stats/units.ts'

/** Notes on application heartbeats; empty unless some got no response. */
export function heartbeatNotes(counts: HeartbeatCounts | undefined): string[] {
  if (counts === undefined || !counts.withoutResponse) return []
  return [
    `${formatCount(counts.withoutResponse)} of ${formatCount(counts.sent)} application heartbeats got no response`,
  ]
}

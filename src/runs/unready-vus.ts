import type { Invalidity } from '../evidence/verdict.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import type { Readiness } from './request-measurement.ts'

/** Ratio of VUs that never had a connection. With more, the applied load was not that of the requested number of users. */
const NEVER_READY_AT_MOST = 0.01

/** The reason not to judge a run without the users that could not connect. If none could, all that was due is an error. */
export function readinessInvalidities({ began, neverReady, rejected, fix }: Readiness): Invalidity[] {
  const kinds = Object.entries(neverReady).toSorted(([a, most], [b, count]) => count - most || (a < b ? -1 : 1))
  const never = kinds.reduce((sum, [, count]) => sum + count, 0)
  if (never === began || never <= began * NEVER_READY_AT_MOST) return []
  return [
    {
      reason: 'offered-rate-missed',
      finding:
        `${formatCount(never)} of ${formatCount(began)} VUs (${formatRatio(never / began)}) never had a connection on which they ` +
        `could send, limit ${formatRatio(NEVER_READY_AT_MOST)}: ${kinds.map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')}`,
      fix:
        fix ??
        'find out in the log of the target why it did not accept them, or raise handshakeTimeout and readyTimeout',
      ...(rejected > began * NEVER_READY_AT_MOST ? { blame: 'target' as const } : {}),
    },
  ]
}

import type { TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatCount } from '../stats/units.ts'

/**
 * Invalidity if an assertion holds only because deliveries are not known that a feed may have made while no client was
 * connected.
 *
 * @param judged.what the judged figure: `missing rate`
 * @param judged.wouldHold whether the assertion holds if this many more deliveries are missing
 */
export function unseenAgainst(
  { unseen }: TimeEvidence,
  { what, holds, wouldHold }: { what: string; holds: unknown; wouldHold: (missing: number) => boolean },
): readonly Invalidity[] {
  if (unseen === undefined || holds !== true || wouldHold(unseen.deliveries)) return []
  const about = formatCount(Math.max(1, Math.round(unseen.deliveries)))
  return [
    {
      reason: 'undecided',
      finding: `${unseen.description}: whether ${what} is within its limit depends on about ${about} deliveries`,
      fix: 'return sequence from identify, which shows what was missed, or find out why the target closed the connections',
    },
  ]
}

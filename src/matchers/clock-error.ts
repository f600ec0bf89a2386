import type { TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatMs } from '../stats/units.ts'
import { limitText } from './exact-text.ts'

/** How many times the error of the clocks a limit of times across machines must be. */
const MARGIN = 20

/** The reason not to judge times across machines by a limit that is too close to the error of their clocks. */
export function clockInvalidities({ clockErrorMs = 0 }: TimeEvidence, limitMs: number): readonly Invalidity[] {
  const leastMs = MARGIN * clockErrorMs
  if (limitMs >= leastMs) return []
  return [
    {
      reason: 'undecided',
      finding:
        `the clocks of the generators may differ by ${formatMs(clockErrorMs)}: a lag across machines can be judged by a limit of ` +
        `at least ${formatMs(leastMs)}, ${MARGIN} times that, and the limit is ${limitText(limitMs, formatMs)}`,
      fix: 'run the generators on one machine or closer to the rendezvous, or judge a longer lag',
    },
  ]
}

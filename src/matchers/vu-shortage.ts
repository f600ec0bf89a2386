import type { RequestEvidence, TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { ratioInterval, type HitWindow } from '../stats/intervals.ts'
import type { Judgement } from './define.ts'
import { DEFAULT_CONFIDENCE } from './threshold.ts'

/**
 * Invalidity of a judgement because of too few VUs. Requests that were dropped or waited because no VU was free prove
 * nothing, so a judgement is only valid if they cannot have changed it: an objective that holds in spite of them holds,
 * unless the target did not get the load; an objective that the sent requests miss is missed.
 *
 * @param isBroken whether the sent requests, by their service times, miss the objective
 */
export function shortageAgainst(
  { vuShortage }: Pick<TimeEvidence, 'vuShortage'>,
  holds: Judgement['holds'],
  isBroken: () => boolean,
): readonly Invalidity[] {
  if (vuShortage === undefined || (holds === true && !vuShortage.isMaterial) || isBroken()) return []
  return [vuShortage.invalidity]
}

/** Whether a ratio is below or above a limit beyond chance. */
export function isSurely(side: 'below' | 'above', limit: number, windows: readonly HitWindow[]): boolean {
  const interval = ratioInterval(windows, { confidence: DEFAULT_CONFIDENCE })
  if (interval === undefined) return false
  return side === 'below' ? interval.high < limit : interval.low > limit
}

/** Sent requests that got a good response, or that did not, by window. */
export function sentAnd({ requestWindows }: RequestEvidence, what: 'good' | 'missed'): readonly HitWindow[] {
  return requestWindows.map(({ good, sent }) => ({
    hits: what === 'good' ? good.count : sent - good.count,
    total: sent,
  }))
}

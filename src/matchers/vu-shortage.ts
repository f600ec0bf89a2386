import type { RequestEvidence, TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { ratioInterval, type HitWindow } from '../stats/intervals.ts'
import type { Judgement } from './define.ts'
import { DEFAULT_CONFIDENCE } from './threshold.ts'

/**
 * What too few VUs do to a judgement. Requests that were dropped or waited because no VU was free prove nothing in either
 * direction, so that a judgement stands only if they cannot have turned it: what holds in spite of them holds, unless the
 * target did not get the load; and what the requests that were sent break by themselves is broken.
 *
 * @param isBroken whether the requests that were sent, by their service times, break the objective
 */
export function shortageAgainst(
  { vuShortage }: TimeEvidence,
  holds: Judgement['holds'],
  isBroken: () => boolean,
): readonly Invalidity[] {
  if (vuShortage === undefined || (holds === true && !vuShortage.isMaterial) || isBroken()) return []
  return [vuShortage.invalidity]
}

/** Whether a share lies below or above a limit beyond chance. */
export function isSurely(side: 'below' | 'above', limit: number, windows: readonly HitWindow[]): boolean {
  const interval = ratioInterval(windows, { confidence: DEFAULT_CONFIDENCE })
  if (interval === undefined) return false
  return side === 'below' ? interval.high < limit : interval.low > limit
}

/** Of the requests sent, those that got a good response, or those that did not. */
export function sentAnd({ requestWindows }: RequestEvidence, what: 'good' | 'missed'): readonly HitWindow[] {
  return requestWindows.map(({ good, sent }) => ({
    hits: what === 'good' ? good.count : sent - good.count,
    total: sent,
  }))
}

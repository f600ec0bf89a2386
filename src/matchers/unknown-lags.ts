import type { TimeEvidence } from '../evidence/evidence.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { formatCount } from '../stats/units.ts'

/**
 * Invalidity if deliveries with an unknown lag decided the judgement. They count as infinitely late; it is valid if it would
 * be the same had all of them been on time.
 *
 * @param judged.what the judged figure: `p95 lag`
 * @param judged.within number of deliveries within the limit
 * @param judged.needed number of deliveries within the limit from which the assertion holds
 */
export function unknownLagsAgainst(
  evidence: TimeEvidence,
  { what, holds, within, needed }: { what: string; holds: unknown; within: number; needed: number },
): readonly Invalidity[] {
  const { unknownLags } = evidence
  if (unknownLags === undefined || holds === true || within + unknownLags.count < needed) return []
  return [unknownLagsInvalidity(unknownLags, `whether ${what} is within its limit depends on them`)]
}

/** Invalidity of figures that cannot be calculated with unknown lags, such as a mean. */
export function anyUnknownLags({ unknownLags }: TimeEvidence): readonly Invalidity[] {
  if (unknownLags === undefined) return []
  return [unknownLagsInvalidity(unknownLags, 'they cannot be compared')]
}

function unknownLagsInvalidity(
  { count, of, id }: NonNullable<TimeEvidence['unknownLags']>,
  therefore: string,
): Invalidity {
  return {
    reason: 'undecided',
    finding:
      `the lags of ${formatCount(count)} of ${formatCount(of)} deliveries are unknown, as the messages of their publications have ` +
      `no time stamp (the first: ${JSON.stringify(id)}): ${therefore}`,
    fix: 'return publishedAtMs from identify for every publication, or for none: lag then counts from the first receipt',
  }
}

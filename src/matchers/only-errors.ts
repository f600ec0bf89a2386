import type { TimeEvidence } from '../evidence/evidence.ts'
import { percentileName } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { Histogram } from '../stats/histogram.ts'
import { formatMs } from '../stats/units.ts'
import { sum } from './ratio.ts'
import { hasCounts, isOfDeliveries, nounOf } from './subject.ts'

/** A percentile and its limit, and how the message names them. */
interface Exceeded {
  readonly p: number
  /** In the unit of the histogram, like {@link us}. */
  readonly limitUs: number
  /** `first byte p95` */
  readonly what: string
  readonly show: (us: number) => string
  /** Samples without a time: `errors` */
  readonly causes: string
  readonly fix: string
}

/**
 * Invalidity of `.not` if no times show that the target is slow: with the errors' own times, up to their failure, the
 * percentile is within its limit. Otherwise requests to a path that does not exist would satisfy any `.not`.
 */
export function slowOnlyByErrors(evidence: TimeEvidence, p: number, limitMs: number): readonly Invalidity[] {
  if (isOfDeliveries(evidence))
    return exceededOnlyBy(evidence.histogram.withInfinite(evidence.deliveries.missing), {
      p,
      limitUs: limitMs * 1000,
      what: `${percentileName(p)} lag`,
      show: (us) => formatMs(us / 1000),
      causes: 'deliveries without a lag',
      fix: JUDGE_MISSING,
    })
  if (!hasCounts(evidence)) return []
  const own = Histogram.merged(evidence.requestWindows.flatMap(({ good, failed }) => [good.latency, failed.latency]))
  const ownMs = own.percentileUs(p) / 1000
  if (ownMs >= limitMs) return []
  const name = percentileName(p)
  const times =
    own.count === 0
      ? `no ${nounOf(evidence).slice(0, -1)} completed`
      : `counting the errors' own times, it is ${formatMs(ownMs)}`
  return [
    undecided(
      `${name} exceeds its limit only because of errors: ${times}`,
      'see the errors; judge them with toHaveErrorRateBelow(), and the times of good responses with expect(run.good)',
    ),
  ]
}

/** Invalidity of `.not` if a percentile exceeds its limit only because of samples without a time, which may have failed fast. */
export function exceededOnlyBy(
  histogram: Histogram,
  { p, limitUs, what, show, causes, fix }: Exceeded,
): readonly Invalidity[] {
  const { count, finiteCount, infiniteCount } = histogram
  if (infiniteCount === 0) return []
  const finiteUs = finiteCount === 0 ? 0 : histogram.percentileUs((p * finiteCount) / count)
  if (finiteUs >= limitUs) return []
  const without = finiteCount === 0 ? 'nothing else was measured' : `without them, it is ${show(finiteUs)}`
  return [undecided(`${what} exceeds its limit only because of ${causes}: ${without}`, fix)]
}

/** Invalidity of `.not` if a ratio or rate of successes is only too low because of others that failed. */
export function tooLowOnlyBy(what: string, causes: string, fix: string): readonly Invalidity[] {
  return [undecided(`the ${what} is too low only because of ${causes}`, fix)]
}

/** Errors other than time-outs, which show no lack of speed. */
export function fastErrors(errors: ReadonlyMap<string, number>): number {
  return sum([...errors].filter(([kind]) => !/timeout/.test(kind)).map(([, count]) => count))
}

export const JUDGE_ERRORS = 'see the errors, and judge them with toHaveErrorRateBelow()'
const JUDGE_MISSING = 'see the missing deliveries, and judge them with toHaveMissingRateBelow()'

function undecided(finding: string, fix: string): Invalidity {
  return { reason: 'undecided', finding, fix }
}

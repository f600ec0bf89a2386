import type { TimeEvidence } from '../evidence/evidence.ts'
import { samplesForRatio, tooFewForRatio, tooFewSamples, type SampleScope } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { ratioInterval, type HitWindow } from '../stats/intervals.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import type { Judgement } from './define.ts'
import {
  DEFAULT_CONFIDENCE,
  isGood,
  judgeThreshold,
  setAsideLines,
  trusted,
  withMissingSamples,
  withoutGenerator,
  type Threshold,
} from './threshold.ts'
import { isSurely, shortageAgainst } from './vu-shortage.ts'

/** Evidence of a ratio. */
export type RatioEvidence = Pick<TimeEvidence, 'durationMs' | 'invalidities' | 'vuShortage' | 'evidenceLines' | 'hint'>

/** Hits that the generator cannot have caused. */
interface CertainHits {
  readonly hits: number
  /** Requests due: the generator may have delayed any of those without a hit. */
  readonly due: number
  /** `errors` */
  readonly noun: string
}

/** A ratio of counts and its limit. */
export interface RatioAssertion {
  /** `error rate` */
  readonly what: string
  /** The fix if the figures suggest none. */
  readonly fix: string
  readonly side: Threshold['side']
  readonly limit: number
  readonly confidence: number | undefined
  /** Counts in one-second windows; the ratio is that of their sums. */
  readonly windows: readonly HitWindow[]
  /** Name of the counted events, plural: `requests`. */
  readonly noun: string
  /** Follows the counts in the received line: `38 × timeout`. */
  readonly parts?: string
  /** Number of samples that the ratio needs. @default {@link samplesForRatio} of the limit */
  readonly needed?: number
  /** Hits that the generator cannot have caused. If they suffice to violate the limit, its health is ignored. */
  readonly certain?: CertainHits
  /** Counts of sent requests: a limit that they violate is violated, regardless of dropped requests. */
  readonly sent?: readonly HitWindow[]
  /** Reasons not to judge a ratio beyond its limit. */
  readonly waits?: () => readonly Invalidity[]
  /** A single event: `an error`. If set, a limit of 0 allows no event. */
  readonly one?: string
}

/**
 * Judges a ratio. With too few samples it is still judged if its whole interval violates the limit: a run that is too
 * short to prove a limit can still refute it.
 */
export function judgeRatio(evidence: RatioEvidence, assertion: RatioAssertion): Judgement {
  const { side, limit, confidence, windows, noun, parts = '', one, certain, sent = [] } = assertion
  const hits = sum(windows.map((window) => window.hits))
  const total = sum(windows.map((window) => window.total))
  const detail = `(${formatCount(hits)} of ${formatCount(total)}${parts === '' ? '' : `: ${parts}`})`
  if (limit === 0 && one !== undefined) return judgeNone(evidence, { ...assertion, one, hits, total, detail })
  const { needed = samplesForRatio(limit) } = assertion
  const interval = ratioInterval(windows, { confidence: confidence ?? DEFAULT_CONFIDENCE })
  const judged = judgeThreshold({
    ...assertion,
    value: hits / total,
    interval: trusted(interval, windows.length),
    unit: 'ratio',
    detail,
  })
  const isBroken = interval !== undefined && !isGood(interval.low, side, limit) && !isGood(interval.high, side, limit)
  const lacking = isBroken
    ? undefined
    : tooFewSamples(judged.expected, needed, {
        count: total,
        durationMs: evidence.durationMs,
        noun,
        rateOption: rateOptionOf(evidence, noun),
      })
  const isCertain = certain !== undefined && certain.hits > 0 && !isGood(certain.hits / certain.due, side, limit)
  const against = isCertain ? withoutGenerator(evidence.invalidities) : evidence.invalidities
  const shortage = shortageAgainst(evidence, judged.holds, () => isCertain || isSurely('above', limit, sent))
  const waits = judged.holds === true || isCertain ? [] : (assertion.waits?.() ?? [])
  const because = certain && `${formatCount(certain.hits)} ${certain.noun} cannot come from the generator`
  return {
    ...judged,
    received: [judged.received, ...setAsideLines(evidence.invalidities, against, because ?? '')].join('\n'),
    invalidities: withMissingSamples([...against, ...shortage, ...waits], lacking ? [lacking] : judged.invalidities),
    evidence: evidence.evidenceLines,
    hint: judged.hint ?? evidence.hint,
    fix: assertion.fix,
  }
}

/** Rate that users often mean by a limit of 0. */
const CLAIMED = 0.001

/** Judges a limit of 0. The message adds which rate of the service a run without events supports. */
function judgeNone(
  evidence: RatioEvidence,
  {
    what,
    fix,
    noun,
    one,
    hits,
    total,
    detail,
    certain,
    sent = [],
    waits,
  }: RatioAssertion & { readonly one: string; readonly hits: number; readonly total: number; readonly detail: string },
): Judgement {
  const expected = `${what} = 0%`
  const holds = hits === 0
  const lacking = tooFewSamples(expected, 1, { count: total, durationMs: evidence.durationMs, noun })
  const isCertain = certain !== undefined && certain.hits > 0
  const against = isCertain ? withoutGenerator(evidence.invalidities) : evidence.invalidities
  const shortage = shortageAgainst(evidence, holds, () => sent.some((window) => window.hits > 0))
  const waiting = holds || isCertain ? [] : (waits?.() ?? [])
  const claim = `a rate below ${formatRatio(CLAIMED)} takes about ${formatCount(3 / CLAIMED)} ${noun} without ${one} (rule of three, 95% confidence)`
  const allowed = `none in ${formatCount(total)} still allows a true rate of ${formatRatio(1 - 0.05 ** (1 / total))}; `
  return {
    holds,
    expected,
    expectedNot: `${what} > 0%`,
    received:
      total === 0
        ? `${what} unknown: nothing was measured`
        : `${what} = ${formatRatio(hits / total)} ${detail}\n${hits === 0 ? allowed : ''}${claim}`,
    invalidities: withMissingSamples([...against, ...shortage, ...waiting], lacking ? [lacking] : []),
    evidence: evidence.evidenceLines,
    hint: evidence.hint,
    fix,
    figure: { limit: 0, value: hits / total, unit: 'ratio' },
  }
}

/** A ratio of two sums, without windows. */
export interface CountAssertion {
  readonly what: string
  readonly side: 'below' | 'at least'
  readonly limit: number
  readonly hits: number
  readonly total: number
  readonly noun: string
  readonly parts?: string
  /** The fix if the figures suggest none. */
  readonly fix: string
}

/** Judges a ratio without an interval, by its value only. */
export function judgeCount(
  evidence: Pick<TimeEvidence, 'evidenceLines' | 'hint' | 'invalidities' | 'durationMs'>,
  assertion: CountAssertion,
): Judgement {
  const { limit, hits, total, noun, parts = '' } = assertion
  const judged = judgeThreshold({
    ...assertion,
    value: hits / total,
    interval: undefined,
    confidence: undefined,
    unit: 'ratio',
    detail: `(${formatCount(hits)} of ${formatCount(total)}${parts === '' ? '' : `: ${parts}`})`,
  })
  const scope = { count: total, durationMs: evidence.durationMs, noun, rateOption: rateOptionOf(evidence, noun) }
  const isBroken = total > 0 && judged.holds === false
  const lacking = isBroken ? undefined : tooFewForRatio(judged.expected, limit, scope)
  return {
    ...judged,
    invalidities: withMissingSamples(evidence.invalidities, lacking ? [lacking] : []),
    evidence: evidence.evidenceLines,
    hint: evidence.hint,
    fix: assertion.fix,
  }
}

/** Option that raises the number of samples: deliveries and messages result from publications. */
export function rateOptionOf(evidence: object, noun: string): SampleScope['rateOption'] {
  const { publishedPerSec } = evidence as { readonly publishedPerSec?: number }
  if (publishedPerSec === undefined || !/^(deliveries|messages)/.test(noun)) return undefined
  return { name: 'publish.rate', perSec: publishedPerSec }
}

export function sum(counts: Iterable<number>): number {
  let all = 0
  for (const count of counts) all += count
  return all
}

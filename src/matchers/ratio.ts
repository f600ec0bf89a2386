import type { TimeEvidence } from '../evidence/evidence.ts'
import { samplesForRatio, tooFewForRatio, tooFewSamples } from '../evidence/sample-size.ts'
import type { Invalidity } from '../evidence/verdict.ts'
import { ratioInterval, type HitWindow } from '../stats/intervals.ts'
import { formatCount, formatRatio } from '../stats/units.ts'
import type { Judgement } from './define.ts'
import { rateOptionOf } from './rate-option.ts'
import {
  DEFAULT_CONFIDENCE,
  isGood,
  judgeThreshold,
  setAsideLines,
  trusted,
  withLack,
  withoutGenerator,
  type Threshold,
} from './threshold.ts'
import { isSurely, shortageAgainst } from './vu-shortage.ts'

/** A share of counted things held against a limit. */
export interface RatioAssertion {
  /** `error rate` */
  readonly what: string
  readonly side: Threshold['side']
  readonly limit: number
  readonly confidence: number | undefined
  /** The counts by one-second windows; their sums are the ratio. */
  readonly windows: readonly HitWindow[]
  /** What is counted, plural: `requests`. */
  readonly noun: string
  /** Follows the counts in the received line: `38 × timeout`. */
  readonly parts?: string
  /** How many samples the ratio needs; {@link samplesForRatio} of the limit where left out. */
  readonly needed?: number
  /** Hits that the generator cannot have caused. Once they alone break the limit, its health does not matter. */
  readonly certainHits?: number
  /** The counts of the requests that were sent: what they break by themselves is broken, whatever was dropped. */
  readonly sent?: readonly HitWindow[]
  /** Reasons not to judge a ratio that is beyond its limit. */
  readonly waits?: () => readonly Invalidity[]
  /** One of the things counted: `an error`. With it, a limit of 0 means none at all. */
  readonly one?: string
}

/**
 * Judges a ratio. With too few samples it is judged all the same where its interval lies wholly on the bad side: a run
 * too short to show that a limit is kept can still show that it is broken.
 */
export function judgeRatio(evidence: TimeEvidence, assertion: RatioAssertion): Judgement {
  const { side, limit, confidence, windows, noun, parts = '', one, certainHits = 0, sent = [] } = assertion
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
  const isCertain = total > 0 && certainHits > 0 && !isGood(certainHits / total, side, limit)
  const against = isCertain ? withoutGenerator(evidence.invalidities) : evidence.invalidities
  const shortage = shortageAgainst(evidence, judged.holds, () => isCertain || isSurely('above', limit, sent))
  const waits = judged.holds === true || isCertain ? [] : (assertion.waits?.() ?? [])
  const because = `${formatCount(certainHits)} errors cannot come from the generator`
  return {
    ...judged,
    received: [judged.received, ...setAsideLines(evidence.invalidities, against, because)].join('\n'),
    invalidities: withLack([...against, ...shortage, ...waits], lacking ? [lacking] : judged.invalidities),
    evidence: evidence.evidenceLines,
    hint: judged.hint ?? evidence.hint,
  }
}

/** A rate that is often meant where none is asked for. */
const CLAIMED = 0.001

/** None at all is a fact about the run. The message adds what it lets one claim about the service. */
function judgeNone(
  evidence: TimeEvidence,
  {
    what,
    noun,
    one,
    hits,
    total,
    detail,
    certainHits = 0,
    sent = [],
    waits,
  }: RatioAssertion & { readonly one: string; readonly hits: number; readonly total: number; readonly detail: string },
): Judgement {
  const expected = `${what} = 0%`
  const holds = hits === 0
  const lacking = tooFewSamples(expected, 1, { count: total, durationMs: evidence.durationMs, noun })
  const against = certainHits > 0 ? withoutGenerator(evidence.invalidities) : evidence.invalidities
  const shortage = shortageAgainst(evidence, holds, () => sent.some((window) => window.hits > 0))
  const waiting = holds || certainHits > 0 ? [] : (waits?.() ?? [])
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
    invalidities: withLack([...against, ...shortage, ...waiting], lacking ? [lacking] : []),
    evidence: evidence.evidenceLines,
    hint: evidence.hint,
    figure: { limit: 0, value: hits / total, unit: 'ratio' },
  }
}

/** A ratio of which only the sums are known. */
export interface CountAssertion {
  readonly what: string
  readonly side: 'below' | 'at least'
  readonly limit: number
  readonly hits: number
  readonly total: number
  readonly noun: string
  readonly parts?: string
}

/** Judges a ratio that has no interval, so that it is broken as soon as its value is. */
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
    invalidities: withLack(evidence.invalidities, lacking ? [lacking] : []),
    evidence: evidence.evidenceLines,
    hint: evidence.hint,
  }
}

export function sum(counts: Iterable<number>): number {
  let all = 0
  for (const count of counts) all += count
  return all
}

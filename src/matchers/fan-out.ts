import type { Problems } from '../options/problems.ts'
import type { ClientEvidence, FanOutEvidence, PublicationEvidence } from '../run/evidence.ts'
import { samplesForPercentile, tooFewSamples } from '../run/usable.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { readOptions, readRatio, readShare, refuseMore } from './arguments.ts'
import type { Duration, ShareOptions, SharePlan, ThresholdOptions } from './arguments.ts'
import { defineMatcher } from './define.ts'
import type { ExtendMatcher, Judgement } from './define.ts'
import { judgeCount, judgeRatio } from './ratio.ts'
import { deliveryRun } from './subject.ts'
import type { DeliverySource } from './subject.ts'
import { withLack } from './threshold.ts'
import type { On } from './typing.ts'

type OnDeliveries<T, Matcher> = On<T, DeliverySource, Matcher, 'judges a fan-out, as ws.fanOut() gives: await it first'>

/** `expect()` has these; each belongs to what its first parameter `this` says. */
export interface FanOutMatchers<R extends void | Promise<void>, T> {
  /**
   * At least a share of all expected deliveries arrived within a lag, counted from the publication's intended
   * instant. Missing deliveries are in the denominator. Needs `10 / (1 - ratio)` deliveries, as the percentile of that
   * ratio would; with a ratio of 1 it speaks about this run alone.
   */
  toDeliverWithin: OnDeliveries<T, (limitMs: Duration, options: ShareOptions & ThresholdOptions) => R>
  /** The share of expected deliveries that never arrived lies below a limit. Needs `1 / ratio` deliveries. */
  toHaveMissingRateBelow: OnDeliveries<T, (ratio: number, options?: ThresholdOptions) => R>
  /** Receipts past the first, per delivery received, lie below a limit. Needs `1 / ratio` deliveries received. */
  toHaveDuplicateRateBelow: OnDeliveries<T, (ratio: number) => R>
  /** No client received a publication after a later one. Missing deliveries are not out of order. */
  toDeliverInOrder: OnDeliveries<T, () => R>
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends FanOutMatchers<R, T> {}
}

interface RatePlan {
  readonly limit: number
  readonly confidence: number | undefined
}

const toDeliverWithin = defineMatcher<FanOutEvidence, SharePlan>({
  name: 'toDeliverWithin',
  subject: deliveryRun,
  readArguments: (problems, args) => readShare(problems, args, 'toDeliverWithin', ['confidence']),
  judge: (evidence, { limitMs, ratio, confidence }) => ({
    ...judgeRatio(evidence, {
      what: `share of deliveries within ${formatMs(limitMs)}`,
      side: 'at least',
      limit: ratio,
      confidence,
      windows: evidence.deliveryWindows.map(({ expected, lag }) => ({
        hits: lag.countAtMost(limitMs * 1000),
        total: expected,
      })),
      noun: 'deliveries',
      needed: ratio < 1 ? samplesForPercentile(ratio) : 1,
    }),
    worst: worstParts(evidence),
  }),
})

const toHaveMissingRateBelow = defineMatcher<FanOutEvidence, RatePlan>({
  name: 'toHaveMissingRateBelow',
  subject: deliveryRun,
  readArguments: (problems, args) => readRate(problems, args, 'toHaveMissingRateBelow', ['confidence']),
  judge: (evidence, plan) => ({
    ...judgeRatio(evidence, {
      ...plan,
      what: 'missing rate',
      side: 'below',
      windows: evidence.deliveryWindows.map(({ expected, lag }) => ({ hits: expected - lag.count, total: expected })),
      noun: 'deliveries',
    }),
    worst: worstParts(evidence),
  }),
})

const toHaveDuplicateRateBelow = defineMatcher<FanOutEvidence, RatePlan>({
  name: 'toHaveDuplicateRateBelow',
  subject: deliveryRun,
  readArguments: (problems, args) => readRate(problems, args, 'toHaveDuplicateRateBelow', []),
  judge: (evidence, { limit }) => ({
    ...judgeCount(evidence, {
      what: 'duplicate rate',
      side: 'below',
      limit,
      hits: evidence.deliveries.duplicate,
      total: evidence.deliveries.received,
      noun: 'deliveries received',
    }),
    worst: worstParts(evidence),
  }),
})

const toDeliverInOrder = defineMatcher<FanOutEvidence, undefined>({
  name: 'toDeliverInOrder',
  subject: deliveryRun,
  readArguments(problems, args) {
    refuseMore(problems, args, 0, 'toDeliverInOrder()')
    return undefined
  },
  judge(evidence) {
    const { outOfOrder, received } = evidence.deliveries
    const scope = { count: received, durationMs: evidence.durationMs, noun: 'deliveries received' }
    const tooFew = tooFewSamples('order', 1, scope)
    return {
      holds: outOfOrder === 0,
      expected: 'no delivery out of order',
      expectedNot: 'deliveries out of order',
      received: `${formatCount(outOfOrder)} of ${formatCount(received)} deliveries out of order`,
      invalidities: withLack(evidence.invalidities, tooFew ? [tooFew] : []),
      evidence: evidence.evidenceLines,
      worst: worstClients(evidence),
      hint: evidence.hint,
    }
  },
})

/** Deliveries of a fan-out. */
export const fanOutMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toDeliverWithin,
  toHaveMissingRateBelow,
  toHaveDuplicateRateBelow,
  toDeliverInOrder,
}

function worstParts(evidence: FanOutEvidence): Judgement['worst'] {
  const publications = evidence.worstPublications.slice(0, 3).map(describeWorst)
  return { label: 'Worst', items: [...publications, ...worstClients(evidence).items] }
}

function worstClients(evidence: FanOutEvidence): { readonly label: string; readonly items: readonly string[] } {
  return { label: 'Worst', items: evidence.worstClients.slice(0, 3).map(describeWorst) }
}

function describeWorst(part: PublicationEvidence | ClientEvidence): string {
  const counts = (['missing', 'late', 'duplicate', 'outOfOrder'] as const)
    .filter((fault) => part[fault] > 0)
    .map((fault) => `${formatCount(part[fault])} ${fault === 'outOfOrder' ? 'out of order' : fault}`)
  const longest = part.maxMs === undefined ? [] : [`max ${formatMs(part.maxMs)}`]
  return `${part.label} ${[...counts, ...longest].join(', ')}`
}

function readRate(
  problems: Problems,
  args: readonly unknown[],
  name: string,
  options: readonly 'confidence'[],
): RatePlan {
  const example = `${name}(0.005)`
  refuseMore(problems, args, options.length === 0 ? 1 : 2, example)
  const limit = readRatio(problems, args[0], { path: 'ratio', example })
  return { limit, confidence: readOptions(problems, args[1], options, '{ confidence: 0.95 }').confidence }
}

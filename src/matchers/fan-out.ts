import type { Problems } from '../options/problems.ts'
import type { ClientEvidence, FanOutEvidence, PublicationEvidence } from '../run/evidence.ts'
import { tooFewForPercentile, tooFewForRatio } from '../run/usable.ts'
import type { Invalidity } from '../run/verdict.ts'
import { formatCount, formatMs, formatRatio } from '../stats/units.ts'
import { readLimitMs, readOptions, readRatio, refuseMore } from './arguments.ts'
import type { Duration } from './arguments.ts'
import { defineMatcher } from './define.ts'
import type { ExtendMatcher, Judgement } from './define.ts'
import { deliveryRun } from './subject.ts'
import type { DeliveryRun } from './subject.ts'
import { judgeThreshold } from './threshold.ts'
import type { On } from './typing.ts'

/** How many of them must make it. */
export interface ShareOptions {
  /** 0–1, never percent: 0.99 is 99%. 1 asks for all of them. */
  readonly ratio: number
}

type OnDeliveries<T, Matcher> = On<T, DeliveryRun, Matcher, 'judges a fan-out, as ws.fanOut() gives: await it first'>

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /**
     * At least a share of all expected deliveries arrived within a lag, counted from the publication's intended
     * instant. Missing deliveries are in the denominator. Needs `10 / (1 - ratio)` deliveries, as the percentile of that
     * ratio would; with a ratio of 1 it speaks about this run alone.
     */
    toDeliverWithin: OnDeliveries<T, (limitMs: Duration, options: ShareOptions) => R>
    /** The share of expected deliveries that never arrived lies below a limit. Needs `1 / ratio` deliveries. */
    toHaveMissingRateBelow: OnDeliveries<T, (ratio: number) => R>
    /** Receipts past the first, per expected delivery, lie below a limit. Needs `1 / ratio` deliveries. */
    toHaveDuplicateRateBelow: OnDeliveries<T, (ratio: number) => R>
    /** No client received a publication after a later one. Missing deliveries are not out of order. */
    toDeliverInOrder: OnDeliveries<T, () => R>
    /**
     * At least a share of the sockets asked for were connected within a time, from the instant their handshake was due
     * to its answer. Sockets that failed are in the denominator. Needs `1 / (1 - ratio)` sockets.
     */
    toConnectWithin: OnDeliveries<T, (limitMs: Duration, options: ShareOptions) => R>
  }
}

interface WithinPlan {
  readonly limitMs: number
  readonly ratio: number
}

const toDeliverWithin = defineMatcher<FanOutEvidence, WithinPlan>({
  name: 'toDeliverWithin',
  subject: deliveryRun,
  readArguments: (problems, args) => readWithin('toDeliverWithin', problems, args),
  judge(evidence, { limitMs, ratio }) {
    const { expected } = evidence.deliveries
    const within = Math.min(evidence.histogram.countAtMost(limitMs * 1000), expected)
    const scope = { count: expected, durationMs: evidence.durationMs, noun: 'deliveries' }
    const tooFew = ratio < 1 ? tooFewForPercentile(ratio, scope) : tooFewForRatio('delivery', 1, scope)
    const what = `share of deliveries within ${formatMs(limitMs)}`
    return judgeShare(evidence, { what, side: 'at least', limit: ratio, hits: within, total: expected, tooFew })
  },
})

const toConnectWithin = defineMatcher<FanOutEvidence, WithinPlan>({
  name: 'toConnectWithin',
  subject: deliveryRun,
  readArguments: (problems, args) => readWithin('toConnectWithin', problems, args),
  judge(evidence, { limitMs, ratio }) {
    const { asked, histogram, failures, invalidities } = evidence.connect
    const within = Math.min(histogram.countAtMost(limitMs * 1000), asked)
    const what = `share of sockets connected within ${formatMs(limitMs)}`
    const scope = { count: asked, durationMs: 0, noun: 'sockets' }
    const tooFew = tooFewForRatio(`a ${what} of ${formatRatio(ratio)}`, ratio, scope)
    const judged = judgeShare(
      { ...evidence, invalidities },
      { what, side: 'at least', limit: ratio, hits: within, total: asked, tooFew },
    )
    const failed = [...failures].map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
    const times = connectTimes(evidence)
    return {
      ...judged,
      received: [judged.received, times, failed === '' ? '' : `failed: ${failed}`]
        .filter((text) => text !== '')
        .join('\n'),
      worst: undefined,
    }
  },
})

const toHaveMissingRateBelow = defineMatcher<FanOutEvidence, { readonly limit: number }>({
  name: 'toHaveMissingRateBelow',
  subject: deliveryRun,
  readArguments: (problems, args) => readRate('toHaveMissingRateBelow', problems, args),
  judge: (evidence, { limit }) =>
    judgeRate(evidence, { what: 'missing rate', limit, hits: evidence.deliveries.missing }),
})

const toHaveDuplicateRateBelow = defineMatcher<FanOutEvidence, { readonly limit: number }>({
  name: 'toHaveDuplicateRateBelow',
  subject: deliveryRun,
  readArguments: (problems, args) => readRate('toHaveDuplicateRateBelow', problems, args),
  judge: (evidence, { limit }) =>
    judgeRate(evidence, { what: 'duplicate rate', limit, hits: evidence.deliveries.duplicate }),
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
    const tooFew = tooFewForRatio('order', 1, scope)
    return {
      holds: outOfOrder === 0,
      expected: 'no delivery out of order',
      expectedNot: 'deliveries out of order',
      received: `${formatCount(outOfOrder)} of ${formatCount(received)} deliveries out of order`,
      invalidities: [...evidence.invalidities, ...(tooFew ? [tooFew] : [])],
      evidence: evidence.evidenceLines,
      worst: worstClients(evidence),
      hint: evidence.hint,
    }
  },
})

/** Deliveries of a fan-out, and how its sockets came up. */
export const fanOutMatchers: Readonly<Record<string, ExtendMatcher>> = {
  toDeliverWithin,
  toConnectWithin,
  toHaveMissingRateBelow,
  toHaveDuplicateRateBelow,
  toDeliverInOrder,
}

interface Share {
  readonly what: string
  readonly side: 'below' | 'at least'
  readonly limit: number
  readonly hits: number
  readonly total: number
  readonly tooFew: Invalidity | undefined
}

function judgeShare(evidence: FanOutEvidence, { what, side, limit, hits, total, tooFew }: Share): Judgement {
  const judged = judgeThreshold({
    what,
    side,
    limit,
    value: total === 0 ? 0 : hits / total,
    interval: undefined,
    confidence: undefined,
    show: formatRatio,
    detail: `(${formatCount(hits)} of ${formatCount(total)})`,
  })
  return {
    ...judged,
    invalidities: [...evidence.invalidities, ...(tooFew ? [tooFew] : [])],
    evidence: evidence.evidenceLines,
    worst: worstParts(evidence),
    hint: evidence.hint,
  }
}

function judgeRate(
  evidence: FanOutEvidence,
  { what, limit, hits }: { readonly what: string; readonly limit: number; readonly hits: number },
): Judgement {
  const total = evidence.deliveries.expected
  const scope = { count: total, durationMs: evidence.durationMs, noun: 'deliveries' }
  const broken = total > 0 && hits / total >= limit
  const tooFew = broken ? undefined : tooFewForRatio(`a ${what} below ${formatRatio(limit)}`, limit, scope)
  return judgeShare(evidence, { what, side: 'below', limit, hits, total, tooFew })
}

function connectTimes({ connect: { histogram } }: FanOutEvidence): string {
  if (histogram.count === 0) return ''
  const at = (p: number) => formatMs(histogram.percentileUs(p) / 1000)
  return `connect time p50 ${at(0.5)}, p99 ${at(0.99)}, max ${formatMs(histogram.maxUs / 1000)}`
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

function readWithin(name: string, problems: Problems, args: readonly unknown[]): WithinPlan {
  const example = `${name}(1000, { ratio: 0.99 })`
  refuseMore(problems, args, 2, example)
  const limitMs = readLimitMs(problems, args[0], example)
  const { ratio } = readOptions(problems, args[1], ['ratio'], '{ ratio: 0.99 }')
  return { limitMs, ratio: readRatio(problems, ratio, { path: 'options.ratio', example: 'ratio: 0.99', one: true }) }
}

function readRate(name: string, problems: Problems, args: readonly unknown[]): { readonly limit: number } {
  const example = `${name}(0.005)`
  refuseMore(problems, args, 1, example)
  return { limit: readRatio(problems, args[0], { path: 'ratio', example }) }
}

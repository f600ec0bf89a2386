import type { FanOutEvidence } from '../evidence/evidence.ts'
import type { ReadOf } from '../options/schema.ts'
import { formatCount, formatMs } from '../stats/units.ts'
import { limitMs, readArguments, SHARE_OPTIONS, type Duration, type RatioOptions } from './arguments.ts'
import { defineMatcher, type ExtendMatcher, type Judgement } from './define.ts'
import { limitText } from './exact-text.ts'
import { fastErrors, tooLowOnlyBy } from './only-errors.ts'
import { judgeCount } from './ratio.ts'
import { deliveryRun, type DeliverySource } from './subject.ts'
import type { On } from './typing.ts'

/** Matchers of `expect()` for connecting sockets. */
export interface ConnectingMatchers<R extends void | Promise<void>, T> {
  /**
   * At least a ratio of the requested sockets connected within a time, from the intended start of the handshake to its
   * response. Failed sockets are in the denominator. Needs `1 / (1 - ratio)` sockets.
   */
  toConnectWithin: On<
    T,
    DeliverySource,
    (limitMs: Duration, options: RatioOptions) => R,
    'judges a fan-out, as ws.fanOut() gives'
  >
}

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends ConnectingMatchers<
    R,
    T
  > {}
}

const EXAMPLE = 'toConnectWithin(1000, { ratio: 0.99 })'

interface SharePlan {
  readonly limitMs: number
  readonly options: ReadOf<typeof SHARE_OPTIONS>
}

const toConnectWithin = defineMatcher<FanOutEvidence, SharePlan>({
  name: 'toConnectWithin',
  subject: deliveryRun,
  readArguments: readArguments(EXAMPLE, { limitMs: limitMs(EXAMPLE), options: SHARE_OPTIONS }),
  judge: judgeConnecting,
})

/** Matchers of connecting the sockets of a fan-out. */
export const connectingMatchers: Readonly<Record<string, ExtendMatcher>> = { toConnectWithin }

function judgeConnecting(evidence: FanOutEvidence, { limitMs, options: { ratio } }: SharePlan): Judgement {
  const { requested, histogram, failures, invalidities } = evidence.connect
  const { evidenceLines, hint } = evidence
  const judged = judgeCount(
    { evidenceLines, hint, invalidities, durationMs: 0 },
    {
      what: `share of sockets connected within ${limitText(limitMs, formatMs)}`,
      side: 'at least',
      limit: ratio,
      hits: histogram.countAtMost(limitMs * 1000),
      total: requested,
      noun: 'sockets',
      fix: 'raise the backlog and the descriptor limit of the target, or lower connectRate',
    },
  )
  const failed = [...failures].map(([kind, count]) => `${formatCount(count)} × ${kind}`).join(', ')
  const lines = [judged.received, connectTimes(evidence), failed === '' ? '' : `failed: ${failed}`]
  const isSlow = histogram.countAtMost(limitMs * 1000) + fastErrors(failures) < ratio * requested
  return {
    ...judged,
    received: lines.filter((line) => line !== '').join('\n'),
    ...(judged.holds === false &&
      !isSlow && {
        againstNot: tooLowOnlyBy('share of sockets', 'failures other than time-outs', 'see why the sockets failed'),
      }),
  }
}

function connectTimes({ connect: { histogram } }: FanOutEvidence): string {
  if (histogram.count === 0) return ''
  const at = (p: number) => formatMs(histogram.percentileUs(p) / 1000)
  return `connect time p50 ${at(0.5)}, p99 ${at(0.99)}, max ${formatMs(histogram.maxUs / 1000)}`
}

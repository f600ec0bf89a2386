import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Phase } from '../load/load.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { every, series, type SampleRequest } from '../testing/sample-measurement.ts'
import { ABORT_CHECK_MS, AbortWatch } from './abort-watch.ts'
import type { AbortRule } from './abort-when.ts'
import { Tally } from './tally.ts'

const PHASES: readonly Phase[] = [
  { name: 'warmup', startMs: 0, endMs: 2_000 },
  { name: 'steady', startMs: 2_000, endMs: 22_000 },
]

function runOf(tally: Tally) {
  return { tally, phases: PHASES, series: () => [] }
}

/** Results of the checks of a run with these responses and errors in each quarter of a second. */
function checksOf(
  quarters: readonly { ok: number; errors: number; dropped?: number }[],
  [kind, detail]: readonly [ErrorKind, string] = ['status', '503'],
  delayMs?: number,
) {
  const tally = new Tally()
  const watch = new AbortWatch([{ errorRateAbove: 0.5, forMs: 1000, delayMs }], runOf(tally))
  return quarters.map(({ ok, errors, dropped = 0 }, at) => {
    tally.completed += ok + errors
    tally.dropped += dropped
    for (let n = 0; n < errors; n++) tally.countError(kind, detail)
    return watch.check((at + 1) * ABORT_CHECK_MS)
  })
}

const bad = { ok: 4, errors: 6 }
const good = { ok: 10, errors: 0 }

test('stops when the error rate was exceeded over the whole duration of the rule', () => {
  expect(checksOf([bad, bad, bad, bad, bad])).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    { reason: 'error rate 60% over the last 1s, limit 50% (24 × status)', blame: 'target' },
  ])
})

test('does not count earlier errors, and starts again after a good period', () => {
  expect(checksOf([good, good, good, bad, bad, bad, bad]).findIndex((found) => found !== undefined)).toBe(6)
  expect(checksOf([bad, bad, good, good, good, bad, bad]).every((found) => found === undefined)).toBe(true)
})

test('accepts exactly the limit, counts dropped requests as errors, and ignores a few requests', () => {
  const half = { ok: 5, errors: 5 }
  expect(checksOf([half, half, half, half, half]).at(-1)).toBeUndefined()
  const starved = { ok: 1, errors: 0, dropped: 9 }
  expect(checksOf([starved, starved, starved, starved, starved]).at(-1)?.reason).toBe(
    'error rate 90% over the last 1s, limit 50% (36 × dropped)',
  )
  const slow = { ok: 0, errors: 1 }
  expect(checksOf([slow, slow, slow, slow, slow]).at(-1)).toBeUndefined()
})

test.for<readonly [ErrorKind, string, blame: string]>([
  ['status', '503', 'target'],
  ['body', 'not a valid HTTP response: its status line is malformed', 'target'],
  ['reset', 'ECONNRESET', 'target'],
  ['connect', 'ECONNREFUSED', 'target'],
  ['connect', 'EMFILE', 'target or generator'],
  ['connect', 'no connection in time', 'target or generator'],
  ['timeout', 'no response', 'target or generator'],
])('attributes errors of kind %s (%s) to: %s', ([kind, detail, blame]) => {
  expect(checksOf([bad, bad, bad, bad, bad], [kind, detail]).at(-1)?.blame).toBe(blame)
})

test('attributes an abort to the target only if its own errors exceed the limit', () => {
  const dropping = { ok: 1, errors: 4, dropped: 5 }
  expect(checksOf([dropping, dropping, dropping, dropping, dropping]).at(-1)).toEqual({
    reason: 'error rate 90% over the last 1s, limit 50% (20 × dropped, 16 × status)',
    blame: 'target or generator',
  })
})

test('needs five ended requests', () => {
  const few = { ok: 1, errors: 1 }
  const none = { ok: 0, errors: 0 }
  expect(checksOf([few, none, none, none, { ok: 0, errors: 4 }]).at(-1)).toBeUndefined()
  expect(checksOf([few, none, none, none, { ok: 0, errors: 5 }]).at(-1)?.reason).toMatch(/^error rate 100%/)
})

test('ignores the error rate without a rule or with a function', () => {
  for (const rule of [undefined, () => 'enough']) {
    const tally = new Tally()
    const watch = new AbortWatch(rule, runOf(tally))
    for (let n = 0; n < 20; n++) {
      tally.completed += 10
      for (let error = 0; error < 10; error++) tally.countError('status', '503')
      expect(watch.check(n * ABORT_CHECK_MS)).toBeUndefined()
    }
  }
})

test.for<readonly [unknown, string | undefined]>([
  [true, 'abortWhen returned true'],
  ['too slow', 'too slow'],
  [false, undefined],
  [undefined, undefined],
])('a function that returns %j aborts the run with the reason: %s', ([verdict, reason]) => {
  const watch = new AbortWatch((() => verdict) as () => boolean, runOf(new Tally()))
  const found = watch.checkSnapshot({} as RunSnapshot)
  expect(found).toEqual(reason && { reason, blame: 'target or generator' })
  expect(new AbortWatch(undefined, runOf(new Tally())).checkSnapshot({} as RunSnapshot)).toBeUndefined()
})

test.each([
  [1, '1'],
  [0, '0'],
  ['', '""'],
  [Promise.resolve(true), 'Promise'],
])('rejects %j from a function', (returned, shown) => {
  const watch = new AbortWatch(() => returned as unknown as boolean, runOf(new Tally()))
  const check = () => watch.checkSnapshot({} as RunSnapshot)
  expect(check).toThrow('abortWhen: the function must return true, false, the reason as text or nothing, it returned ')
  expect(check).toThrow(shown)
  expect(check).toThrow('Fix: return true, false, the reason as text or nothing')
})

test('a delay leaves out the warm-up and the requests until its end', () => {
  const quarters = Array.from({ length: 24 }, () => bad)
  const first = (delayMs?: number) => checksOf(quarters, undefined, delayMs).findIndex((found) => found !== undefined)
  // The first check is at 250 ms, and the rule looks back over one second.
  expect([first(), first(0), first(2_000)].map((at) => (at + 1) * ABORT_CHECK_MS)).toEqual([1_250, 3_000, 5_000])
})

/** Seconds of the run in which the condition aborts, and the first result. */
function abortOf(rule: AbortRule, requests: readonly SampleRequest[], maxRequests?: number) {
  const timeline: ReturnType<typeof series>[] = []
  const watch = new AbortWatch([rule], { tally: new Tally(), phases: PHASES, series: () => timeline, maxRequests })
  for (let ms = ABORT_CHECK_MS; ms <= 22_000; ms += ABORT_CHECK_MS) {
    const due = requests.filter(({ atMs }) => atMs >= ms - ABORT_CHECK_MS && atMs < ms)
    if (due.length > 0) timeline.push(series('vote', undefined, due, PHASES))
    const found = watch.check(ms)
    if (found !== undefined) return { ms, ...found }
  }
  return undefined
}

describe('latency', () => {
  const rule = { latencyAboveMs: 100, percentile: 0.95, forMs: 5_000, delayMs: 0 }
  const fast = every(10, 0, 10_000, { latencyMs: 50, status: 200 })
  const slow = every(10, 10_000, 22_000, { latencyMs: 400, status: 200 })

  test('aborts by a percentile of the last whole seconds', () => {
    expect(abortOf(rule, [...fast, ...slow])).toEqual({
      ms: 11_000,
      reason: 'p95 400 ms over the last 5s, limit 100 ms (500 requests)',
      blame: 'target or generator',
    })
    expect(abortOf(rule, every(10, 0, 22_000, { latencyMs: 99, status: 200 }))).toBeUndefined()
  })

  test('leaves out the warm-up and the delay', () => {
    const all = every(10, 0, 22_000, { latencyMs: 400, status: 200 })
    expect(abortOf(rule, all)?.ms).toBe(7_000)
    expect(abortOf({ ...rule, delayMs: 3_500 }, all)?.ms).toBe(11_000)
  })

  test('counts errors and dropped requests as infinitely slow', () => {
    const errors = every(100, 5_000, 22_000, { latencyMs: 1, error: ['status', '503'], status: 503 })
    expect(abortOf(rule, [...every(10, 0, 22_000, { latencyMs: 50, status: 200 }), ...errors])?.reason).toBe(
      'p95 ∞ over the last 5s, limit 100 ms (530 requests)',
    )
    const dropped = every(10, 5_000, 22_000, { dropped: true })
    expect(abortOf(rule, dropped)?.reason).toMatch(/^p95 ∞/)
  })

  test('needs the samples that the percentile needs', () => {
    expect(abortOf(rule, every(30, 0, 22_000, { latencyMs: 400, status: 200 }))).toBeUndefined()
    expect(abortOf(rule, every(25, 0, 22_000, { latencyMs: 400, status: 200 }))?.ms).toBe(7_000)
  })
})

describe('unreachable objectives', () => {
  const p95 = { objectives: [{ percentile: 0.95, limit: 100 }], delayMs: 0 }
  const rate = { objectives: [{ limit: 0.01 }], delayMs: 0 }
  const errors = (everyMs: number, [kind, detail]: readonly [ErrorKind, string]) =>
    every(everyMs, 2_000, 22_000, { latencyMs: 1, error: [kind, detail] })

  test('abort as soon as more requests were slow than the whole load allows', () => {
    // 2,000 requests allow 100 slow ones, which come in the first second.
    const slow = every(10, 2_000, 22_000, { latencyMs: 150, status: 200 })
    expect(abortOf(p95, slow, 2_000)).toEqual({
      ms: 4_000,
      reason:
        'p95 below 100 ms cannot be reached any more: 200 of at most 2,000 requests were slower or ended in errors',
      blame: 'target or generator',
    })
    expect(abortOf(p95, slow.slice(0, 100), 2_000)).toBeUndefined()
    expect(abortOf(p95, slow.slice(0, 101), 2_000)?.ms).toBe(4_000)
  })

  test('abort by the error rate', () => {
    expect(abortOf(rate, errors(500, ['status', '503']), 2_000)).toEqual({
      ms: 12_000,
      reason: 'an error rate below 1% cannot be reached any more: 20 of at most 2,000 requests ended in errors',
      blame: 'target',
    })
    expect(abortOf(rate, errors(500, ['timeout', 'no response']), 2_000)?.blame).toBe('target or generator')
    expect(abortOf(rate, errors(1_100, ['status', '503']), 2_000)).toBeUndefined()
    expect(abortOf({ ...rate, objectives: [{ limit: 0 }] }, errors(19_000, ['status', '503']), 2_000)?.ms).toBe(3_000)
    expect(abortOf({ ...rate, objectives: [{ limit: 0 }] }, [], 2_000)).toBeUndefined()
  })

  test('do not count the warm-up, the wait for a VU and dropped requests', () => {
    const warmup = every(1, 0, 2_000, { latencyMs: 400, status: 200 })
    const waited = every(10, 2_000, 22_000, { latencyMs: 400, serviceMs: 50, status: 200 })
    const dropped = every(10, 2_000, 22_000, { dropped: true })
    for (const requests of [warmup, waited, dropped]) {
      expect(abortOf(p95, requests, 4_000)).toBeUndefined()
      expect(abortOf(rate, requests, 4_000)).toBeUndefined()
    }
  })

  test('do not abort before the delay, without a bound, and if more requests were sent than planned', () => {
    const slow = every(10, 2_000, 22_000, { latencyMs: 150, status: 200 })
    expect(abortOf({ ...p95, delayMs: 8_000 }, slow, 2_000)?.ms).toBe(10_000)
    expect(abortOf(p95, slow)).toBeUndefined()
    expect(abortOf(p95, slow, 50)).toBeUndefined()
  })

  test('never abort a run that meets its objective', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(200), { minLength: 20, maxLength: 400 }),
        fc.integer({ min: 1, max: 199 }),
        (ms, limit) => {
          const requests = ms.map((latencyMs, at) => ({ atMs: 2_000 + at * 40, latencyMs, status: 200 }))
          const within = ms.filter((each) => each < limit).length
          const isMet = within >= Math.ceil(0.95 * ms.length * (1 - 1e-12))
          const isAborted =
            abortOf({ objectives: [{ percentile: 0.95, limit }], delayMs: 0 }, requests, ms.length) !== undefined
          // Histograms do not distinguish times closer than 0.1%.
          const isSurelyMissed = ms.filter((each) => each > limit * 1.001).length > 0.05 * ms.length
          expect({ isMet, isAborted }).not.toEqual({ isMet: true, isAborted: true })
          expect({ isSurelyMissed, isAborted }).not.toEqual({ isSurelyMissed: true, isAborted: false })
        },
      ),
    )
  })
})

import { expect, test } from 'vitest'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { ErrorKind } from '../stats/timeline.ts'
import { AbortWatch } from './abort-watch.ts'
import { Tally } from './tally.ts'

/** Results of the checks of a run with these responses and errors in each quarter of a second. */
function checksOf(
  quarters: readonly { ok: number; errors: number; dropped?: number }[],
  [kind, detail]: readonly [ErrorKind, string] = ['status', '503'],
) {
  const tally = new Tally()
  const watch = new AbortWatch({ errorRateAbove: 0.5, forMs: 1000 }, tally)
  return quarters.map(({ ok, errors, dropped = 0 }) => {
    tally.completed += ok + errors
    tally.dropped += dropped
    for (let n = 0; n < errors; n++) tally.countError(kind, detail)
    return watch.check()
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
    const watch = new AbortWatch(rule, tally)
    for (let n = 0; n < 20; n++) {
      tally.completed += 10
      for (let error = 0; error < 10; error++) tally.countError('status', '503')
      expect(watch.check()).toBeUndefined()
    }
  }
})

test.for<readonly [unknown, string | undefined]>([
  [true, 'abortWhen returned true'],
  ['too slow', 'too slow'],
  [false, undefined],
  [undefined, undefined],
])('a function that returns %j aborts the run with the reason: %s', ([verdict, reason]) => {
  const watch = new AbortWatch((() => verdict) as () => boolean, new Tally())
  const found = watch.checkSnapshot({} as RunSnapshot)
  expect(found).toEqual(reason && { reason, blame: 'target or generator' })
  expect(new AbortWatch(undefined, new Tally()).checkSnapshot({} as RunSnapshot)).toBeUndefined()
})

test.each([
  [1, '1'],
  [0, '0'],
  ['', '""'],
  [Promise.resolve(true), 'Promise'],
])('rejects %j from a function', (returned, shown) => {
  const watch = new AbortWatch(() => returned as unknown as boolean, new Tally())
  const check = () => watch.checkSnapshot({} as RunSnapshot)
  expect(check).toThrow('abortWhen: the function must return true, false, the reason as text or nothing, it returned ')
  expect(check).toThrow(shown)
  expect(check).toThrow('Fix: return true, false, the reason as text or nothing')
})

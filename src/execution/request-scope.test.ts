import { expect, test } from 'vitest'
import { every, PHASES, type SampleRequest, series } from '../testing/sample-measurement.ts'
import {
  allWindows,
  scopeDurationMs,
  scopeName,
  scopeSeconds,
  totalsOf,
  WHOLE_RUN,
  type Scope,
} from './request-scope.ts'

const scope = (more: Partial<Scope> = {}): Scope => ({ ...WHOLE_RUN, ...more })

test('scopeName() names everything that narrows the scope', () => {
  expect(scopeName(PHASES, WHOLE_RUN)).toBe('steady and spike phases')
  expect(scopeName(PHASES, scope({ phase: 'spike', step: 'me' }))).toBe('spike phase, step me')
  expect(scopeName(PHASES, scope({ step: 'vote', tag: 'gold' }))).toBe('steady and spike phases, step vote, tag gold')
  expect(scopeName(PHASES, scope({ between: [3_000, 9_000], tag: 'gold' }))).toBe(
    'ramp and steady and spike and cooldown phases, 3–9 s, tag gold',
  )
  expect(scopeName([], scope({ between: [0, 1_000] }))).toBe('0–1 s')
  const twice = [PHASES[2]!, PHASES[3]!, PHASES[2]!]
  expect(scopeName(twice, WHOLE_RUN)).toBe('steady and spike phases')
})

test('scopeDurationMs() is the length of the phases within the period of the scope', () => {
  expect(scopeDurationMs(PHASES, WHOLE_RUN)).toBe(3_500)
  expect(scopeDurationMs(PHASES, scope({ phase: 'steady', between: [6_000, 9_000] }))).toBe(500)
  expect(scopeDurationMs(PHASES, scope({ phase: 'steady', between: [7_000, 9_000] }))).toBe(0)
})

test('windows are in order of time, for requests of any series', () => {
  const late = series('late', undefined, every(100, 7_000, 8_000, {}))
  const early = series('early', undefined, every(100, 4_500, 6_000, {}))
  expect(totalsOf([late, early], PHASES, WHOLE_RUN).windows.map(({ second }) => second)).toEqual([4, 5, 7])
  expect(allWindows([late, early], PHASES).map(({ second }) => second)).toEqual([4, 5, 7])
})

test('totalsOf() counts only whole seconds within the period of the scope', () => {
  const requests = [series('a', 'x', every(500, 3_000, 9_000, {}))]
  const seconds = (from: number, to: number) =>
    totalsOf(requests, PHASES, scope({ between: [from, to] })).windows.map(({ second }) => second)
  expect(seconds(5_000, 7_000)).toEqual([5, 6])
  expect(seconds(5_001, 7_000)).toEqual([6])
  expect(seconds(5_000, 6_999)).toEqual([5])
})

test('divides dropped requests without a tag among the tags in proportion to those sent', () => {
  const of = (tag: string | undefined, requests: readonly SampleRequest[], step = 'vote') => series(step, tag, requests)
  const all = [
    of('gold', every(10, 4500, 5500, { latencyMs: 5 })),
    of('free', every(10, 4500, 7500, { latencyMs: 5 })),
    of(undefined, [...every(10, 4500, 5000, { dropped: true }), ...every(10, 6000, 6510, { dropped: true })]),
    of(undefined, every(10, 4500, 5500, { dropped: true }), 'me'),
  ]
  const tagged = (tag: string) => totalsOf(all, PHASES, { ...WHOLE_RUN, tag }).sum
  // A quarter of 101, and the rest.
  expect(tagged('gold')).toMatchObject({ offered: 125, sent: 100, dropped: 25 })
  expect(tagged('free')).toMatchObject({ offered: 376, sent: 300, dropped: 76 })
  expect(totalsOf(all, PHASES, { ...WHOLE_RUN, step: 'vote' }).sum).toMatchObject({ offered: 501, dropped: 101 })
  const [first] = totalsOf(all, PHASES, { ...WHOLE_RUN, tag: 'gold' }).windows
  expect(first).toMatchObject({ second: 4, offered: 63, dropped: 13 })
  expect(tagged('gold').latency().infiniteCount).toBe(25)
})

test('the error rate is relative to requests due, and undefined if none was', () => {
  expect(totalsOf([], PHASES, WHOLE_RUN).errorRate).toBeUndefined()
  const wrong = [
    { atMs: 5_000, dropped: true },
    { atMs: 5_001, latencyMs: 5 },
  ]
  expect(totalsOf([series('a', undefined, wrong)], PHASES, WHOLE_RUN).errorRate).toBe(0.5)
})

test('scopeSeconds() returns how much of each second is in the scope', () => {
  const phases = [
    { name: 'warmup', startMs: 0, endMs: 1_500 },
    { name: 'steady', startMs: 1_500, endMs: 3_000 },
    { name: 'spike', startMs: 3_000, endMs: 3_400 },
    { name: 'steady', startMs: 3_400, endMs: 4_250 },
  ] as const
  expect([...scopeSeconds(phases, WHOLE_RUN)]).toEqual([
    [1, 500],
    [2, 1_000],
    [3, 1_000],
    [4, 250],
  ])
  expect([...scopeSeconds(phases, scope({ phase: 'steady', between: [2_000, 4_000] }))]).toEqual([
    [2, 1_000],
    [3, 600],
  ])
  expect([...scopeSeconds([], WHOLE_RUN)]).toEqual([])
})

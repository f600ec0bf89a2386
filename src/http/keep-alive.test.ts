import { describe, expect, test } from 'vitest'
import { ASK_MS, KeepAlive, SETTLE_MS } from './keep-alive.ts'

const SILENT = Number.POSITIVE_INFINITY

type Fate = 'used' | 'waits' | 'replaced'

/** What becomes of a request that is due then on a connection that has been idle for so long. */
function fate(keepAlive: KeepAlive, idleMs: number, nowMs: number, announcedMs = SILENT): Fate {
  if (keepAlive.isPastLimit(idleMs, announcedMs, nowMs)) return 'replaced'
  keepAlive.survived(idleMs)
  if (keepAlive.isProven(idleMs, announcedMs)) return 'used'
  if (!keepAlive.mayAsk(idleMs, nowMs)) return 'replaced'
  keepAlive.asks(nowMs)
  return 'waits'
}

describe('a target that announces nothing', () => {
  test('has its first connections left alone for a moment, until one has outlived its response', () => {
    const keepAlive = new KeepAlive()
    expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([SETTLE_MS, 0])
    keepAlive.survived(SETTLE_MS - 0.1)
    expect(keepAlive.settleMs).toBe(SETTLE_MS)
    keepAlive.survived(SETTLE_MS)
    expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([0, 100])
  })

  test('has one request wait for the close that may be due, and connections used that are idle for less', () => {
    const keepAlive = new KeepAlive()
    expect(fate(keepAlive, 99, 1_000)).toBe('used')
    expect(fate(keepAlive, 400, 1_000)).toBe('waits')
    keepAlive.outlived(400 + ASK_MS)
    expect(fate(keepAlive, 415, 1_021)).toBe('used')
  })

  test('has no more than one request in a second wait: the others replace their connections', () => {
    const keepAlive = new KeepAlive()
    const fates = [400, 400, 400].map((idleMs, at) => fate(keepAlive, idleMs, 1_000 + at))
    expect(fates).toEqual(['waits', 'replaced', 'replaced'])
    keepAlive.outlived(420)
    expect(fate(keepAlive, 900, 1_999)).toBe('replaced')
    expect(fate(keepAlive, 900, 2_000)).toBe('waits')
  })

  test('has connections replaced before the idle time after which it closes them', () => {
    const keepAlive = new KeepAlive()
    expect(fate(keepAlive, 990, 10_000)).toBe('waits')
    keepAlive.closed(1_000, 10_010)
    expect(fate(keepAlive, 940, 11_500)).toBe('used')
    expect(fate(keepAlive, 950, 11_500)).toBe('replaced')
    expect(fate(keepAlive, 984, 11_500)).toBe('replaced')
    expect(keepAlive.limitMs).toBeUndefined()
  })

  test('has one more request wait for a close that was seen once, and none once the limit is confirmed', () => {
    const keepAlive = new KeepAlive()
    expect(fate(keepAlive, 990, 10_000)).toBe('waits')
    keepAlive.closed(1_000, 10_010)
    expect(fate(keepAlive, 990, 10_260)).toBe('replaced')
    expect(fate(keepAlive, 990, 11_000)).toBe('waits')
    keepAlive.closed(1_001, 11_011)
    expect(keepAlive.limitMs).toBe(1_000)
    expect(fate(keepAlive, 990, 20_000)).toBe('replaced')
  })

  test('has a close that was seen once forgotten after three requests that waited for it in vain', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(480, 1_000)
    for (const nowMs of [2_000, 3_000, 4_000]) {
      expect(fate(keepAlive, 500, nowMs)).toBe('waits')
      expect(fate(keepAlive, 500, nowMs + 1)).toBe('replaced')
      keepAlive.outlived(500 + ASK_MS)
    }
    expect(fate(keepAlive, 500, 4_021)).toBe('used')
  })

  test('has no connection used again if it closes each after its response', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(0.3, 10)
    expect(keepAlive.settleMs).toBe(0)
    expect(keepAlive.unquestionedMs).toBeLessThanOrEqual(0)
    expect(fate(keepAlive, 0, 20)).toBe('replaced')
    keepAlive.closed(0.4, 300)
    expect(keepAlive.limitMs).toBe(0.3)
  })

  test('is not taken for one that closes idle connections when it closes all of them at once', () => {
    const keepAlive = new KeepAlive()
    keepAlive.survived(10_000)
    expect(fate(keepAlive, 500, 10_000)).toBe('used')
    for (const idleMs of [3, 250, 499, 4_999]) keepAlive.closed(idleMs, 10_000)
    expect(fate(keepAlive, 500, 10_300)).toBe('used')
    expect(keepAlive.limitMs).toBeUndefined()
  })

  test('has a limit forgotten that a connection outlives twice over', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(200, 1_000)
    keepAlive.closed(200, 2_000)
    expect(keepAlive.limitMs).toBe(200)
    expect(fate(keepAlive, 190, 2_000)).toBe('replaced')
    expect(fate(keepAlive, 650, 3_000)).toBe('replaced')
    expect(fate(keepAlive, 651, 3_000)).toBe('waits')
    expect(keepAlive.limitMs).toBeUndefined()
    expect(fate(keepAlive, 190, 3_000)).toBe('used')
  })
})

describe('a target that announces how long it keeps connections', () => {
  test('has them used for nearly that long, and no request wait', () => {
    const keepAlive = new KeepAlive()
    keepAlive.announced(5_000)
    expect([keepAlive.settleMs, keepAlive.unquestionedMs, keepAlive.limitMs]).toEqual([0, 100, 5_000])
    expect(fate(keepAlive, 4_749, 9_000, 5_000)).toBe('used')
    expect(fate(keepAlive, 4_750, 9_000, 5_000)).toBe('replaced')
    expect(fate(keepAlive, 949, 9_000, 1_000)).toBe('used')
    expect(fate(keepAlive, 950, 9_000, 1_000)).toBe('replaced')
    expect(fate(keepAlive, 74_001, 90_000, 75_000)).toBe('replaced')
  })

  test('is not believed if it closes them earlier', () => {
    const keepAlive = new KeepAlive()
    keepAlive.announced(5_000)
    keepAlive.closed(2_000, 9_000)
    expect(fate(keepAlive, 1_899, 9_000, 5_000)).toBe('used')
    expect(fate(keepAlive, 1_900, 9_000, 5_000)).toBe('replaced')
  })
})

test('what comes after a response is waited for, once a target has sent more than one', () => {
  const keepAlive = new KeepAlive()
  keepAlive.announced(5_000)
  keepAlive.distrust()
  keepAlive.survived(1_000)
  expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([SETTLE_MS, 0])
})

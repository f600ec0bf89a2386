import { describe, expect, test } from 'vitest'
import { ASK_MS, KeepAlive, SETTLE_MS } from './keep-alive.ts'

const SILENT = Number.POSITIVE_INFINITY

type Decision = 'used' | 'waits' | 'replaced'

/** Decision for a request that is due at `nowMs` on a connection that has been idle for `idleMs`. */
function decide(keepAlive: KeepAlive, idleMs: number, nowMs: number, announcedMs = SILENT): Decision {
  if (keepAlive.isPastLimit(idleMs, announcedMs, nowMs)) return 'replaced'
  keepAlive.survived(idleMs)
  if (keepAlive.isProven(idleMs, announcedMs)) return 'used'
  if (!keepAlive.mayAsk(idleMs, nowMs)) return 'replaced'
  keepAlive.asks(nowMs)
  return 'waits'
}

describe('a target that announces nothing', () => {
  test('gets a pause after each response, until a connection stays open after one', () => {
    const keepAlive = new KeepAlive()
    expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([SETTLE_MS, 0])
    keepAlive.survived(SETTLE_MS - 0.1)
    expect(keepAlive.settleMs).toBe(SETTLE_MS)
    keepAlive.survived(SETTLE_MS)
    expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([0, 100])
  })

  test('lets one request wait for a possible close, and then reuses connections that are idle for less', () => {
    const keepAlive = new KeepAlive()
    expect(decide(keepAlive, 99, 1_000)).toBe('used')
    expect(decide(keepAlive, 400, 1_000)).toBe('waits')
    keepAlive.outlived(400 + ASK_MS)
    expect(decide(keepAlive, 415, 1_021)).toBe('used')
  })

  test('lets at most one request per second wait, and the others replace their connections', () => {
    const keepAlive = new KeepAlive()
    const decisions = [400, 400, 400].map((idleMs, at) => decide(keepAlive, idleMs, 1_000 + at))
    expect(decisions).toEqual(['waits', 'replaced', 'replaced'])
    keepAlive.outlived(420)
    expect(decide(keepAlive, 900, 1_999)).toBe('replaced')
    expect(decide(keepAlive, 900, 2_000)).toBe('waits')
  })

  test('has its connections replaced before the idle time after which it closes them', () => {
    const keepAlive = new KeepAlive()
    expect(decide(keepAlive, 990, 10_000)).toBe('waits')
    keepAlive.closed(1_000, 10_010)
    expect(decide(keepAlive, 940, 11_500)).toBe('used')
    expect(decide(keepAlive, 950, 11_500)).toBe('replaced')
    expect(decide(keepAlive, 984, 11_500)).toBe('replaced')
    expect(keepAlive.limitMs).toBeUndefined()
  })

  test('lets one more request wait after the first close, and none after the limit is confirmed', () => {
    const keepAlive = new KeepAlive()
    expect(decide(keepAlive, 990, 10_000)).toBe('waits')
    keepAlive.closed(1_000, 10_010)
    expect(decide(keepAlive, 990, 10_260)).toBe('replaced')
    expect(decide(keepAlive, 990, 11_000)).toBe('waits')
    keepAlive.closed(1_001, 11_011)
    expect(keepAlive.limitMs).toBe(1_000)
    expect(decide(keepAlive, 990, 20_000)).toBe('replaced')
  })

  test('loses a limit that was seen once after three waits without a close', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(480, 1_000)
    for (const nowMs of [2_000, 3_000, 4_000]) {
      expect(decide(keepAlive, 500, nowMs)).toBe('waits')
      expect(decide(keepAlive, 500, nowMs + 1)).toBe('replaced')
      keepAlive.outlived(500 + ASK_MS)
    }
    expect(decide(keepAlive, 500, 4_021)).toBe('used')
  })

  test('has no connection reused if it closes each after its response', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(0.3, 10)
    expect(keepAlive.settleMs).toBe(0)
    expect(keepAlive.unquestionedMs).toBeLessThanOrEqual(0)
    expect(decide(keepAlive, 0, 20)).toBe('replaced')
    keepAlive.closed(0.4, 300)
    expect(keepAlive.limitMs).toBe(0.3)
  })

  test('gets no limit if it closes all connections together', () => {
    const keepAlive = new KeepAlive()
    keepAlive.survived(10_000)
    expect(decide(keepAlive, 500, 10_000)).toBe('used')
    for (const idleMs of [3, 250, 499, 4_999]) keepAlive.closed(idleMs, 10_000)
    expect(decide(keepAlive, 500, 10_300)).toBe('used')
    expect(keepAlive.limitMs).toBeUndefined()
  })

  test('loses a limit that a connection outlives by more than twice', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(200, 1_000)
    keepAlive.closed(200, 2_000)
    expect(keepAlive.limitMs).toBe(200)
    expect(decide(keepAlive, 190, 2_000)).toBe('replaced')
    expect(decide(keepAlive, 650, 3_000)).toBe('replaced')
    expect(decide(keepAlive, 651, 3_000)).toBe('waits')
    expect(keepAlive.limitMs).toBeUndefined()
    expect(decide(keepAlive, 190, 3_000)).toBe('used')
  })
})

describe('a target that announces how long it keeps connections', () => {
  test('has them reused for nearly that long, and lets no request wait', () => {
    const keepAlive = new KeepAlive()
    keepAlive.announced(5_000)
    expect([keepAlive.settleMs, keepAlive.unquestionedMs, keepAlive.limitMs]).toEqual([0, 100, 5_000])
    expect(decide(keepAlive, 4_749, 9_000, 5_000)).toBe('used')
    expect(decide(keepAlive, 4_750, 9_000, 5_000)).toBe('replaced')
    expect(decide(keepAlive, 949, 9_000, 1_000)).toBe('used')
    expect(decide(keepAlive, 950, 9_000, 1_000)).toBe('replaced')
    expect(decide(keepAlive, 74_001, 90_000, 75_000)).toBe('replaced')
  })

  test('gets a shorter limit if it closes them earlier', () => {
    const keepAlive = new KeepAlive()
    keepAlive.announced(5_000)
    keepAlive.closed(2_000, 9_000)
    expect(decide(keepAlive, 1_899, 9_000, 5_000)).toBe('used')
    expect(decide(keepAlive, 1_900, 9_000, 5_000)).toBe('replaced')
  })
})

test('each response is followed by a pause once the target has sent surplus bytes', () => {
  const keepAlive = new KeepAlive()
  keepAlive.announced(5_000)
  keepAlive.distrust()
  keepAlive.survived(1_000)
  expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([SETTLE_MS, 0])
})

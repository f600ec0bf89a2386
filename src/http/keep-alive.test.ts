import { describe, expect, test } from 'vitest'
import { KeepAlive, SETTLE_MS } from './keep-alive.ts'

const SILENT = Number.POSITIVE_INFINITY

/** A probe since then, which notes whether it was closed. */
function probe(usedMs: number) {
  return {
    usedMs,
    isClosed: false,
    close() {
      this.isClosed = true
    },
  }
}

function mayUse(keepAlive: KeepAlive, idleMs: number, announcedMs: number, nowMs: number): boolean {
  return !keepAlive.isPastLimit(idleMs, announcedMs) && keepAlive.isProven(idleMs, announcedMs, nowMs)
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

  test('has a connection used after an idle time that another one has survived, and replaced if none has', () => {
    const keepAlive = new KeepAlive()
    expect(mayUse(keepAlive, 99, SILENT, 1_000)).toBe(true)
    expect(mayUse(keepAlive, 400, SILENT, 1_000)).toBe(false)
    expect(keepAlive.wantsProbe).toBe(true)
    keepAlive.watch(probe(600))
    expect(keepAlive.wantsProbe).toBe(false)
    expect(mayUse(keepAlive, 400, SILENT, 1_004)).toBe(false)
    expect(mayUse(keepAlive, 400, SILENT, 1_005)).toBe(true)
    expect(mayUse(keepAlive, 900, SILENT, 1_600)).toBe(true)
    expect(mayUse(keepAlive, 1_000, SILENT, 1_600)).toBe(false)
  })

  test('has connections replaced before the idle time after which it closes them', () => {
    const keepAlive = new KeepAlive()
    keepAlive.watch(probe(0))
    keepAlive.probeClosed(1_000)
    expect(mayUse(keepAlive, 949, SILENT, 1_001)).toBe(false)
    keepAlive.watch(probe(1_000))
    expect(mayUse(keepAlive, 949, SILENT, 1_960)).toBe(true)
    expect(mayUse(keepAlive, 950, SILENT, 1_999)).toBe(false)
    expect(keepAlive.limitMs).toBeUndefined()
    keepAlive.probeClosed(2_001)
    expect(keepAlive.limitMs).toBe(1_000)
    expect(keepAlive.wantsProbe).toBe(false)
  })

  test('has no connection used again if it closes each after its response', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(0.3, 10)
    expect(keepAlive.settleMs).toBe(0)
    expect(keepAlive.unquestionedMs).toBeLessThanOrEqual(0)
    expect(mayUse(keepAlive, 0, SILENT, 20)).toBe(false)
    keepAlive.closed(0.4, 300)
    expect(keepAlive.limitMs).toBe(0.3)
  })

  test('is not taken for one that closes idle connections when it closes all of them at once', () => {
    const keepAlive = new KeepAlive()
    keepAlive.watch(probe(0))
    expect(mayUse(keepAlive, 500, SILENT, 10_000)).toBe(true)
    for (const idleMs of [3, 250, 499, 4_999]) keepAlive.closed(idleMs, 10_000)
    expect(mayUse(keepAlive, 500, SILENT, 10_300)).toBe(true)
    expect(keepAlive.limitMs).toBeUndefined()
  })

  test('has a limit forgotten that a connection outlives twice over', () => {
    const keepAlive = new KeepAlive()
    keepAlive.closed(200, 1_000)
    keepAlive.closed(200, 2_000)
    expect(keepAlive.limitMs).toBe(200)
    expect(mayUse(keepAlive, 190, SILENT, 2_000)).toBe(false)
    keepAlive.survived(401)
    expect(keepAlive.limitMs).toBeUndefined()
    expect(mayUse(keepAlive, 190, SILENT, 2_000)).toBe(true)
  })
})

describe('a target that announces how long it keeps connections', () => {
  test('has them used for nearly that long, without a probe', () => {
    const keepAlive = new KeepAlive()
    keepAlive.announced(5_000)
    expect([keepAlive.settleMs, keepAlive.unquestionedMs, keepAlive.limitMs]).toEqual([0, 100, 5_000])
    expect(mayUse(keepAlive, 4_749, 5_000, 9_000)).toBe(true)
    expect(mayUse(keepAlive, 4_750, 5_000, 9_000)).toBe(false)
    expect(mayUse(keepAlive, 949, 1_000, 9_000)).toBe(true)
    expect(mayUse(keepAlive, 950, 1_000, 9_000)).toBe(false)
    expect(mayUse(keepAlive, 74_001, 75_000, 90_000)).toBe(false)
  })

  test('is not believed if it closes them earlier', () => {
    const keepAlive = new KeepAlive()
    keepAlive.announced(5_000)
    keepAlive.closed(2_000, 9_000)
    expect(mayUse(keepAlive, 1_899, 5_000, 9_000)).toBe(true)
    expect(mayUse(keepAlive, 1_900, 5_000, 9_000)).toBe(false)
  })
})

test('what comes after a response is waited for, once a target has sent more than one', () => {
  const keepAlive = new KeepAlive()
  keepAlive.announced(5_000)
  keepAlive.distrust()
  keepAlive.survived(1_000)
  expect([keepAlive.settleMs, keepAlive.unquestionedMs]).toEqual([SETTLE_MS, 0])
})

test('a probe is closed with the run', () => {
  const keepAlive = new KeepAlive()
  const watched = probe(0)
  keepAlive.watch(watched)
  keepAlive.close()
  keepAlive.close()
  expect(watched.isClosed).toBe(true)
})

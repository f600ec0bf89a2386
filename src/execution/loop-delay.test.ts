import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { LoopDelay } from './loop-delay.ts'

afterEach(() => void vi.restoreAllMocks())

/** Delay of a loop whose measurements are late by `lateMs`, one after the other, and which then blocks until it stops. */
function delayOf(lateMs: readonly number[], untilStopMs = 0): LoopDelay {
  let nowMs = 1_000
  let measure = () => {}
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.spyOn(globalThis, 'setInterval').mockImplementation((task) => {
    measure = task
    return {} as NodeJS.Timeout
  })
  const delay = new LoopDelay()
  delay.start()
  for (const ms of lateMs) {
    nowMs += 10 + ms
    measure()
  }
  nowMs += untilStopMs
  delay.stop()
  return delay
}

const intervals = (count: number, lateMs: number) => Array.from({ length: count }, () => lateMs)
const times = (count: number, part: readonly number[]) => Array.from({ length: count }, () => part).flat()

test('is 0 if it was never started', () => {
  expect(new LoopDelay().stats).toEqual({
    p50Ms: 0,
    p95Ms: 0,
    p99Ms: 0,
    sustainedP99Ms: 0,
    maxMs: 0,
    blocks: { count: 0, totalMs: 0 },
  })
})

test('counts the blocks that may change a percentile', () => {
  const { blocks } = delayOf([...intervals(100, 4), 6, ...intervals(100, 0), 200], 40).stats
  expect(blocks?.count).toBe(3)
  expect(blocks?.totalMs).toBeCloseTo(6 + 200 + 30, -0.5)
})

test('weights blocks by time: 300 ms every two seconds are 15% of it', () => {
  const { stats } = delayOf(times(4, [...intervals(170, 0), 300]))
  expect(stats.p50Ms).toBe(0)
  expect(stats.p95Ms).toBeCloseTo(200, -1)
  expect(stats.p99Ms).toBeCloseTo(280, -1)
  expect(stats.sustainedP99Ms).toBeCloseTo(273, -1)
  expect(stats.maxMs).toBe(300)
})

test('leaves one pause in eight seconds out of the sustained delay', () => {
  const { stats } = delayOf([...intervals(400, 0.3), 200, ...intervals(400, 0.3)])
  expect(stats.p99Ms).toBeGreaterThan(100)
  expect(stats.maxMs).toBe(200)
  expect(stats.p95Ms).toBeLessThan(0.5)
  expect(stats.sustainedP99Ms).toBeLessThan(0.5)
})

test('counts a block that lasts until stop()', () => {
  expect(delayOf(intervals(100, 0), 510).stats.maxMs).toBe(500)
})

test('discards what was measured when it is restarted', () => {
  const delay = delayOf([500])
  delay.start()
  delay.stop()
  expect(delay.stats.maxMs).toBe(0)
})

const ms = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 500, noNaN: true }))

test('a percentile is the wait that is exceeded in the rest of the time, for all blocks', () => {
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), (lateMs) => {
      const { p50Ms, p95Ms = Number.NaN, p99Ms } = delayOf(lateMs, 10).stats
      const wholeMs = [...lateMs, 0].reduce((sum, late) => sum + 10 + late, 0)
      const exceeding = (waitMs: number) => lateMs.reduce((sum, late) => sum + Math.max(0, late - waitMs), 0) / wholeMs
      const found = [
        { p: 0.5, waitMs: p50Ms },
        { p: 0.95, waitMs: p95Ms },
        { p: 0.99, waitMs: p99Ms },
      ]
      // The histogram keeps three digits.
      for (const { p, waitMs } of found) expect(exceeding(waitMs * 1.002 + 0.002)).toBeLessThanOrEqual(1 - p + 1e-3)
      for (const { p, waitMs } of found.filter((each) => each.waitMs > 0))
        expect(exceeding(waitMs * 0.998 - 0.002)).toBeGreaterThanOrEqual(1 - p - 1e-3)
    }),
  )
})

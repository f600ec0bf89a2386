import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { LoopDelay } from './loop-delay.ts'

afterEach(() => void vi.restoreAllMocks())

/** A loop whose looks are so late, one after the other; what is left of the last one is seen when the watch stops. */
function watched(lateMs: readonly number[], untilStopMs = 0): LoopDelay {
  let nowMs = 1_000
  let look = () => {}
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  vi.spyOn(globalThis, 'setInterval').mockImplementation((task) => {
    look = task
    return {} as NodeJS.Timeout
  })
  const delay = new LoopDelay()
  delay.start()
  for (const ms of lateMs) {
    nowMs += 10 + ms
    look()
  }
  nowMs += untilStopMs
  delay.stop()
  return delay
}

const looks = (count: number, lateMs: number) => Array.from({ length: count }, () => lateMs)
const times = (count: number, part: readonly number[]) => Array.from({ length: count }, () => part).flat()

test('a loop that was never looked at was not late', () => {
  expect(new LoopDelay().stats).toEqual({ p50Ms: 0, p95Ms: 0, p99Ms: 0, sustainedP99Ms: 0, maxMs: 0 })
})

test('blocks are weighed by time: 300 ms every two seconds are 15% of it', () => {
  const { stats } = watched(times(4, [...looks(170, 0), 300]))
  expect(stats.p50Ms).toBe(0)
  expect(stats.p95Ms).toBeCloseTo(200, -1)
  expect(stats.p99Ms).toBeCloseTo(280, -1)
  expect(stats.sustainedP99Ms).toBeCloseTo(273, -1)
  expect(stats.maxMs).toBe(300)
})

test('one pause in eight seconds is left out of what was sustained', () => {
  const { stats } = watched([...looks(400, 0.3), 200, ...looks(400, 0.3)])
  expect(stats.p99Ms).toBeGreaterThan(100)
  expect(stats.maxMs).toBe(200)
  expect(stats.p95Ms).toBeLessThan(0.5)
  expect(stats.sustainedP99Ms).toBeLessThan(0.5)
})

test('a block that lasts until the watch stops counts', () => {
  expect(watched(looks(100, 0), 510).stats.maxMs).toBe(500)
})

test('beginning again forgets what was measured', () => {
  const delay = watched([500])
  delay.start()
  delay.stop()
  expect(delay.stats.maxMs).toBe(0)
})

const ms = fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 500, noNaN: true }))

test('a percentile is the wait that the rest of all instants exceeds, whatever the blocks', () => {
  fc.assert(
    fc.property(fc.array(ms, { minLength: 1, maxLength: 300 }), (lateMs) => {
      const { p50Ms, p95Ms = Number.NaN, p99Ms } = watched(lateMs, 10).stats
      const wholeMs = [...lateMs, 0].reduce((sum, late) => sum + 10 + late, 0)
      const share = (waitMs: number) => lateMs.reduce((sum, late) => sum + Math.max(0, late - waitMs), 0) / wholeMs
      const found = [
        { p: 0.5, waitMs: p50Ms },
        { p: 0.95, waitMs: p95Ms },
        { p: 0.99, waitMs: p99Ms },
      ]
      // The histogram keeps three digits.
      for (const { p, waitMs } of found) expect(share(waitMs * 1.002 + 0.002)).toBeLessThanOrEqual(1 - p + 1e-3)
      for (const { p, waitMs } of found.filter((each) => each.waitMs > 0))
        expect(share(waitMs * 0.998 - 0.002)).toBeGreaterThanOrEqual(1 - p - 1e-3)
    }),
  )
})

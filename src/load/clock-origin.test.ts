import { expect, test } from 'vitest'
import { clockOriginMs } from './clock-origin.ts'

test("returns the zero of this thread's clock on the machine's monotonic clock", () => {
  const before = Number(process.hrtime.bigint()) / 1e6
  const nowMs = clockOriginMs() + performance.now()
  const after = Number(process.hrtime.bigint()) / 1e6
  // The two clocks are read one after the other, so the origin may be slightly late, but never early.
  expect(nowMs).toBeGreaterThanOrEqual(before)
  expect(nowMs).toBeLessThanOrEqual(after + 1)
})

test('uses the pair of readings with the least time in between', () => {
  const own = performance.now()
  expect(clockOriginMs()).toBeLessThanOrEqual(Number(process.hrtime.bigint()) / 1e6 - own)
})

import { expect, test } from 'vitest'
import { clockOriginMs } from './clock-origin.ts'

test("is the zero of this thread's clock on the machine's own", () => {
  const before = Number(process.hrtime.bigint()) / 1e6
  const nowMs = clockOriginMs() + performance.now()
  const after = Number(process.hrtime.bigint()) / 1e6
  // The two clocks are read one after the other, so that the origin may lie a little late, never early.
  expect(nowMs).toBeGreaterThanOrEqual(before)
  expect(nowMs).toBeLessThanOrEqual(after + 1)
})

test('of several readings, the one between which the least time passed counts', () => {
  const own = performance.now()
  expect(clockOriginMs()).toBeLessThanOrEqual(Number(process.hrtime.bigint()) / 1e6 - own)
})

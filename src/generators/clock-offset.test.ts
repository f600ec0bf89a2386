import fc from 'fast-check'
import { expect, test } from 'vitest'
import { clockBetween, measureOffset } from './clock-offset.ts'
import { startSkew } from './start-skew.ts'

const HOUR_MS = 3_600_000

/** A generator whose clock has an offset and a drift, and the ways of its messages in true milliseconds. */
function machine(offsetMs: number, driftPpm: number, wayMs: () => number) {
  let trueMs = 0
  const now = () => offsetMs + trueMs * (1 + driftPpm / 1e6)
  return {
    now,
    pass(ms: number) {
      trueMs += ms
    },
    get trueMs() {
      return trueMs
    },
    async readClock() {
      const sentMs = now()
      trueMs += wayMs()
      const sharedMs = trueMs
      trueMs += wayMs()
      return { sentMs, sharedMs, receivedMs: now() }
    },
  }
}

const way = fc.double({ min: 0, max: 70, noNaN: true })

test('the error bound contains the true offset, whatever the clocks and the ways', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: -HOUR_MS, max: HOUR_MS, noNaN: true }),
      fc.double({ min: -200, max: 200, noNaN: true }),
      fc.array(way, { minLength: 84, maxLength: 84 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (offsetMs, driftPpm, ways, part) => {
        let next = 0
        const one = machine(offsetMs, driftPpm, () => ways[next++]!)
        const before = await measureOffset(() => one.readClock())
        const [fromMs, fromTrueMs] = [one.now(), one.trueMs]
        const runMs = 60_000
        one.pass(runMs)
        const clock = clockBetween(before, await measureOffset(() => one.readClock()))
        const trueMs = fromTrueMs + part * runMs
        const atMs = fromMs + part * runMs * (1 + driftPpm / 1e6)
        // Up to 0.2 ms of drift between the shortest round trip and the others.
        expect(Math.abs(clock.toSharedMs(atMs) - trueMs)).toBeLessThanOrEqual(clock.errorMs + 1)
      },
    ),
  )
})

test('measures a drift, and the longest round trip', async () => {
  const ways = [1, 1, 30, 1]
  let next = 0
  const one = machine(HOUR_MS, 200, () => ways[next++] ?? 1)
  const before = await measureOffset(() => one.readClock())
  expect(before.worstRoundTripMs).toBeCloseTo(31, 1)
  expect(before.errorMs).toBeCloseTo(1, 3)
  one.pass(600_000)
  const clock = clockBetween(before, await measureOffset(() => one.readClock()))
  expect(clock.driftPpm).toBeCloseTo(-200, 0)
})

test('the skew and its error contain the greatest distance that the starts can have', () => {
  const start = fc.record({
    trueMs: fc.nat(100),
    errorMs: fc.nat(50),
    part: fc.double({ min: -1, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(start, { minLength: 1, maxLength: 8 }), (starts) => {
      const measured = starts.map(({ trueMs, errorMs, part }) => ({ startedMs: trueMs + part * errorMs, errorMs }))
      const { skewMs, errorMs, offsetsMs } = startSkew(measured)
      const trueMs = starts.map((one) => one.trueMs)
      expect(Math.max(...trueMs) - Math.min(...trueMs)).toBeLessThanOrEqual(skewMs + errorMs + 1e-9)
      expect(Math.min(...offsetsMs)).toBe(0)
      expect(errorMs).toBeGreaterThanOrEqual(-1e-9)
    }),
  )
  expect(startSkew([{ startedMs: 5, errorMs: 1 }])).toEqual({ skewMs: 0, errorMs: 2, offsetsMs: [0] })
})

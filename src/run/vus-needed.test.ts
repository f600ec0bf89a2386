import { expect, test } from 'vitest'
import { constantArrivalRate, constantVus, rampingArrivalRate } from '../load/builders.ts'
import { Tally } from './tally.ts'
import { vusNeeded } from './vus-needed.ts'

/** So many iterations that held their VU so long each. */
function held(iterations: number, ms: number): Tally {
  const tally = new Tally()
  tally.iterations = iterations
  tally.heldMs = iterations * ms
  return tally
}

const rate = (perSec: number, vus: number) => constantArrivalRate({ rate: perSec, vus, duration: '10s' })

test('VUs that carry the rate are enough, and half as many again leave room for bursts', () => {
  // 100/s × 200 ms = 20.
  expect(vusNeeded(rate(100, 20), held(50, 200))).toEqual({ vusNeeded: 30, warnings: [] })
  expect(vusNeeded(rate(100, 40), held(50, 200))).toEqual({ vusNeeded: 60, warnings: [] })
})

test('too few are a warning with the number it takes', () => {
  expect(vusNeeded(rate(100, 19), held(50, 200))).toEqual({
    vusNeeded: 30,
    warnings: [
      'vus: 19 cannot carry 100/s of iterations that take 200 ms each; that takes 20, with room for bursts 30',
    ],
  })
})

test('a ramp needs them for its highest rate, which may be its first', () => {
  const ramp = (startRate: number, target: number) =>
    rampingArrivalRate({ startRate, stages: [{ target, duration: '10s' }], vus: 10 })
  expect(vusNeeded(ramp(10, 100), held(50, 200)).vusNeeded).toBe(30)
  expect(vusNeeded(ramp(100, 10), held(50, 200)).vusNeeded).toBe(30)
})

test('nobody can say where no iteration ended, and nobody asks in a closed model', () => {
  const none = { vusNeeded: undefined, warnings: [] }
  expect(vusNeeded(rate(100, 1), held(0, 0))).toEqual(none)
  expect(vusNeeded(constantVus({ vus: 1, duration: '10s' }), held(50, 200))).toEqual(none)
})

import { describe, expect, test } from 'vitest'
import { constantArrivalRate, constantVus, rampingArrivalRate } from '../load/builders.ts'
import { Tally } from './tally.ts'
import { fewOf, peakRate, vuDemand, vusFor, withRoom, type VuUse } from './vu-demand.ts'

const rate = (perSec: number, vus: number) => constantArrivalRate({ rate: perSec, vus, duration: '10s' })

/** Four iterations of 300 ms, of which one was 200 ms long under light load. */
function busy(more: Partial<VuUse> = {}): VuUse {
  const tally = new Tally()
  for (const ms of [300, 300, 400]) tally.countIteration(ms, false, false)
  tally.countIteration(200, false, true)
  return { iterations: tally.iterations, wereAllBusy: true, patienceMs: 10_000, ...more }
}

describe('vuDemand', () => {
  test('warns if the VUs cannot carry the rate while the target is lightly loaded', () => {
    // 100/s × 200 ms = 20.
    expect(vuDemand(rate(100, 20), busy())).toEqual({
      vuDemand: { vus: 20, lightMs: 200, busyMs: 300, patienceMs: 10_000 },
      warnings: [],
    })
    expect(vuDemand(rate(100, 19), busy())).toEqual({
      vuDemand: { vus: 19, lightMs: 200, busyMs: 300, patienceMs: 10_000 },
      warnings: [
        'vus: 19 cannot carry 100/s of iterations that take 200 ms each; that takes 20, with room for bursts 30',
      ],
    })
  })

  test('is undefined if a VU was always free, if every iteration had an error, and in a closed model', () => {
    const none = { vuDemand: undefined, warnings: [] }
    expect(vuDemand(rate(100, 19), busy({ wereAllBusy: false }))).toEqual(none)
    expect(vuDemand(rate(100, 1), busy({ iterations: new Tally().iterations }))).toEqual(none)
    expect(vuDemand(constantVus({ vus: 1, duration: '10s' }), busy())).toEqual(none)
  })

  test('uses the highest rate of a ramp, which may be its first', () => {
    const ramp = (startRate: number, target: number) =>
      rampingArrivalRate({ startRate, stages: [{ target, duration: '10s' }], vus: 10 })
    expect(vuDemand(ramp(10, 100), busy()).warnings[0]).toContain('takes 20')
    expect(vuDemand(ramp(100, 10), busy()).warnings[0]).toContain('takes 20')
  })
})

test('vusFor() returns the number of overlapping iterations, and withRoom() adds half for bursts', () => {
  expect(vusFor({ lightMs: 50 }, 100)).toBe(5)
  expect(vusFor({ lightMs: 51 }, 100)).toBe(6)
  expect(withRoom(5)).toBe(8)
})

test('fewOf() returns a tenth of the VUs, and at least one', () => {
  expect([1, 9, 10, 19, 20, 2_000].map(fewOf)).toEqual([1, 1, 1, 1, 2, 200])
})

test('peakRate() returns the rate at an end of the period, or of a stage that ends within it', () => {
  const load = rampingArrivalRate({
    startRate: 0,
    stages: [
      { target: 100, duration: '10s' },
      { target: 0, duration: '10s' },
    ],
    vus: 10,
  })
  expect(peakRate(load)).toBe(100)
  expect(peakRate(load, 2_000, 3_000)).toBe(30)
  expect(peakRate(load, 9_500, 10_500)).toBe(100)
  expect(peakRate(load, 15_000, 16_000)).toBe(50)
  expect(peakRate(load, 25_000, 26_000)).toBe(0)
  expect(peakRate(constantVus({ vus: 1, duration: '1s' }))).toBe(0)
})

import { describe, expect, it } from 'vitest'
import {
  constantArrivalRate,
  constantVus,
  rampingArrivalRate,
  rampingVus,
  sharedIterations,
  spike,
} from './builders.ts'
import { describeLoad, durationOf, isOpen, maxVusOf, offeredIterations, phasesOf } from './describe.ts'
import type { Load } from './load.ts'

const soak = rampingVus({
  stages: [
    { target: 5_000, duration: '2m' },
    { target: 5_000, duration: '10m' },
    { target: 0, duration: '30s' },
  ],
  thinkTime: { min: '1s', max: '3s' },
})

describe('describeLoad', () => {
  it.each<[Load, string]>([
    [constantArrivalRate({ rate: 200, vus: 2_000, duration: '60s' }), 'constantArrivalRate 200/s, 2,000 VUs, 60s'],
    [
      constantArrivalRate({ rate: 0.5, vus: 1, duration: '5m', arrivals: 'poisson' }),
      'constantArrivalRate 0.5/s, 1 VU, 5m, Poisson arrivals',
    ],
    [constantVus({ vus: 50, duration: '90s' }), 'constantVus 50 VUs, 90s'],
    [constantVus({ vus: 50, duration: '1h', thinkTime: '500ms' }), 'constantVus 50 VUs, 1h, think time 500ms'],
    [
      constantVus({ vus: 50, duration: '1h', thinkTime: '500ms', isStaggered: false }),
      'constantVus 50 VUs, 1h, think time 500ms, not staggered',
    ],
    [
      rampingVus({ stages: [{ target: 5, duration: '1m' }], thinkTime: '1s', isStaggered: false }),
      'rampingVus 0 VUs → 5 VUs (60s), think time 1s, not staggered',
    ],
    [soak, 'rampingVus 0 VUs → 5,000 VUs (2m) → 5,000 VUs (10m) → 0 VUs (30s), think time 1s–3s'],
    [
      spike({ rate: 200, duration: '60s', vus: 2_000 }),
      'rampingArrivalRate 20/s → 20/s (10s) → 200/s (jump) → 200/s (spike, 60s) → 20/s (jump) → 20/s (10s), 2,000 VUs',
    ],
    [sharedIterations({ iterations: 1_000, vus: 50 }), 'sharedIterations 1,000 iterations, 50 VUs, at most 10m'],
  ])('describes load %# in one line', (load, line) => {
    expect(describeLoad(load)).toBe(line)
  })
})

describe('phases', () => {
  const names = (load: Load) => phasesOf(load).map(({ name, startMs, endMs }) => `${name} ${startMs}–${endMs}`)
  const ramp = (...targets: number[]) =>
    rampingArrivalRate({ startRate: 10, stages: targets.map((target) => ({ target, duration: 1_000 })), vus: 1 })

  it('are derived from the changes of the load', () => {
    expect(names(soak)).toEqual(['ramp 0–120000', 'steady 120000–720000', 'cooldown 720000–750000'])
    expect(names(ramp(10))).toEqual(['steady 0–1000'])
    expect(names(ramp(5, 20, 20, 10, 5))).toEqual(['ramp 0–2000', 'steady 2000–3000', 'cooldown 3000–5000'])
  })

  it('include the time at 0 after the last ramp down in the cool-down, but not a dip in the middle', () => {
    expect(names(ramp(10, 0, 0))).toEqual(['steady 0–1000', 'cooldown 1000–3000'])
    expect(names(ramp(5, 10, 10))).toEqual(['ramp 0–2000', 'steady 2000–3000'])
  })

  it('are those of the stages, if the stages set them', () => {
    const load = spike({ rate: 200, duration: '60s', vus: 5, rampUp: '5s' })
    expect(names(load)).toEqual(['steady 0–10000', 'ramp 10000–15000', 'spike 15000–75000', 'cooldown 75000–85000'])
  })

  it('omit jumps', () => {
    const stages = [
      { target: 20, duration: 0 },
      { target: 20, duration: 1_000 },
      { target: 0, duration: 0 },
    ]
    expect(names(rampingArrivalRate({ stages, vus: 1 }))).toEqual(['steady 0–1000'])
  })

  it('are steady throughout if the load is constant', () => {
    expect(names(constantVus({ vus: 1, duration: 500 }))).toEqual(['steady 0–500'])
    expect(names(sharedIterations({ iterations: 1, vus: 1, maxDuration: 700 }))).toEqual(['steady 0–700'])
  })
})

describe('sizes', () => {
  it('of open loads are exact', () => {
    expect(offeredIterations(constantArrivalRate({ rate: 50, vus: 1, duration: '1m' }))).toBe(3_000)
    expect(offeredIterations(spike({ rate: 200, duration: '60s', vus: 5 }))).toBe(12_400)
    expect(offeredIterations(rampingArrivalRate({ stages: [{ target: 100, duration: '10s' }], vus: 1 }))).toBe(500)
    expect(offeredIterations(constantArrivalRate({ rate: 1 / 3, vus: 1, duration: '3s' }))).toBe(1)
  })

  it('of fractions are rounded to the nearest, a half down', () => {
    const offered = (rate: number) => offeredIterations(constantArrivalRate({ rate, vus: 1, duration: '1s' }))
    expect([1.4, 1.5, 1.6, 2.5].map(offered)).toEqual([1, 1, 2, 2])
  })

  it('of closed loads are known only for shared iterations', () => {
    expect(offeredIterations(soak)).toBeUndefined()
    expect(offeredIterations(constantVus({ vus: 1, duration: 1 }))).toBeUndefined()
    expect(offeredIterations(sharedIterations({ iterations: 7, vus: 1 }))).toBe(7)
  })

  it('include the maximum number of VUs and the total duration', () => {
    expect([maxVusOf(soak), durationOf(soak), isOpen(soak)]).toEqual([5_000, 750_000, false])
    const decreasing = rampingVus({ startVus: 9, stages: [{ target: 1, duration: 5 }] })
    expect([maxVusOf(decreasing), durationOf(decreasing)]).toEqual([9, 5])
    const burst = spike({ rate: 200, duration: '60s', vus: 5 })
    expect([maxVusOf(burst), durationOf(burst), isOpen(burst)]).toEqual([5, 80_000, true])
  })
})

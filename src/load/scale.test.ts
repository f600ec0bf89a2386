import { describe, expect, it } from 'vitest'
import { constantArrivalRate, constantVus, rampingVus, sharedIterations, spike } from './builders.ts'
import { describeLoad, durationOf, offeredIterations } from './describe.ts'
import { describeScale, parseScale, scaleLoad, scaleNote, scaleTime, scaleUsers } from './scale.ts'

const [smoke, pr, full] = [parseScale('smoke'), parseScale('pr'), parseScale('full')]

/** Six typical loads of a release plan. */
const plan = [
  rampingVus({
    stages: [
      { target: 5_000, duration: '2m' },
      { target: 5_000, duration: '10m' },
    ],
    thinkTime: { min: '3s', max: '7s' },
  }),
  constantArrivalRate({ rate: 30, vus: 2_000, duration: '5m' }),
  constantArrivalRate({ rate: 50, vus: 10_000, duration: '5m' }),
  spike({ rate: 200, duration: '60s', vus: 2_000 }),
  constantArrivalRate({ rate: 10, vus: 200, duration: '5m' }),
  constantVus({ vus: 100, duration: '30m' }),
]

describe('a scale', () => {
  it('is a name or a factor', () => {
    expect(parseScale('pr').name).toBe('pr')
    expect(parseScale('0.25')).toEqual({ name: '0.25', users: 0.25, time: 0.25 })
    expect(parseScale(0.5)).toEqual({ name: '0.5', users: 0.5, time: 0.5 })
    expect(parseScale('1')).toBe(full)
    expect(parseScale(' 0.5 ').name).toBe('0.5')
  })

  it.each(['', 'big', 'PR', '0', '-1', '1.5', 'NaN', '25%', 'toString', Number.NaN, 2])('is not %s', (value) => {
    expect(() => parseScale(value)).toThrow("must be 'smoke', 'pr', 'full', or a factor above 0 and at most 1")
    expect(() => parseScale(value)).toThrow("Fix:      write, for example, scale: 'pr'")
  })

  it('is described in one line', () => {
    expect([smoke, pr, full, parseScale(0.25)].map(describeScale)).toEqual([
      'smoke: 5% of the users, steady phases cut to 10s',
      'pr: 20% of the users, steady phases cut to 30s',
      'full: the load as written',
      '0.25: 25% of the users, 25% of the time',
    ])
    expect(describeScale({ name: 'half', users: 0.5, time: 1 })).toBe('half: 50% of the users')
    expect(describeScale({ name: 'short', users: 1, time: 0.5 })).toBe('short: 100% of the users, 50% of the time')
    expect(describeScale({ name: 'cut', users: 1, time: 1, steadyMs: 5_000 })).toBe(
      'cut: 100% of the users, steady phases cut to 5s',
    )
  })

  it('applies to sockets and times too', () => {
    expect([scaleUsers(10_000, smoke), scaleUsers(1, smoke), scaleUsers(10_000, full)]).toEqual([500, 1, 10_000])
    expect([scaleTime(60_000, smoke), scaleTime(5_000, smoke), scaleTime(60_000, parseScale(0.5))]).toEqual([
      10_000, 5_000, 30_000,
    ])
  })
})

describe('a plan', () => {
  const minutes = (scale: typeof smoke) =>
    plan.reduce((sum, load) => sum + durationOf(scaleLoad(load, scale)), 0) / 60_000

  it('takes less than 90 s at smoke scale, and less than 4 minutes at pr scale', () => {
    expect(minutes(smoke)).toBeLessThan(1.25)
    expect(minutes(pr)).toBeLessThan(3.5)
  })

  it('has shorter ramps, too, if they are longer than the steady phases', () => {
    const stages = [
      { target: 500, durationMs: 600_000 },
      { target: 500, durationMs: 60_000 },
    ]
    const load = { kind: 'rampingArrivalRate', startRatePerSec: 0, stages, vus: 1_000, arrivals: 'uniform' } as const
    expect(durationOf(scaleLoad(load, smoke))).toBeLessThan(15_010)
  })

  it('is unchanged at full scale', () => {
    for (const load of plan) expect(scaleLoad(load, full)).toBe(load)
  })

  it('is scaled to these loads', () => {
    expect(plan.map((load) => describeLoad(scaleLoad(load, smoke)))).toMatchInlineSnapshot(`
      [
        "rampingVus 0 VUs → 1,002 VUs (2s) → 1,002 VUs (10s), think time 3s–7s",
        "constantArrivalRate 20.2/s, 100 VUs, 10s",
        "constantArrivalRate 20.2/s, 500 VUs, 10s",
        "rampingArrivalRate 11.5/s → 11.5/s (1.43s) → 115/s (jump) → 115/s (spike, 8.57s) → 11.5/s (jump) → 11.5/s (1.43s), 115 VUs",
        "constantArrivalRate 10/s, 10 VUs, 20.2s",
        "constantVus 21 VUs, 10s",
      ]
    `)
    expect(plan.map((load) => describeLoad(scaleLoad(load, pr)))).toMatchInlineSnapshot(`
      [
        "rampingVus 0 VUs → 1,000 VUs (6s) → 1,000 VUs (30s), think time 3s–7s",
        "constantArrivalRate 30/s, 400 VUs, 33.4s",
        "constantArrivalRate 33.4/s, 2,000 VUs, 30s",
        "rampingArrivalRate 4/s → 4/s (4.29s) → 40/s (jump) → 40/s (spike, 25.7s) → 4/s (jump) → 4/s (4.29s), 400 VUs",
        "constantArrivalRate 6.73/s, 40 VUs, 30s",
        "constantVus 20 VUs, 30s",
      ]
    `)
  })
})

describe('the required samples', () => {
  const slow = constantArrivalRate({ rate: 5, vus: 100, duration: '5m' })

  it('extend the time if the rate is low', () => {
    expect(durationOf(scaleLoad(slow, smoke))).toBe(40_401)
    expect(offeredIterations(scaleLoad(slow, smoke))).toBe(202)
    expect(durationOf(scaleLoad(slow, smoke, { requestsPerIteration: 2 }))).toBe(20_201)
  })

  it('extend the time for p99 by a quarter at most', () => {
    const offered = (rate: number) =>
      offeredIterations(scaleLoad(constantArrivalRate({ rate, vus: 10, duration: '5m' }), pr))
    expect([offered(27), offered(26)]).toEqual([1_002, 202])
  })

  it('are those of the option samples', () => {
    expect(offeredIterations(scaleLoad(slow, smoke, { samples: 1_000 }))).toBe(1_002)
    expect(offeredIterations(scaleLoad(slow, smoke, { samples: 50 }))).toBe(52)
    expect(scaleLoad(slow, smoke, { samples: 5_000 })).toEqual({ ...slow, vus: 5 })
  })

  it('keep a closed load running for one period of its longest think time', () => {
    const thinking = constantVus({ vus: 1_000, duration: '10m', thinkTime: { min: '5s', max: '30s' } })
    expect(scaleLoad(thinking, smoke)).toMatchObject({ vus: 202, durationMs: 30_201 })
  })

  it('keep enough VUs for the rate with requests of 1 s', () => {
    const fast = constantArrivalRate({ rate: 1_000, vus: 2_000, duration: '5m' })
    expect(scaleLoad(fast, smoke)).toMatchObject({ ratePerSec: expect.closeTo(100.2), vus: 101 })
    expect(scaleLoad(fast, smoke, { requestsPerIteration: 3 })).toMatchObject({ ratePerSec: 50, vus: 150 })
    expect(scaleLoad({ ...fast, vus: 20 }, smoke)).toMatchObject({ vus: 20 })
  })

  it('keep enough shared iterations, and their maxDuration', () => {
    const load = sharedIterations({ iterations: 100_000, vus: 50, maxDuration: '5m' })
    expect(scaleLoad(load, smoke)).toMatchObject({ iterations: 5_000, vus: 3, maxDurationMs: 300_000 })
    expect(scaleLoad({ ...load, iterations: 300 }, smoke)).toMatchObject({ iterations: 300 })
    expect(scaleLoad(load, parseScale(0.25))).toMatchObject({ iterations: 6_250, vus: 13 })
    expect(scaleLoad({ ...load, iterations: 4_000 }, smoke, { requestsPerIteration: 4 })).toMatchObject({
      iterations: 250,
    })
  })
})

it('scaleNote explains why a load keeps more users than its scale', () => {
  const smoke = parseScale('smoke')
  const load = (rate: number, duration: '10s' | '5m') => constantArrivalRate({ rate, vus: 10, duration })
  expect(scaleNote(load(20, '5m'), smoke)).toBe('not reduced below 200 samples: p95 needs them')
  expect(scaleNote(load(1_000, '10s'), smoke)).toBe('not reduced below 1,000 samples: p99 needs them')
  expect(scaleNote(load(20, '10s'), smoke)).toBe('users as written: with fewer, percentiles would have too few samples')
  expect(scaleNote(load(10_000, '5m'), smoke)).toBeUndefined()
  expect(scaleNote(load(20, '10s'), parseScale('full'))).toBeUndefined()
})

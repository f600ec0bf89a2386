import { describe, expect, it } from 'vitest'
import { constantArrivalRate, rampingArrivalRate, rampingVus, spike } from './builders.ts'
import type { OpenLoad } from './load.ts'
import { Random } from './random.ts'
import { ArrivalSchedule, vuChanges } from './schedule.ts'

function arrivalsOf(load: OpenLoad, seed = 1): number[] {
  const schedule = new ArrivalSchedule(load, new Random(seed))
  const starts: number[] = []
  for (let at = schedule.next(); at !== undefined; at = schedule.next()) starts.push(at)
  return starts
}

function perSecond(starts: readonly number[], seconds: number): number[] {
  const counts = Array<number>(seconds).fill(0)
  for (const at of starts) counts[Math.floor(at / 1000)]!++
  return counts
}

describe('uniform arrivals', () => {
  it('of a constant rate are evenly spaced, half a gap from either end', () => {
    expect(arrivalsOf(constantArrivalRate({ rate: 4, vus: 1, duration: '1s' }))).toEqual([125, 375, 625, 875])
  })

  it('of a ramp are as many in each second as the area under it', () => {
    const ramp = rampingArrivalRate({ stages: [{ target: 100, duration: '10s' }], vus: 1 })
    expect(perSecond(arrivalsOf(ramp), 10)).toEqual([5, 15, 25, 35, 45, 55, 65, 75, 85, 95])
    const down = rampingArrivalRate({ startRate: 100, stages: [{ target: 0, duration: '10s' }], vus: 1 })
    expect(perSecond(arrivalsOf(down), 10)).toEqual([95, 85, 75, 65, 55, 45, 35, 25, 15, 5])
  })

  it('jump with the rate, and pause while it is 0', () => {
    const stages = [
      { target: 10, duration: '2s' },
      { target: 0, duration: 0 },
      { target: 0, duration: '3s' },
      { target: 50, duration: 0 },
      { target: 50, duration: '1s' },
    ] as const
    const starts = arrivalsOf(rampingArrivalRate({ startRate: 10, stages, vus: 1 }))
    expect(perSecond(starts, 6)).toEqual([10, 10, 0, 0, 0, 50])
  })
})

describe('Poisson arrivals', () => {
  const steady = constantArrivalRate({ rate: 200, vus: 1, duration: '100s', arrivals: 'poisson' })

  it('are spread over the area as independent uniform draws (Kolmogorov–Smirnov, p = 0.001)', () => {
    const load = rampingArrivalRate({ stages: [{ target: 400, duration: '100s' }], vus: 1, arrivals: 'poisson' })
    const starts = arrivalsOf(load)
    // Area under a ramp from 0 grows with the square of time.
    const distance = starts.map((at, k) => Math.abs((at / 100_000) ** 2 - (k + 0.5) / starts.length))
    expect(Math.max(...distance)).toBeLessThan(1.95 / Math.sqrt(starts.length))
  })

  it('match order statistics: on average, arrival k of n is at k of n + 1 parts', () => {
    const three = constantArrivalRate({ rate: 3, vus: 1, duration: '1s', arrivals: 'poisson' })
    const runs = Array.from({ length: 5_000 }, (_, seed) => arrivalsOf(three, seed))
    const means = [0, 1, 2].map((k) => runs.reduce((sum, starts) => sum + starts[k]!, 0) / runs.length)
    // Four standard errors of 2.7 ms.
    for (const [k, mean] of means.entries()) expect(Math.abs(mean - 250 * (k + 1))).toBeLessThan(11)
  })

  it('have exponential gaps', () => {
    const starts = arrivalsOf(steady)
    const gaps = starts.slice(1).map((at, k) => at - starts[k]!)
    const share = (ms: number) => gaps.filter((gap) => gap > ms).length / gaps.length
    for (const ms of [1, 5, 10, 20]) expect(share(ms)).toBeCloseTo(Math.exp(-ms / 5), 1.5)
    expect(gaps.filter((gap) => gap === 0)).toEqual([])
  })

  it('have bursts: the variance of counts per second is their mean', () => {
    const counts = perSecond(arrivalsOf(steady), 100)
    const variance = counts.reduce((sum, count) => sum + (count - 200) ** 2, 0) / 99
    // Chi-squared with 99 degrees of freedom, p = 0.001 on either side.
    expect(variance / 200).toBeGreaterThan(0.6)
    expect(variance / 200).toBeLessThan(1.51)
  })

  it('are as many as uniform ones, to the request', () => {
    expect(arrivalsOf(steady)).toHaveLength(20_000)
    expect(arrivalsOf(spike({ rate: 200, duration: '60s', vus: 1, arrivals: 'poisson' }))).toHaveLength(12_400)
  })
})

describe('VUs', () => {
  const hill = rampingVus({
    startVus: 1,
    stages: [
      { target: 3, duration: '2s' },
      { target: 3, duration: '1s' },
      { target: 1, duration: 0 },
      { target: 0, duration: '1s' },
    ],
  })

  it('start and stop one by one, and the last to start is the first to stop', () => {
    const changes = Array.from(vuChanges(hill), ({ atMs, change, vu, vus }) => `${atMs} ${change} ${vu}: ${vus}`)
    expect(changes).toEqual([
      '0 start 0: 1',
      '500 start 1: 2',
      '1500 start 2: 3',
      '3000 stop 2: 2',
      '3000 stop 1: 1',
      '3500 stop 0: 0',
    ])
  })
})

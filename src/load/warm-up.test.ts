import { expect, test } from 'vitest'
import { constantArrivalRate, constantVus, rampingArrivalRate, rampingVus, sharedIterations } from './builders.ts'
import { phasesWithWarmUp, warmUpLoad } from './warm-up.ts'

const thinkTime = { minMs: 0, maxMs: 0 }
const stages = [{ target: 50, duration: '1m' } as const]

test.each([
  [constantVus({ vus: 5, duration: '1m' }), { kind: 'constantVus', vus: 5, durationMs: 2000, thinkTime }],
  [rampingVus({ startVus: 3, stages }), { kind: 'constantVus', vus: 3, durationMs: 2000, thinkTime }],
  [
    rampingVus({ startVus: 3, stages, isStaggered: false }),
    { kind: 'constantVus', vus: 3, durationMs: 2000, thinkTime, isStaggered: false },
  ],
  [rampingVus({ stages }), { kind: 'constantVus', vus: 5, durationMs: 2000, thinkTime }],
  [
    constantArrivalRate({ rate: 9, vus: 4, duration: '1m' }),
    { kind: 'constantArrivalRate', ratePerSec: 9, vus: 4, durationMs: 2000, arrivals: 'uniform' },
  ],
  [
    rampingArrivalRate({ stages, vus: 4, arrivals: 'poisson' }),
    { kind: 'constantArrivalRate', ratePerSec: 5, vus: 4, durationMs: 2000, arrivals: 'poisson' },
  ],
  [sharedIterations({ iterations: 9, vus: 2 }), { kind: 'constantVus', vus: 2, durationMs: 2000, thinkTime }],
])('%j is warmed up with its initial VUs or rate', (load, warmUp) => {
  expect(warmUpLoad(load, 2000)).toEqual(warmUp)
})

test('the warm-up phase precedes the phases of the load', () => {
  const load = constantArrivalRate({ rate: 9, vus: 4, duration: '1m' })
  expect(phasesWithWarmUp(load, 0)).toEqual([{ name: 'steady', startMs: 0, endMs: 60_000 }])
  expect(phasesWithWarmUp(load, 2500)).toEqual([
    { name: 'warmup', startMs: 0, endMs: 2500 },
    { name: 'steady', startMs: 2500, endMs: 62_500 },
  ])
})

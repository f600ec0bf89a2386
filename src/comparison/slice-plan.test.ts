import { expect, test } from 'vitest'
import { constantArrivalRate, constantVus, rampingArrivalRate, rampingVus, spike } from '../load/builders.ts'
import { parseScale } from '../load/scale.ts'
import { orderOf, slicePlan, type SlicePlanOptions } from './slice-plan.ts'

const full = parseScale('full')
const plan = (load: Parameters<typeof slicePlan>[0], more: Partial<SlicePlanOptions> = {}) =>
  slicePlan(load, { scale: full, requestsPerIteration: 1, ...more })

test('cuts a constant load into an even number of slices of 1.5 s', () => {
  const { slices, slice, whole } = plan(constantArrivalRate({ rate: 200, vus: 50, duration: '30s' }))
  expect(slices).toBe(20)
  expect(slice).toEqual({ ...whole, durationMs: 1_500 })
  expect(plan(constantVus({ vus: 30, duration: '29s' })).slices).toBe(18)
  expect(plan(constantVus({ vus: 30, duration: '30s' }), { slices: 6 })).toMatchObject({
    slices: 6,
    slice: { durationMs: 5_000 },
  })
})

test('makes slices of slow loads longer, and keeps their number within bounds', () => {
  expect(plan(constantArrivalRate({ rate: 5, vus: 5, duration: '60s' })).slices).toBe(14)
  expect(plan(constantArrivalRate({ rate: 200, vus: 50, duration: '2s' })).slices).toBe(6)
  expect(plan(constantArrivalRate({ rate: 115, vus: 50, duration: '8s' })).slices).toBe(10)
  expect(plan(constantArrivalRate({ rate: 200, vus: 50, duration: '1h' })).slices).toBe(200)
})

test('connects no more VUs than a slice has requests', () => {
  const { slice, whole } = plan(constantArrivalRate({ rate: 50, vus: 10_000, duration: '30s' }))
  expect(whole.vus).toBe(10_000)
  // 50/s for 1.5 s and the 0.25 s of settling.
  expect(slice.vus).toBe(88)
})

test('replaces VUs with think time by the rate at which they would send', () => {
  const load = constantVus({ vus: 1_000, duration: '30s', thinkTime: { min: '4s', max: '6s' } })
  expect(plan(load).whole).toMatchObject({ kind: 'constantArrivalRate', ratePerSec: 200, vus: 1_000 })
})

test('holds a ramp at the segment with most iterations', () => {
  const stages = [
    { target: 100, duration: '10s' },
    { target: 100, duration: '1m' },
    { target: 0, duration: '5s' },
  ] as const
  expect(plan(rampingArrivalRate({ stages, vus: 20 })).whole).toMatchObject({ ratePerSec: 100, durationMs: 60_000 })
  expect(plan(rampingVus({ stages })).whole).toMatchObject({ kind: 'constantVus', vus: 100, durationMs: 60_000 })
  const peak = spike({ rate: 200, duration: '60s', vus: 2_000, baseRate: 20 })
  expect(plan(peak).whole).toMatchObject({ ratePerSec: 200, durationMs: 60_000 })
  expect(plan(rampingVus({ stages: [{ target: 9, duration: '10s' }] })).whole).toMatchObject({
    vus: 5,
    durationMs: 10_000,
  })
})

test('scales the load before it is cut', () => {
  const load = constantArrivalRate({ rate: 500, vus: 500, duration: '5m' })
  expect(plan(load, { scale: parseScale('pr') })).toMatchObject({
    slices: 20,
    whole: { ratePerSec: 100, durationMs: 30_000 },
  })
})

test('alternates which build comes first', () => {
  const order = Array.from({ length: 4 }, (_, pair) => orderOf(pair).join(' '))
  expect(order).toEqual(['base head', 'head base', 'base head', 'head base'])
})

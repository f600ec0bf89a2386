import { expect, test } from 'vitest'
import { unjudgedErrors } from '../results/unjudged-errors.ts'
import { every, measured, series } from '../testing/sample-measurement.ts'
import { httpRun } from './request-run.ts'

const failing = every(100, 2500, 3500, { latencyMs: 2, status: 503, error: ['status', '503'] })
const good = every(100, 3500, 8000, { latencyMs: 10, status: 200 })
const asserted = { assertion: 'a', expected: 'b', received: 'c', outcome: 'passed', run: 'http 1' } as const

test('names errors of a ramp that no assertion judged', () => {
  const run = { ...httpRun(measured([series('a', undefined, [...failing, ...good])])).result(), name: 'http 1' }
  expect(run.errors).toEqual({})
  expect(unjudgedErrors(run, [asserted])).toEqual(['ramp (not judged): 10 of 20 requests failed: 10 × status 503'])
  expect(unjudgedErrors(run, [{ ...asserted, phase: 'ramp' }])).toEqual([])
  expect(unjudgedErrors(run, [{ ...asserted, phase: 'ramp', metric: 'orders' }])).toHaveLength(1)
  expect(unjudgedErrors(run, [{ ...asserted, phase: 'ramp', run: 'http 2' }])).toHaveLength(1)
  expect(unjudgedErrors(run, [{ ...asserted, between: [2000, 5000] }])).toEqual([])
  expect(unjudgedErrors(run, [{ ...asserted, between: [3000, 5000] }])).toHaveLength(1)
})

test('counts dropped requests of a phase that is not judged', () => {
  const dropped = { atMs: 3600, dropped: true }
  const run = httpRun(measured([series('a', undefined, [...good, dropped])])).result()
  expect(unjudgedErrors(run, [])).toEqual(['ramp (not judged): 1 of 11 requests failed: 1 dropped'])
})

test('has nothing to name if the phases that are not judged had no errors', () => {
  const run = httpRun(measured([series('a', undefined, [...good, { ...failing[0]!, atMs: 5010 }])])).result()
  expect(run).not.toHaveProperty('unjudgedErrors')
  expect(run.errors).toEqual({ status: 1 })
})

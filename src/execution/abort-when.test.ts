import { expect, test } from 'vitest'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import { OptionsError, Problems } from '../options/problems.ts'
import { ABORT_WHEN, unreachableOf } from './abort-when.ts'

const read = (option: unknown) => {
  const problems = new Problems()
  return { rule: ABORT_WHEN.read(problems, 'abortWhen', option), found: problems.found }
}

test('defaults to an error rate of 90% over 5 s; false disables it', () => {
  expect(read(undefined)).toEqual({ rule: [{ errorRateAbove: 0.9, forMs: 5_000, delayMs: undefined }], found: [] })
  expect(read(false)).toEqual({ rule: undefined, found: [] })
})

test('reads the duration of a rule in milliseconds, and keeps a function', () => {
  const rule = [{ errorRateAbove: 0, forMs: 2_000, delayMs: 1_000 }]
  expect(read({ errorRateAbove: 0, duration: '2s', delay: '1s' })).toEqual({ rule, found: [] })
  const decide = () => false
  expect(read(decide)).toEqual({ rule: decide, found: [] })
})

test.each(['always', 5, null, true])('rejects %o', (option) => {
  const { found } = read(option)
  expect(new OptionsError('http.run()', found).message).toBe(`http.run() received an invalid option:

  abortWhen: must be a condition, an array of conditions, a function of the live snapshot, or false
    Received: ${typeof option === 'string' ? `'${option}'` : option}
    Fix:      write, for example, abortWhen: { errorRateAbove: 0.5, duration: '5s' }`)
})

test('reports all mistakes in a rule', () => {
  const { found } = read({ errorRateAbove: 1, duration: 0, duraton: '2s' })
  expect(found.map(({ path, rule }) => `${path} ${rule.split(':', 1)[0]}`)).toEqual([
    'abortWhen.duraton unknown option; did you mean duration? Valid options',
    'abortWhen.errorRateAbove must be a number at least 0 and below 1',
    'abortWhen.duration must be a duration above 0 ms',
  ])
  expect(read({ duration: '2s' }).found.map(({ path }) => path)).toEqual(['abortWhen.errorRateAbove'])
})

test('reads conditions of latency and of unreachable objectives, also several', () => {
  const conditions = [
    { latencyAbove: '1.5s', duration: '2500ms' },
    { latencyAbove: 200, percentile: 0.99, duration: '10s', delay: '30s' },
    { unreachable: { p50Below: 20, p95Below: '200ms', p99Below: '1s', errorRateBelow: 0.01 }, delay: 500 },
  ]
  expect(read(conditions)).toEqual({
    rule: [
      { latencyAboveMs: 1_500, percentile: 0.95, forMs: 3_000, delayMs: 0 },
      { latencyAboveMs: 200, percentile: 0.99, forMs: 10_000, delayMs: 30_000 },
      {
        objectives: [
          { limit: 0.01 },
          { percentile: 0.5, limit: 20 },
          { percentile: 0.95, limit: 200 },
          { percentile: 0.99, limit: 1_000 },
        ],
        delayMs: 500,
      },
    ],
    found: [],
  })
})

test.each<[unknown, string[]]>([
  [[], ['abortWhen']],
  [
    [{ latencyAbove: 'soon', duration: 0 }, 5],
    ['abortWhen[0].latencyAbove', 'abortWhen[0].duration', 'abortWhen[1]'],
  ],
  [{ latencyAbove: 100, percentile: 95, duration: '1s' }, ['abortWhen.percentile']],
  [{ unreachable: {} }, ['abortWhen.unreachable']],
  [
    { unreachable: { p90Below: 5, p95Below: 0 }, duration: 1 },
    ['abortWhen.duration', 'abortWhen.unreachable.p90Below', 'abortWhen.unreachable.p95Below'],
  ],
  [{ latencyAbove: 100, errorRateAbove: 0.5, duration: '1s' }, ['abortWhen.errorRateAbove']],
])('names the mistakes in %j', (option, paths) => {
  expect(read(option).found.map(({ path }) => path)).toEqual(paths)
})

test('unreachable objectives need a load with a known number of requests', () => {
  const { rule } = read({ unreachable: { p95Below: 200 } })
  const broken = (load: Load, sender?: string) => unreachableOf({ abortWhen: rule, load }, sender)
  expect(broken(constantArrivalRate({ rate: 10, vus: 5, duration: '1s' }))).toBeUndefined()
  expect(broken(sharedIterations({ iterations: 10, vus: 5 }))).toBeUndefined()
  expect(broken(constantVus({ vus: 5, duration: '1s' }))?.rule).toMatchInlineSnapshot(
    `"must not have unreachable, because the number of requests depends on the responses: it needs an open model or sharedIterations, without flow and retryAfter"`,
  )
  expect(broken(sharedIterations({ iterations: 10, vus: 5 }), 'flow')?.rule).toMatchInlineSnapshot(
    `"must not have unreachable, because the number of requests depends on \`flow\`: it needs an open model or sharedIterations, without flow and retryAfter"`,
  )
  expect(
    unreachableOf({ abortWhen: read(undefined).rule, load: constantVus({ vus: 5, duration: '1s' }) }, 'flow'),
  ).toBeUndefined()
})

import { describe, expect, test } from 'vitest'
import { OptionsError } from '../../options/problems.ts'
import type { AssertionResult } from '../../results/result.ts'
import { COMPARED, FAILED, METRICS, PASSED, sampleFanOutRun, sampleHttpRun } from '../../testing/sample-records.ts'
import { sampleResults, scenario } from '../../testing/sample-results.ts'
import { EarlierRuns } from '../earlier.ts'
import type { Results } from '../results.ts'
import type { Paint } from './style.ts'
import { summaryOf } from './summary.ts'

function before(results: Results): EarlierRuns {
  const earlier = new EarlierRuns()
  earlier.learn(results)
  return earlier
}

const none = new EarlierRuns()
const plain: Paint = (_format, text) => text

test('aligns columns in a wide terminal', () => {
  expect(summaryOf(sampleResults(), none, 120, plain)).toMatchInlineSnapshot(`
    "Scenarios  scale smoke (users and time reduced, objectives unchanged), 93.4s
      postgres: PostgreSQL 18.4, embedded, 127.0.0.1:21345

    PASS     S1 session and config  31.2s  p95 = 98.1 ms (objective p95 < 150 ms)

    FAIL     S4 votes at a spike  31.2s
        http 1: constantArrivalRate 200/s, 100 VUs, 30s
          offered  6,000  sent  6,000  dropped 0  p50 31.6 ms  p95 50.7 ms  p99 150 ms  errors 0.067%
        votes: constantArrivalRate 200/s, 100 VUs, 60s (aborted: the target closed all connections)
          offered 12,000  sent 12,000  dropped 0  p50 31.6 ms  p95 50.7 ms  p99 151 ms  errors 0.075%
          invalid: schedule delay p99 48 ms, limit 10 ms. Lower the rate or add cores.
        ✓  toHaveP95Below(150)          votes   p95 < 150 ms       p95 = 98.1 ms
        ×  toHaveErrorRateBelow(0.001)  http 1  error rate < 0.1%  error rate = 0.33%

    INVALID  S5 live events  31.2s
        http 1: constantArrivalRate 200/s, 100 VUs, 3s
          offered    600  sent    600  dropped 0  p50 35.4 ms  p95 50.6 ms  p99 150 ms  errors     0%
        ?  toHaveP99Below(400)  p99 < 400 ms  120 samples, p99 needs 1,000
          not judged: p99 < 400 ms needs at least 1,000 requests, the scope judged has 120. At 40/s the scope would have to
          be 25s long (it was 3s): lengthen the run, or raise its rate to 333/s

    PASS     S6 fan-out  31.2s  p95 = 98.1 ms (objective p95 < 150 ms)

    SKIP     S7 later  31.2s
        needs a container engine

    Scenarios  1 failed  1 invalid  2 passed  1 skipped  (5)"
  `)
})

test('stacks assertions in a narrow terminal, and no line is wider', () => {
  for (const columns of [80, 60, 40]) {
    const lines = summaryOf(sampleResults(), none, columns, plain).split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(columns)
  }
  expect(summaryOf(sampleResults(), none, 50, plain)).toContain(
    '    × toHaveErrorRateBelow(0.001)\n      scope     http 1\n      expected  error rate < 0.1%\n      received  error rate = 0.33%',
  )
})

test('only counts scenarios that a filter left out', () => {
  const left = Array.from({ length: 3 }, (_, at) => ({ ...scenario(`L${at}`, 'skipped', [], []), durationMs: 0 }))
  const ran = scenario('S1', 'passed', [sampleHttpRun()], [PASSED])
  expect(
    summaryOf(sampleResults({ scenarios: [ran, ...left] }), none, 120, plain)
      .split('\n\n')
      .slice(1),
  ).toEqual([
    [
      'PASS     S1  31.2s',
      '    http 1: constantArrivalRate 200/s, 100 VUs, 30s',
      '      offered 6,000  sent 6,000  dropped 0  p50 31.6 ms  p95 50.7 ms  p99 150 ms  errors 0.067%',
      '    ✓  toHaveP95Below(150)  p95 < 150 ms  p95 = 98.1 ms',
    ].join('\n'),
    'Scenarios  1 passed  3 skipped  (4)',
  ])
})

test('shows passed scenarios whole if there is something to report', () => {
  const plainOne = scenario('S1', 'passed', [sampleHttpRun()], [PASSED])
  const reported = (changes: object) =>
    summaryOf(
      sampleResults({ scenarios: [plainOne, { ...plainOne, name: 'S2', ...changes }] }),
      none,
      120,
      plain,
    ).includes('offered')
  expect(reported({})).toBe(false)
  const run = sampleHttpRun()
  const worthSaying = [
    { runs: [{ ...run, scaleNote: 'not reduced below 200 samples' }] },
    { runs: [{ ...run, isUnasserted: true }] },
    { runs: [{ ...run, state: 'aborted' }] },
    {
      runs: [{ ...run, unjudgedErrors: [{ phase: 'ramp', offered: 50, failed: 30, dropped: 0, kinds: { 503: 30 } }] }],
    },
    { note: 'measured without a cache' },
    { assertions: [PASSED, { ...PASSED, outcome: 'skipped' }] },
    { assertions: [] },
  ]
  expect(worthSaying.filter((changes) => !reported(changes))).toEqual([])
})

test('names clients of a passed fan-out that received nothing', () => {
  const run = { ...sampleFanOutRun(), silentClients: { count: 7, of: 240, first: [3, 12] } }
  const scenarios = [scenario('S1', 'passed', [sampleHttpRun()], [PASSED]), scenario('S2', 'passed', [run], [PASSED])]
  const summary = (columns: number) => summaryOf(sampleResults({ scenarios }), none, columns, plain)
  expect(summary(120)).toContain(
    '\n      7 of 240 clients received nothing of what was due to them: client 3, client 12 and 5 more\n',
  )
})

test('shows two builds figure by figure', () => {
  const compared = { ...scenario('S8 two builds', 'passed', [], []), comparisons: [COMPARED] }
  const lines = summaryOf(sampleResults({ scenarios: [compared] }), none, 100, plain).split('\n')
  expect(lines.slice(3, -2).join('\n')).toMatchInlineSnapshot(`
    "PASS     S8 two builds  31.2s
        comparison 1: head against base, 8 pairs of slices, constantArrivalRate 100/s, 20 VUs, 16s
                  base    head     change  95% interval
          p50     2 ms  2.3 ms       +15%  +12% to +18%
          errors    0%      1%  +1 points  ±0 points to +2 points"
  `)
})

test('shows how many assertions were not checked in the line of the verdict', () => {
  const unchecked = { ...PASSED, outcome: 'skipped', received: 'no database is known' } as const
  const passed = { ...scenario('S4 votes', 'passed', [], [PASSED, unchecked]), durationMs: 31_200 }
  const [, title] = summaryOf({ ...sampleResults(), scenarios: [passed] }, none, 120, plain).split('\n\n')
  expect(title!.split('\n')[0]).toBe('PASS     S4 votes  31.2s, 1 of 2 assertions not checked')
})

test('shows why a run was not reduced to its scale', () => {
  const run = { ...sampleHttpRun(), scaleNote: 'not reduced below 200 samples: p95 needs them' }
  const text = summaryOf(sampleResults({ scenarios: [scenario('S1', 'passed', [run], [])] }), none, 120, plain)
  expect(text).toContain(
    '    http 1: constantArrivalRate 200/s, 100 VUs, 30s\n      not reduced below 200 samples: p95 needs them\n      offered',
  )
})

test('shows the first problem of an error on its line', () => {
  const lineOf = (name: string, message: string) => {
    const broken = { ...scenario('S1', 'failed', [], []), errors: [{ name, message }] }
    return summaryOf(sampleResults({ scenarios: [broken] }), none, 200, plain)
      .split('\n')
      .find((line) => line.includes(`${name}: `))
  }
  const { message } = new OptionsError('constantArrivalRate()', [
    { path: 'rate', received: -1, rule: 'must be a number above 0', fix: 'write, for example, rate: 50' },
    { path: 'vus', received: 0, rule: 'must be an integer at least 1', fix: 'write, for example, vus: 50' },
  ])
  expect(lineOf('OptionsError', message)).toBe(
    '    OptionsError: constantArrivalRate() received 2 invalid options: rate: must be a number above 0',
  )
  const started = `the environment did not start.\n\n${message}`
  expect(lineOf('StartError', started)).toBe(
    '    StartError: the environment did not start. constantArrivalRate() received 2 invalid options: rate: must be a number above 0',
  )
  expect(lineOf('TypeError', 'no rows\nin the database')).toBe('    TypeError: no rows')
})

test('shows each verdict in its own colour', () => {
  const tags: Paint = (format, text) => `<${[format].flat().at(-1)}>${text}</>`
  const text = summaryOf(sampleResults(), none, 120, tags)
  for (const painted of ['<green>PASS', '<red>FAIL', '<magenta>INVALID', '<yellow>SKIP'])
    expect(text).toContain(painted)
})

describe('compared with the previous run', () => {
  const now = sampleResults({ scenarios: [scenario('S1', 'passed', [sampleHttpRun()], [])] })
  const slower = {
    ...sampleHttpRun(),
    latency: { ...sampleHttpRun().latency!, p95Ms: Number(sampleHttpRun().latency!.p95Ms) / 1.25 },
  }

  const judged = (value: number): AssertionResult => ({
    ...{ ...PASSED, limit: 150, value, unit: 'ms', percentile: 0.95 },
    interval: { low: value * 0.95, high: value * 1.05, confidence: 0.95 },
  })
  const measured = (...assertions: AssertionResult[]) => ({
    ...now,
    scenarios: [scenario('S1', 'passed', [sampleHttpRun()], assertions)],
  })

  test('shows how much p95 changed, and whether that is within noise', () => {
    const shown = (value: number) => summaryOf(measured(judged(100)), before(measured(judged(value))), 120, plain)
    expect(shown(80)).toContain('previous run: p95 80 ms, now +25% (+16% to +34%)')
    expect(shown(99)).toContain('previous run: p95 99 ms, now within noise (−5.9% to +8.4%)')
  })

  test('compares no p95 without an interval, or of another part of the run', () => {
    const { interval: _interval, ...bare } = judged(80)
    for (const other of [bare, { ...judged(80), step: 'pay' }, { ...judged(80), phase: 'spike' as const }])
      expect(summaryOf(measured(judged(100)), before(measured(other)), 120, plain)).not.toContain('previous run')
    expect(summaryOf(measured(bare), before(measured(judged(80))), 120, plain)).not.toContain('previous run')
  })

  test('compares nothing with an invalid run', () => {
    const { scenarios, ...rest } = measured(judged(80))
    const [earlier] = scenarios as [(typeof scenarios)[0]]
    const of = (invalidities: (typeof earlier.runs)[0]['invalidities']) => {
      const results = {
        ...rest,
        scenarios: [{ ...earlier, runs: earlier.runs.map((run) => ({ ...run, invalidities })) }],
      }
      return summaryOf(measured(judged(100)), before(results), 120, plain)
    }
    expect(of([])).toContain('previous run: p95')
    expect(of([{ reason: 'generator-saturated', finding: 'a', fix: 'b' }])).not.toContain('previous run')
  })

  test('names a change beyond noise in the line of a passed scenario', () => {
    const several = (value: number) => ({
      ...now,
      scenarios: [...measured(judged(value)).scenarios, scenario('S2', 'passed', [], [PASSED])],
    })
    const lines = (value: number) => summaryOf(several(100), before(several(value)), 120, plain).split('\n')
    expect(lines(80)).toContain('PASS     S1  31.2s  p95 = 98.1 ms (objective p95 < 150 ms), p95 +25% (+16% to +34%)')
    expect(lines(99)).toContain('PASS     S1  31.2s  p95 = 98.1 ms (objective p95 < 150 ms)')
  })

  test('shows the earlier result of an assertion that passed before', () => {
    const failed = sampleResults({ scenarios: [scenario('S1', 'failed', [sampleHttpRun()], [FAILED])] })
    const passed = { ...FAILED, outcome: 'passed' as const, received: 'error rate = 0.02%' }
    const at = (asserted: typeof FAILED, run = sampleHttpRun()) =>
      summaryOf(failed, before({ ...now, scenarios: [scenario('S1', 'passed', [run], [asserted])] }), 120, plain)
    expect(at(passed)).toContain('previous run: toHaveErrorRateBelow(0.001) passed, error rate = 0.02%')
    expect(at(FAILED)).not.toContain('passed, error rate')
    expect(at(passed, { ...sampleHttpRun(), load: 'other' })).not.toContain('passed, error rate')
  })

  test('compares no run with a stopped run', () => {
    const stopped = { ...sampleHttpRun(), state: 'aborted' as const }
    const partial = { ...now, scenarios: [scenario('S1', 'invalid', [stopped], [])] }
    expect(summaryOf(partial, before(now), 120, plain)).not.toContain('previous run')
    expect(summaryOf(now, before(partial), 120, plain)).not.toContain('previous run')
  })

  test.each([
    ['another scale', { ...now, scale: 'full' }],
    ['another machine', { ...now, environment: { ...now.environment, cores: 64 } }],
    ['another load', { ...now, scenarios: [scenario('S1', 'passed', [{ ...slower, load: 'other' }], [])] }],
    ['another scenario', { ...now, scenarios: [scenario('S2', 'passed', [slower], [])] }],
  ])('shows no change for %s', (_name, results) => {
    expect(summaryOf(now, before(results), 120, plain)).not.toContain('previous run')
  })
})

test('shows custom metrics and soft checks below the figures of their run', () => {
  const judged = { ...PASSED, assertion: 'toHaveRateAtLeast(0.9)', softCheck: 'cart is complete' }
  const results = sampleResults({
    scenarios: [scenario('S1', 'passed', [{ ...sampleHttpRun(), ...METRICS }], [judged])],
  })
  expect(summaryOf(results, none, 120, plain)).toMatchInlineSnapshot(`
    "Scenarios  scale smoke (users and time reduced, objectives unchanged), 93.4s
      postgres: PostgreSQL 18.4, embedded, 127.0.0.1:21345

    PASS     S1  31.2s
        http 1: constantArrivalRate 200/s, 100 VUs, 30s
          offered 6,000  sent 6,000  dropped 0  p50 31.6 ms  p95 50.7 ms  p99 150 ms  errors 0.067%
          trend cart size: values 1,200, min 1 items, p50 4 items, p95 9.5 items, p99 12 items, max 14 items
          counter declined orders: total 24, per second 0.8/s
          rate cached: hits 75% (900 of 1,200)
          gauge queue length: last 3 jobs, min -1 jobs, max 1,250 jobs
          trend render time: never recorded
          soft check cart is complete: passed 99% (1,188 of 1,200), most often 12 × status 503
        ✓  toHaveRateAtLeast(0.9)  soft check cart is complete  p95 < 150 ms  p95 = 98.1 ms

    Scenarios  1 passed  (1)"
  `)
})

test('shows custom metrics below the figures of a fan-out', () => {
  const runs = [{ ...sampleFanOutRun(), metrics: METRICS.metrics }]
  const results = sampleResults({ scenarios: [scenario('S3', 'passed', runs, [PASSED])] })
  expect(summaryOf(results, none, 120, plain)).toContain(
    '\n      gauge queue length: last 3 jobs, min -1 jobs, max 1,250 jobs\n',
  )
})

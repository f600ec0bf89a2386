import { describe, expect, test, type TaskMeta } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { GIVEN_UP, SATURATED, sampleFanOutRun, sampleHttpRun, sampleMicroRun } from '../testing/sample-runs.ts'
import './register.ts'

describe('percentiles', () => {
  test('pass below the limit, and under .not above it', () => {
    const run = sampleHttpRun()
    expect(run).toHaveP50Below(60)
    expect(run).toHaveP95Below(105)
    expect(run).toHaveP99Below('109ms')
    expect(run).toHavePercentileBelow(0.9, 100)
    expect(run).not.toHaveP95Below(104)
  })

  test('fail at the limit and above it', () => {
    expect(messageOf(() => expect(sampleHttpRun()).toHaveP95Below(96))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below(96)

      Expected: p95 < 96 ms
      Received: p95 = 104 ms (+8.4%), 95% interval 104–105 ms

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
    expect(messageOf(() => expect(sampleHttpRun()).toHaveP50Below(5))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP50Below(5)

      Expected: p50 < 5 ms
      Received: p50 = 59 ms (12 times the limit), 95% interval 58–61 ms

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
  })

  test('fail under .not below the limit', () => {
    expect(messageOf(() => expect(sampleHttpRun()).not.toHaveP99Below(150))).toMatchInlineSnapshot(`
      "Error: expect(run).not.toHaveP99Below(150)

      Expected: p99 ≥ 150 ms
      Received: p99 = 108 ms (−28%), 95% interval 108–109 ms

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      remove .not, or assert another limit: the assertion itself holds"
    `)
  })

  test('are shown with more digits if they round to the limit', () => {
    const run = sampleHttpRun({ latencyMs: () => 150.2 })
    expect(messageOf(() => expect(run).toHavePercentileBelow(0.99, 150))).toMatchInlineSnapshot(`
      "Error: expect(run).toHavePercentileBelow(0.99, 150)

      Expected: p99 < 150 ms
      Received: p99 = 150.2 ms (+0.13%), 95% interval 150 ms

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
  })

  test('are invalid in both polarities with fewer than ten samples beyond them', () => {
    const run = sampleHttpRun({ seconds: 3, perSecond: 50 })
    expect(run).toHavePercentileBelow(0.9, 1000)
    expect(messageOf(() => expect(run).toHaveP95Below(1000))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP95Below(1000)

      Expected: p95 < 1.00 s
      Received: INVALID, not judged. too-few-samples: p95 < 1.00 s needs at least 200 requests, the scope judged has 150

      Evidence: steady phase, 3.0 s, 150 of 150 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      at 50/s the scope would have to be 4s long (it was 3s): lengthen the run, or raise its rate to 66.7/s"
    `)
    expect(messageOf(() => expect(run).not.toHaveP95Below(1))).toMatch(/^InvalidRunError: /)
  })

  test('are invalid without samples', () => {
    expect(messageOf(() => expect(sampleHttpRun({ seconds: 0 })).toHaveP95Below(150))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP95Below(150)

      Expected: p95 < 150 ms
      Received: INVALID, not judged. no-samples: there are no requests in the scope judged; p95 < 150 ms needs at least 200

      Evidence: steady phase, 0.0 s, 0 of 0 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      see why nothing was measured: the load may be shorter than its warm-up, or the target never responded"
    `)
  })

  test('are invalid if the run is, with every reason', () => {
    const run = sampleHttpRun({
      invalidities: [SATURATED, { reason: 'aborted', finding: 'stopped after 10 s of 60 s', fix: 'let it end' }],
    })
    expect(messageOf(() => expect(run).not.toHaveP95Below(150))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).not.toHaveP95Below(150)

      Expected: p95 ≥ 150 ms
      Received: INVALID, not judged. generator-saturated: schedule delay p99 48 ms, limit 10 ms
                aborted: stopped after 10 s of 60 s

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      lower the rate, or give the generator a core of its own
                let it end"
    `)
  })
})

describe('samples without a time', () => {
  test('count dropped requests as infinitely slow', () => {
    const run = sampleHttpRun({ droppedPerSecond: 8 })
    expect(messageOf(() => expect(run).toHaveP95Below(105))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below(105)

      Expected: p95 < 105 ms
      Received: p95 = 107 ms (+1.9%), 95% interval 106–109 ms
                80 of 2,000 requests got no good response and count as infinitely slow

      Evidence: steady phase, 10.0 s, 1920 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
  })

  test('make a percentile infinite that falls among dropped requests', () => {
    const run = sampleHttpRun({ droppedPerSecond: 20 })
    expect(messageOf(() => expect(run).toHaveP95Below('9m'))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below('9m')

      Expected: p95 < 540.0 s
      Received: p95 = ∞ (10% of requests got no good response)

      Evidence: steady phase, 10.0 s, 1800 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
    expect(messageOf(() => expect(run).not.toHaveP95Below('9m'))).toMatch(
      /^InvalidRunError: [^]*p95 exceeds its limit only because of errors/,
    )
  })

  test('count missing deliveries as infinitely slow', () => {
    const run = sampleFanOutRun({ missingPerSecond: 20 })
    expect(messageOf(() => expect(run).toHaveP95Below(1000))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below(1000)

      Expected: p95 lag < 1.00 s
      Received: p95 lag = ∞ (10% of deliveries never arrived)

      Evidence: steady phase, 10.0 s, 1800 of 2000 deliveries, 100 sockets, 2/s
      Fix:      find out what the target does between a publication and its last delivery; the report shows the lag by second"
    `)
  })

  test('fail a target that only responds with errors, however fast they are', () => {
    const run = sampleHttpRun({ latencyMs: () => 0.2, errorsPerSecond: 200, errorKind: 'connect' })
    expect(messageOf(() => expect(run).toHaveP95Below(150))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below(150)

      Expected: p95 < 150 ms
      Received: p95 = ∞ (100% of requests got no good response)

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
  })

  test('pass up to the error rate that the percentile allows', () => {
    const withErrors = (errorsPerSecond: number) => sampleHttpRun({ errorsPerSecond, errorKind: 'status' })
    expect(withErrors(9)).toHaveP95Below(150)
    expect(withErrors(10)).toHaveP95Below(150)
    expect(messageOf(() => expect(withErrors(11)).toHaveP95Below(150))).toMatch(/^Error: /)
    expect(messageOf(() => expect(withErrors(96)).toHaveP95Below(50))).toContain(
      'Received: p95 = ∞ (48% of requests got no good response)',
    )
  })

  test('show an interval that extends to infinity', () => {
    const run = sampleHttpRun({ errorsPerSecond: 10, errorKind: 'status' })
    expect(messageOf(() => expect(run).toHaveP95Below(150, { confidence: 0.95 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below(150, { confidence: 0.95 })

      Expected: p95 < 150 ms with 95% confidence
      Received: p95 = 109 ms (−27.3%), 95% interval 109 ms–∞
                100 of 2,000 requests got no good response and count as infinitely slow

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      lengthen the run: the interval straddles the limit, and a longer run narrows it"
    `)
    expect(messageOf(() => expect(run).not.toHaveP95Below(150, { confidence: 0.95 }))).toMatch(/^Error/)
  })
})

describe('{ confidence }', () => {
  /** Run with ten slow seconds out of sixty: the interval is wide. */
  const uneven = sampleHttpRun({ seconds: 60, latencyMs: (n) => (n % 1200 < 200 ? 150 : 50) + (n % 40) })

  test('requires the whole interval to be below the limit', () => {
    expect(uneven).toHaveP95Below(200, { confidence: 0.95 })
    expect(uneven).not.toHaveP95Below(60, { confidence: 0.95 })
  })

  test('fails in both polarities if the interval straddles the limit', () => {
    const limit = 178
    expect(uneven).toHaveP95Below(limit)
    expect(messageOf(() => expect(uneven).toHaveP95Below(limit, { confidence: 0.95 }))).toMatchInlineSnapshot(`
      "Error: expect(run).toHaveP95Below(178, { confidence: 0.95 })

      Expected: p95 < 178 ms with 95% confidence
      Received: p95 = 177 ms (−0.55%), 95% interval 175–180 ms

      Evidence: steady phase, 60.0 s, 12000 of 12000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      lengthen the run: the interval straddles the limit, and a longer run narrows it"
    `)
    expect(messageOf(() => expect(uneven).not.toHaveP95Below(limit, { confidence: 0.95 }))).toMatch(/^Error: /)
  })

  test('is invalid with too few windows for an interval', () => {
    const run = sampleHttpRun({ seconds: 1 })
    expect(run).toHaveP95Below(150)
    expect(messageOf(() => expect(run).toHaveP95Below(150, { confidence: 0.95 }))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP95Below(150, { confidence: 0.95 })

      Expected: p95 < 150 ms with 95% confidence
      Received: INVALID, not judged. too-few-samples: no confidence interval can be calculated for the p95: its samples cover fewer than 2 time windows

      Evidence: steady phase, 1.0 s, 200 of 200 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      lengthen the run, or leave out { confidence } to judge the value alone"
    `)
  })
})

test('percentile matchers judge the times of a function and the lag of a fan-out', () => {
  expect(sampleMicroRun()).toHaveP95Below(2)
  expect(messageOf(() => expect(sampleMicroRun()).toHaveP95Below(1))).toMatchInlineSnapshot(`
    "Error: expect(run).toHaveP95Below(1)

    Expected: p95 < 1 ms
    Received: p95 = 1.94 ms (+94%), 95% interval 1.94–1.95 ms

    Evidence: 2000 calls
    Fix:      profile the function, or raise the limit"
  `)
  expect(messageOf(() => expect(sampleFanOutRun()).not.toHaveP99Below(1000))).toMatchInlineSnapshot(`
    "Error: expect(run).not.toHaveP99Below(1000)

    Expected: p99 lag ≥ 1.00 s
    Received: p99 lag = 108 ms (−89.2%), 95% interval 108–109 ms

    Evidence: steady phase, 10.0 s, 2000 of 2000 deliveries, 100 sockets, 2/s
    Fix:      remove .not, or assert another limit: the assertion itself holds"
  `)
})

describe('a load that the scale reduced', () => {
  const few = { seconds: 10, perSecond: 20 }
  const option = { skipIfReduced: true }
  const outcomes = (task: { meta: TaskMeta }) => task.meta.slo?.assertions.map(({ outcome }) => outcome)

  test('skips a percentile with skipIfReduced, with the reason and in both polarities', ({ task }) => {
    const run = sampleHttpRun({ ...few, reducedTo: 'smoke' })
    expect(run).toHaveP99Below(350, option)
    expect(run).not.toHavePercentileBelow(0.99, 350, option)
    expect(task.meta.slo?.assertions).toMatchObject([
      {
        assertion: 'toHaveP99Below(350, { skipIfReduced: true })',
        outcome: 'skipped',
        received: 'not checked: p99 < 350 ms needs at least 1,000 requests, the scope judged has 200 at scale smoke',
      },
      { outcome: 'skipped' },
    ])
  })

  test('is judged if it has enough samples', ({ task }) => {
    const run = sampleHttpRun({ reducedTo: 'smoke' })
    expect(run).toHaveP99Below(350, option)
    expect(messageOf(() => expect(run).toHaveP99Below(50, option))).toContain('Received: p99 = 108 ms')
    expect(outcomes(task)).toEqual(['passed', 'failed'])
  })

  test.each([
    ['as written', few],
    ['without skipIfReduced', { ...few, reducedTo: 'smoke' }, {}],
    ['without any sample', { seconds: 0, reducedTo: 'smoke' }],
    ['of a starved generator', { ...few, reducedTo: 'smoke', invalidities: [SATURATED] }],
    ['of a target that broke', { ...few, reducedTo: 'smoke', invalidities: [GIVEN_UP] }],
  ])('stays invalid or failed if the run is one %s', (_, run, options = option) => {
    expect(messageOf(() => expect(sampleHttpRun(run)).toHaveP99Below(350, options))).toMatch(/INVALID|aborted/)
  })

  test('accepts only booleans for skipIfReduced', () => {
    const call = () => expect(sampleHttpRun()).toHaveP95Below(1, { skipIfReduced: 'smoke' as never })
    expect(messageOf(call)).toContain('options.skipIfReduced: must be true or false')
  })
})

describe('a percentile that exceeds its limit only because of errors', () => {
  const failing = (more: object) => sampleHttpRun({ errorKind: 'status', latencyMs: () => 12, ...more })

  test('fails, and is invalid under .not', () => {
    const run = failing({ errorsPerSecond: 200 })
    expect(messageOf(() => expect(run).toHaveP95Below(150))).toMatch(/^Error: /)
    expect(messageOf(() => expect(run).not.toHaveP95Below(150))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).not.toHaveP95Below(150)

      Expected: p95 ≥ 150 ms
      Received: INVALID, not judged. undecided: p95 exceeds its limit only because of errors: counting the errors' own times, it is 12 ms

      Evidence: steady phase, 10.0 s, 2000 of 2000 requests, constantArrivalRate 200/s, 2,000 VUs
                generator: schedule delay p99 1.2 ms, CPU 31%
      Slowest:  POST /api/votes p95 188 ms · GET /api/me p95 92 ms
      Fix:      see the errors; judge them with toHaveErrorRateBelow(), and the times of good responses with expect(run.good)"
    `)
    expect(messageOf(() => expect(failing({ errorsPerSecond: 100 })).not.toHaveP95Below(150))).toMatch(
      /^InvalidRunError/,
    )
    const nothing = sampleHttpRun({ droppedPerSecond: 200 })
    expect(messageOf(() => expect(nothing).not.toHaveP95Below(150))).toMatch(/no request completed/)
  })

  test('passes under .not if timeouts and late errors exceed the limit', () => {
    const slow = (n: number) => (n % 200 < 20 ? 5_000 : 12)
    for (const errorKind of ['timeout', 'reset'] as const)
      expect(failing({ errorsPerSecond: 20, errorKind, latencyMs: slow })).not.toHaveP95Below(150)
  })

  test('fails regardless of the health of the generator if the target certainly caused the errors', () => {
    const run = (errorKind: 'reset' | 'timeout', errorsPerSecond: number) =>
      sampleHttpRun({ errorKind, errorsPerSecond, invalidities: [SATURATED] })
    expect(messageOf(() => expect(run('reset', 11)).toHaveP95Below(150))).toMatch(/^Error: [^]*p95 = ∞/)
    // Not more than 5% of the requests, or possibly caused by the generator.
    expect(messageOf(() => expect(run('reset', 10)).toHaveP95Below(100))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(run('timeout', 11)).toHaveP95Below(150))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(run('reset', 11)).toHavePercentileBelow(0.9, 150))).toMatch(/^InvalidRunError/)
  })
})

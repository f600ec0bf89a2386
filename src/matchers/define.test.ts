import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import type { ScenarioRecord } from '../results/result.ts'
import { messageOf } from '../testing/message-of.ts'
import { GIVEN_UP, SATURATED, sampleHttpRun, sampleMicroRun } from '../testing/sample-runs.ts'
import { defineMatcher, type Judgement } from './define.ts'
import { setOnInvalid } from './on-invalid.ts'
import './register.ts'

const run = sampleHttpRun()
/** Cast for calls that would not compile. */
const untyped = (value: unknown): unknown => value

describe('the record of a scenario', () => {
  test('contains passed, failed and invalid assertions', ({ task }) => {
    expect(run).toHaveP95Below(150)
    expect(run).not.toHaveP95Below(50)
    expect(() => expect(run).toHaveP95Below(50)).toThrow('Received: p95 = 104 ms')
    expect(() => expect(sampleHttpRun({ seconds: 0 })).toHaveP95Below(50)).toThrow('INVALID')
    const { assertions } = recordOf(task)
    expect(assertions).toEqual(JSON.parse(JSON.stringify(assertions)))
    expect(assertions.map(({ message, ...rest }) => ({ ...rest, hasMessage: message !== undefined })))
      .toMatchInlineSnapshot(`
        [
          {
            "assertion": "toHaveP95Below(150)",
            "expected": "p95 < 150 ms",
            "hasMessage": false,
            "interval": {
              "confidence": 0.95,
              "high": 105.023,
              "low": 104,
            },
            "limit": 150,
            "outcome": "passed",
            "percentile": 0.95,
            "received": "p95 = 104 ms (−30.6%), 95% interval 104–105 ms",
            "run": "http 1",
            "unit": "ms",
            "value": 104.063,
          },
          {
            "assertion": "not.toHaveP95Below(50)",
            "expected": "p95 ≥ 50 ms",
            "hasMessage": false,
            "interval": {
              "confidence": 0.95,
              "high": 105.023,
              "low": 104,
            },
            "limit": 50,
            "outcome": "passed",
            "percentile": 0.95,
            "received": "p95 = 104 ms (+108.1%), 95% interval 104–105 ms",
            "run": "http 1",
            "unit": "ms",
            "value": 104.063,
          },
          {
            "assertion": "toHaveP95Below(50)",
            "expected": "p95 < 50 ms",
            "hasMessage": true,
            "interval": {
              "confidence": 0.95,
              "high": 105.023,
              "low": 104,
            },
            "limit": 50,
            "outcome": "failed",
            "percentile": 0.95,
            "received": "p95 = 104 ms (+108.1%), 95% interval 104–105 ms",
            "run": "http 1",
            "unit": "ms",
            "value": 104.063,
          },
          {
            "assertion": "toHaveP95Below(50)",
            "expected": "p95 < 50 ms",
            "hasMessage": true,
            "invalidities": [
              {
                "finding": "there are no requests in the scope judged; p95 < 50 ms needs at least 200",
                "fix": "see why nothing was measured: the load may be shorter than its warm-up, or the target never responded",
                "reason": "no-samples",
              },
            ],
            "limit": 50,
            "outcome": "invalid",
            "percentile": 0.95,
            "reason": "no-samples",
            "received": "p95 unknown: nothing was measured",
            "run": "http 1",
            "unit": "ms",
          },
        ]
      `)
  })
})

describe('the error of a failure', () => {
  const numbers = {
    run: 'http 1',
    percentile: 0.95,
    limit: 50,
    value: expect.closeTo(104, 0) as unknown,
    unit: 'ms',
    interval: { low: expect.closeTo(104, 0) as unknown, high: expect.closeTo(105, 0) as unknown, confidence: 0.95 },
  }

  test('contains both values for editors and the numbers as meta, and prints no diff', () => {
    expect(errorOf(() => expect(run).toHaveP95Below(50))).toMatchObject({
      actual: 'p95 = 104 ms (+108.1%), 95% interval 104–105 ms',
      expected: 'p95 < 50 ms',
      showDiff: false,
      __vitest_error_context__: { assertionName: 'toHaveP95Below', meta: numbers },
    })
    expect(errorOf(() => expect(run).not.toHaveP95Below(150))).toMatchObject({ expected: 'p95 ≥ 150 ms' })
  })

  test('names the part of the run, as the record does', ({ task }) => {
    const evidence = { ...run[evidenceOf](), part: { phase: 'spike', step: 'pay' } as const }
    const error = errorOf(() => expect({ name: 'http 1', [evidenceOf]: () => evidence }).toHaveP95Below(50))
    expect(error).toMatchObject({ __vitest_error_context__: { meta: { ...numbers, phase: 'spike', step: 'pay' } } })
    expect(recordOf(task).assertions).toMatchObject([{ ...numbers, phase: 'spike', step: 'pay' }])
  })

  test('contains infinite numbers as JSON, and no value if nothing was measured', ({ task }) => {
    errorOf(() => expect(sampleHttpRun({ errorsPerSecond: 40 })).toHaveP95Below(50))
    errorOf(() => expect(sampleHttpRun({ seconds: 0 })).toHaveP95Below(50))
    const [lost, empty] = recordOf(task).assertions
    expect(lost).toMatchObject({ limit: 50, unit: 'ms', value: 'Infinity' })
    expect(empty).toMatchObject({ limit: 50, unit: 'ms', percentile: 0.95 })
    expect(empty).not.toHaveProperty('value')
    expect(empty).not.toHaveProperty('interval')
  })
})

test('refuses to judge inside another matcher, in any polarity, whether it would hold or not', () => {
  for (const run of [sampleHttpRun(), sampleHttpRun({ invalidities: [SATURATED] })]) {
    for (const within of [expect.toHaveP95Below(150), expect.toHaveP95Below(1)]) {
      expect(() => expect({ run }).toEqual({ run: within })).toThrow(TypeError)
      expect(() => expect({ run }).not.toEqual({ run: within })).toThrow(TypeError)
      expect(() => expect([run]).toContainEqual(within)).toThrow(TypeError)
    }
  }
  expect(messageOf(() => expect({ run }).toEqual({ run: expect.not.toHaveP95Below(150) }))).toMatchInlineSnapshot(`
    "TypeError: toHaveP95Below() cannot be used inside another matcher, which would not count its verdict
    Fix: assert on the value itself: expect(run).not.toHaveP95Below(150)"
  `)
})

describe("onInvalid: 'warn'", () => {
  test('continues the test in both polarities, prints the message, and records invalid', ({ task }) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    setOnInvalid('warn')
    onTestFinished(() => setOnInvalid('fail'))
    const short = sampleHttpRun({ seconds: 1, perSecond: 50 })
    expect(short).toHaveP95Below(1)
    expect(short).not.toHaveP95Below(1000)
    expect(warn).toHaveBeenCalledTimes(2)
    expect(warn.mock.calls[0]?.[0]).toMatch(/^InvalidRunError: expect\(run\)\.toHaveP95Below\(1\)/)
    expect(recordOf(task).assertions.map(({ outcome }) => outcome)).toEqual(['invalid', 'invalid'])
  })
})

describe('a run that was aborted because of the target', () => {
  const broken = sampleHttpRun({ seconds: 2, invalidities: [SATURATED, GIVEN_UP] })

  test('fails in both polarities, regardless of other invalidities', ({ task }) => {
    expect(messageOf(() => expect(broken).toHaveP95Below(150))).toMatchSnapshot('fails')
    expect(messageOf(() => expect(broken).not.toHaveP95Below(1))).toMatchSnapshot('fails, negated')
    expect(messageOf(() => expect(broken).toHaveErrorRateBelow(0.00001))).toMatch(/^Error: .*\n\nExpected: error rate/)
    expect(recordOf(task).assertions.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['failed', undefined],
      ['failed', undefined],
      ['failed', undefined],
    ])
  })

  test("fails even with onInvalid: 'warn'", () => {
    setOnInvalid('warn')
    onTestFinished(() => setOnInvalid('fail'))
    expect(() => expect(broken).toHaveP95Below(150)).toThrow('the run was aborted')
  })
})

describe('the message of expect()', () => {
  test('precedes failures and invalid evidence', () => {
    expect(messageOf(() => expect(run, 'S3').toHaveP95Below(50))).toMatch(/^Error: S3: expect\(run\)/)
    expect(messageOf(() => expect(sampleMicroRun({ calls: 10 }), 'S3').toHaveP95Below(50))).toMatch(
      /^InvalidRunError: S3: expect\(run\)/,
    )
  })
})

describe('expect.poll', () => {
  test('is rejected with a reason, without calling the polled function', async () => {
    const load = vi.fn<() => typeof run>(() => run)
    const error = await failureOf(() => expect.poll(load).toHaveP95Below(150))
    expect(error.message).toMatchInlineSnapshot(
      `
      "toHaveP95Below() cannot be polled: a measurement that is repeated until it passes proves nothing
      Fix: await the run once, then assert: expect(run).toHaveP95Below(150)"
    `,
    )
    expect(load).not.toHaveBeenCalled()
  })
})

describe('a value that a matcher cannot judge', () => {
  test.for([
    ['nothing', undefined],
    ['a promise', Promise.resolve(run)],
    ['statistics', { p50Ms: 12, p95Ms: 40 }],
    ['a number', 120],
  ])('%s is named', ([, received]) => {
    expect(messageOf(() => expect(untyped(received)).toHaveP95Below(150))).toMatchSnapshot()
  })

  test('is rejected with the matchers that accept it', () => {
    expect(messageOf(() => expect(untyped(sampleMicroRun())).toHaveThroughputAbove(5))).toMatchInlineSnapshot(`
      "TypeError: toHaveThroughputAbove() judges a run of requests, as http.run() gives; received a micro run (micro 1)
      Fix: use a matcher that accepts it: toHaveP50Below, toHaveP95Below, toHaveP99Below, toHavePercentileBelow, toBeNoSlowerThan, toBeFasterThan"
    `)
  })
})

describe('an asynchronous matcher', () => {
  const judgement: Judgement = {
    holds: false,
    expected: 'balance = 0',
    expectedNot: 'balance ≠ 0',
    received: 'balance = 7',
    invalidities: [],
    evidence: ['three accounts'],
    fix: 'correct the balances',
  }
  expect.extend({
    toBalance: defineMatcher<{ judgement: Judgement | Error }, undefined>({
      name: 'toBalance',
      subject: { variable: 'ledger', noun: 'a ledger', read: ledgerIn },
      readArguments: () => undefined,
      judge: async ({ judgement: found }) => {
        await Promise.resolve()
        if (found instanceof Error) throw found
        return found
      },
    }),
  })
  type Balancing = Record<'toBalance', () => Promise<void>>
  const expectLedger = (found: Judgement | Error): Balancing & { readonly not: Balancing } =>
    // oxlint-disable-next-line vitest/valid-expect -- the matcher is called on the returned assertion
    expect({ judgement: found }) as never

  test('passes and fails when awaited, with the stack of the call', async () => {
    await expectLedger({ ...judgement, holds: true }).toBalance()
    await expectLedger(judgement).not.toBalance()
    const error = await failureOf(() => expectLedger(judgement).toBalance())
    expect(error.message).toMatchInlineSnapshot(`
      "expect(ledger).toBalance()

      Expected: balance = 0
      Received: balance = 7

      Evidence: three accounts
      Fix:      correct the balances"
    `)
    expect(firstFrame(error)).toContain('define.test.ts')
  })

  test('is invalid in both polarities', async () => {
    const invalid = { ...judgement, invalidities: [SATURATED] }
    expect((await failureOf(() => expectLedger(invalid).toBalance())).name).toBe('InvalidRunError')
    const error = await failureOf(() => expectLedger(invalid).not.toBalance())
    expect(error.name).toBe('InvalidRunError')
    expect(firstFrame(error)).toContain('define.test.ts')
  })

  test('rethrows its own errors', async () => {
    expect((await failureOf(() => expectLedger(new Error('no such table')).toBalance())).message).toBe('no such table')
  })
})

describe('invalid arguments', () => {
  test.for<[string, () => void]>([
    ['a percentile of 0', () => expect(run).toHavePercentileBelow(0, 150)],
    ['a percentile of 1', () => expect(run).toHavePercentileBelow(1, 150)],
    ['a percentile of 100', () => expect(run).toHavePercentileBelow(100, 150)],
    ['a percentile in percent', () => expect(run).toHavePercentileBelow(99.9, 150)],
    ['a percentile of 150', () => expect(run).toHavePercentileBelow(150, 150)],
    ['a percentile of NaN', () => expect(run).toHavePercentileBelow(Number.NaN, 150)],
    ['a limit of 0', () => expect(run).toHaveP95Below(0)],
    ['a negative limit', () => expect(run).toHaveP50Below(-1)],
    ['a limit below the resolution', () => expect(run).toHaveP99Below(0.000_9)],
    ['a limit beyond the longest time', () => expect(run).toHaveP99Below('10m')],
    ['a limit as text', () => expect(run).toHaveP99Below('fast' as '1s')],
    ['a ratio below 0', () => expect(run).toHaveErrorRateBelow(-0.1)],
    ['a ratio in percent', () => expect(run).toHaveErrorRateBelow(5)],
    ['a ratio of 1', () => expect(run).toHaveErrorRateBelow(1)],
    ['a confidence of 1', () => expect(run).toHaveP95Below(150, { confidence: 1 })],
    ['a confidence in percent', () => expect(run).toHaveP95Below(150, { confidence: 95 })],
    ['a misspelled option', () => expect(run).toHaveP95Below(150, { confidense: 0.95 } as object)],
    ['a number as options', () => expect(run).toHaveP95Below(150, 0.95 as unknown as object)],
    ['a number that is not a status', () => expect(run).toHaveStatusRateBelow(42.9, 0.01)],
    ['a rate of 0', () => expect(run).toHaveThroughputAbove(0)],
    ['a tolerance of 1', () => expect(run).toSustainRate({ tolerance: 1 })],
    ['several at once', () => expect(run).toHavePercentileBelow(95, 0, { confidence: 2 })],
  ])('%s', ([, assert]) => {
    expect(messageOf(assert)).toMatchSnapshot()
  })
})

function errorOf(assert: () => unknown): Error {
  try {
    assert()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

function ledgerIn(received: unknown): { judgement: Judgement | Error } | undefined {
  const isLedger = typeof received === 'object' && received !== null && 'judgement' in received
  return isLedger ? (received as { judgement: Judgement | Error }) : undefined
}

function recordOf(task: { readonly meta: { readonly slo?: ScenarioRecord } }): ScenarioRecord {
  return task.meta.slo ?? { runs: [], assertions: [] }
}

async function failureOf(assert: () => Promise<void>): Promise<Error> {
  try {
    await assert()
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** First frame outside Vitest, to which it points the code frame. */
function firstFrame(error: Error): string | undefined {
  return error.stack?.split('\n').find((line) => line.startsWith('    at ') && !line.includes('/node_modules/'))
}

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkDuration, checkNumber, durationMs } from './checks.ts'
import { checkKnownKeys } from './known-keys.ts'
import { Problems } from './problems.ts'

describe('durations', () => {
  it.each([
    ['2m', 120_000],
    ['1.5s', 1_500],
    ['500ms', 500],
    ['1h', 3_600_000],
    ['0s', 0],
    [250, 250],
    [0, 0],
  ])('%s is %d ms', (value, ms) => {
    expect(durationMs(value)).toBe(ms)
  })

  it.each([
    '',
    '2',
    '2 m',
    '-2m',
    'm',
    '1e3ms',
    '2min',
    '2M',
    ' 2m',
    '.5s',
    Number.NaN,
    -1,
    Infinity,
    null,
    undefined,
    {},
    [5],
  ])('%s is not a duration', (value) => {
    expect(durationMs(value)).toBeUndefined()
  })

  it('are equal in any unit', () => {
    fc.assert(
      fc.property(fc.nat(10_000), (amount) => {
        expect(durationMs(`${amount}s`)).toBe(durationMs(`${amount * 1000}ms`))
        expect(durationMs(`${amount}h`)).toBe(durationMs(`${amount * 60}m`))
      }),
    )
  })

  it('outside their bounds are reported with the rule and a valid example', () => {
    const problems = new Problems()
    expect(checkDuration(problems, 'load.duration', '0s')).toBeNaN()
    expect(checkDuration(problems, 'timeout', '2h', { min: 1, max: 60_000 })).toBeNaN()
    expect(checkDuration(problems, 'fine', '2s')).toBe(2_000)
    expect(problems.found).toMatchInlineSnapshot(`
      [
        {
          "fix": "write, for example, duration: '2m'",
          "path": "load.duration",
          "received": "0s",
          "rule": "must be a duration above 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds",
        },
        {
          "fix": "write, for example, timeout: '10s'",
          "path": "timeout",
          "received": "2h",
          "rule": "must be a duration at least 1 ms and at most 60000 ms: '2m', '1.5s', '500ms', or a number of milliseconds",
        },
      ]
    `)
  })
})

describe('numbers', () => {
  it('within their bounds are returned unchanged', () => {
    const problems = new Problems()
    expect(checkNumber(problems, 'ratio', 0.5, { above: 0, below: 1, example: 0.5 })).toBe(0.5)
    expect(checkNumber(problems, 'vus', 10, { min: 10, max: 10, integer: true, example: 10 })).toBe(10)
    expect(problems.found).toEqual([])
  })

  it.each([
    [0, { above: 0 }, 'must be a number above 0'],
    [1, { below: 1 }, 'must be a number below 1'],
    [2, { min: 0, max: 1 }, 'must be a number at least 0 and at most 1'],
    [1.5, { integer: true, min: 1 }, 'must be an integer at least 1'],
    [2 ** 60, { integer: true }, 'must be an integer'],
    [Number.NaN, {}, 'must be a number'],
    [Infinity, {}, 'must be a number'],
    ['5', {}, 'must be a number'],
    [undefined, {}, 'must be a number'],
  ])('%s outside the bounds %o is reported', (value, bounds, rule) => {
    const problems = new Problems()
    expect(checkNumber(problems, 'a.b', value, { ...bounds, example: 5 })).toBeNaN()
    expect(problems.found).toEqual([{ path: 'a.b', received: value, rule, fix: 'write, for example, b: 5' }])
  })
})

describe('options that do not exist', () => {
  it('are reported with the one that was probably meant', () => {
    const problems = new Problems()
    checkKnownKeys(problems, 'load', { rate: 5, duraton: '2m', RATES: 6, users: 7, colour: 'red', vu: () => 1 }, [
      'rate',
      'vus',
      'duration',
    ])
    expect(problems.found.map(({ path, fix }) => [path, fix])).toEqual([
      ['load.duraton', "write duration: '2m'"],
      ['load.RATES', 'write rate: 6'],
      ['load.users', 'write vus: 7'],
      ['load.colour', 'remove colour'],
      ['load.vu', 'rename vu to vus'],
    ])
    expect(problems.found.map(({ rule }) => rule)).toEqual([
      'unknown option; did you mean duration? Valid options: rate, vus, duration',
      'unknown option; did you mean rate? Valid options: rate, vus, duration',
      'unknown option; did you mean vus? Valid options: rate, vus, duration',
      'unknown option. Valid options: rate, vus, duration',
      'unknown option; did you mean vus? Valid options: rate, vus, duration',
    ])
  })
})

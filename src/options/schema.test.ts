import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Duration } from './checks.ts'
import { Problems } from './problems.ts'
import {
  choose,
  isRecord,
  map,
  mistakesIn,
  object,
  optional,
  readOptions,
  readVariable,
  type Reader,
} from './schema.ts'
import { any, array, duration, flag, func, integer, listOf, numeric, oneOf, oneOrMore, rate, text } from './values.ts'

interface Pause {
  readonly min: Duration
  readonly max: Duration
}

const PAUSE = object<Pause>()(
  { min: duration({ min: 0 }), max: duration({ min: 0 }) },
  { example: "pause: { min: '1s', max: '3s' }" },
).rule(['min', 'max'], ({ minMs, maxMs }) =>
  minMs > maxMs ? { option: 'max', rule: 'must not be below min', example: "max: '3s'" } : undefined,
)

interface RunOptions {
  readonly rate: number
  readonly vus?: number
  readonly timeout?: Duration
  readonly pause?: Duration | Pause
  readonly steps: readonly { readonly name: string }[]
  readonly onInvalid?: 'fail' | 'warn'
  readonly isTraced?: boolean
  readonly check?: () => boolean
  readonly tags?: readonly string[]
  readonly url?: string | readonly string[]
  readonly data?: unknown
}

const RUN = object<RunOptions>()(
  {
    rate: rate({ above: 0, example: 50 }),
    vus: optional(integer({ min: 1, example: 10 }), 1),
    timeout: optional(duration({ above: 0, max: 60_000 }), 10_000),
    pause: optional(choose((value): Reader<object> => (isRecord(value) ? PAUSE : map(duration(), (ms) => ({ ms }))))),
    steps: array(object<{ name: string }>()({ name: text("'login'") }), 'must be an array of steps', "[{ name: 'a' }]"),
    onInvalid: optional(oneOf(['fail', 'warn'], 'warn'), 'fail'),
    isTraced: optional(flag(true), false),
    check: optional(func<() => boolean>('() => true')),
    tags: optional(
      listOf<string>((tag) => tag !== '', 'tags', "['search']"),
      [],
    ),
    url: optional(oneOrMore(text("'http://127.0.0.1'", 'must be a URL')), []),
    data: any(),
  },
  { example: 'run({ rate: 50, … })' },
)

function messageOf(options: unknown): string {
  try {
    readOptions('run()', RUN, options)
  } catch (error) {
    return String(error)
  }
  return 'fine'
}

describe('an object of options', () => {
  test('is read with its defaults, durations in milliseconds and rates per second', () => {
    expect(readOptions('run()', RUN, { rate: 5, steps: [{ name: 'a' }] })).toEqual({
      ratePerSec: 5,
      vus: 1,
      timeoutMs: 10_000,
      pause: undefined,
      steps: [{ name: 'a' }],
      onInvalid: 'fail',
      isTraced: false,
      check: undefined,
      tags: [],
      url: [],
      data: undefined,
    })
    const given = { rate: 5, steps: [{ name: 'a' }], timeout: '2s', pause: { min: 0, max: '1s' }, url: 'a', data: 7 }
    expect(readOptions('run()', RUN, given)).toMatchObject({
      timeoutMs: 2_000,
      pause: { minMs: 0, maxMs: 1_000 },
      url: ['a'],
      data: 7,
    })
  })

  test('reports every mistake in one error, with path, rule, value and example', () => {
    const wrong = {
      ...{ rates: 5, vus: 0.5, timeout: '2h', pause: { min: '3s', max: '1s', mean: 2 }, steps: [{ name: '' }, 'a'] },
      ...{ onInvalid: 'ignore', isTraced: 1, check: true, tags: ['', 'a'], url: ['a', ''] },
    }
    expect(messageOf(wrong)).toMatchInlineSnapshot(`
      "OptionsError: run() received 13 invalid options:

        rates: unknown option; did you mean rate? Valid options: rate, vus, timeout, pause, steps, onInvalid, isTraced, check, tags, url, data
          Received: 5
          Fix:      write rate: 5
        rate: must be a number above 0
          Received: undefined
          Fix:      write, for example, rate: 50
        vus: must be an integer at least 1
          Received: 0.5
          Fix:      write, for example, vus: 10
        timeout: must be a duration above 0 ms and at most 60000 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: '2h'
          Fix:      write, for example, timeout: '10s'
        pause.mean: unknown option. Valid options: min, max
          Received: 2
          Fix:      remove mean
        pause.max: must not be below min
          Received: '1s'
          Fix:      write, for example, max: '3s'
        steps[0].name: must be a string
          Received: ''
          Fix:      write, for example, name: 'login'
        steps[1]: must be an object
          Received: 'a'
          Fix:      write, for example, { … }
        onInvalid: must be 'fail' or 'warn'
          Received: 'ignore'
          Fix:      write, for example, onInvalid: 'warn'
        isTraced: must be true or false
          Received: 1
          Fix:      write, for example, isTraced: true
        check: must be a function
          Received: true
          Fix:      write, for example, check: () => true
        tags: must be a list of tags
          Received: [ '', 'a' ]
          Fix:      write, for example, tags: ['search']
        url: must be a URL
          Received: ''
          Fix:      write, for example, url: 'http://127.0.0.1'"
    `)
  })

  test('is reported as a whole if it is not an object', () => {
    for (const value of [undefined, null, 5, 'rate', [5], () => {}])
      expect(messageOf(value)).toContain(
        'run() received an invalid option:\n\n  options: must be an object\n    Received: ',
      )
    expect(messageOf({ rate: 5, steps: [[]] })).toContain('steps[0]: must be an object\n    Received: []')
  })

  test('does not show an invalid secret', () => {
    const reader = object<{ password: string }>()({ password: map(integer({ example: 5 }), String) })
    expect(() => readOptions('login()', reader, { password: 'hunter22' })).toThrow(/password: [^]*Received: '\*\*\*'/)
  })

  test('applies a rule unless one of its options is invalid', () => {
    expect(mistakesIn(PAUSE, { min: 5, max: 1 })).toEqual([
      { path: 'max', received: 1, rule: 'must not be below min', fix: "write, for example, max: '3s'" },
    ])
    expect(mistakesIn(PAUSE, { min: 5, max: 'x' }).map(({ rule }) => rule)).toEqual([
      expect.stringContaining('must be a duration'),
    ])
    const whole = PAUSE.rule([], (_, { min }) => (min === 7 ? { rule: 'is odd', example: 'min: 8' } : undefined))
    expect(mistakesIn(whole, { min: 7, max: 1 }).map(({ path, rule }) => [path, rule])).toEqual([
      ['max', 'must not be below min'],
      ['', 'is odd'],
    ])
  })

  test('accepts exactly the names of its readers', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const known = [
          'rate',
          'steps',
          'vus',
          'timeout',
          'pause',
          'onInvalid',
          'isTraced',
          'check',
          'tags',
          'url',
          'data',
        ]
        fc.pre(!known.includes(name) && name !== '__proto__')
        const found = mistakesIn(RUN, { rate: 5, steps: [{ name: 'a' }], [name]: 1 })
        expect(found.map(({ path }) => path)).toEqual([name])
      }),
    )
  })

  test('can be read again from its result', () => {
    const options = { rate: 5, steps: [{ name: 'a' }], timeout: '2s', pause: '1s' }
    const plain = object<Pick<RunOptions, 'rate' | 'timeout' | 'steps'>>()({
      rate: rate({ above: 0, example: 50 }),
      timeout: optional(duration(), 10_000),
      steps: array(object<{ name: string }>()({ name: text("'login'") }), 'must be an array', '[]'),
    })
    const read = readOptions('run()', plain, { rate: options.rate, steps: options.steps })
    expect(mistakesIn(plain.ofData!, read)).toEqual([])
    expect(readOptions('run()', plain.ofData!, read)).toEqual(read)
    expect(mistakesIn(plain.ofData!, options).map(({ path }) => path)).toEqual([
      'rate',
      'timeout',
      'pause',
      'ratePerSec',
      'timeoutMs',
    ])
    expect(mistakesIn(PAUSE.ofData!, { minMs: 5, maxMs: 1 }).map(({ rule }) => rule)).toEqual(['must not be below min'])
  })
})

test('an environment variable is reported by its name', () => {
  const problems = new Problems()
  const cores = (text: string | undefined) =>
    readVariable(problems, { PERF_CORES: text }, 'PERF_CORES', integer({ min: 1, example: 2 }), numeric)
  expect([cores(undefined), cores(''), cores('3')]).toEqual([undefined, undefined, 3])
  cores('two')
  cores('1e3')
  expect(problems.found).toEqual([
    {
      path: 'PERF_CORES',
      received: 'two',
      rule: 'must be an integer at least 1',
      fix: 'write, for example, PERF_CORES=2',
    },
    {
      path: 'PERF_CORES',
      received: '1e3',
      rule: 'must be an integer at least 1',
      fix: 'write, for example, PERF_CORES=2',
    },
  ])
})

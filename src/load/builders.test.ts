import { describe, expect, it } from 'vitest'
import { OptionsError, Problems } from '../options/problems.ts'
import { isLoad } from '../testing/is-load.ts'
import {
  constantArrivalRate,
  constantVus,
  LOAD,
  rampingArrivalRate,
  rampingVus,
  sharedIterations,
  spike,
} from './builders.ts'
import type { Load } from './load.ts'

const EVERY_KIND: readonly Load[] = [
  constantVus({ vus: 50, duration: '2m', thinkTime: { min: '1s', max: '3s' } }),
  rampingVus({ stages: [{ target: 10, duration: '10s' }], thinkTime: '500ms', isStaggered: false }),
  constantArrivalRate({ rate: 0.5, vus: 10, duration: '1m', arrivals: 'poisson' }),
  rampingArrivalRate({ startRate: 5, stages: [{ target: 10, duration: 1000, phase: 'spike' }], vus: 10 }),
  sharedIterations({ iterations: 100, vus: 10 }),
  spike({ rate: 200, duration: '60s', vus: 2000 }),
]

describe('builders', () => {
  it('return plain data that includes every default', () => {
    expect(EVERY_KIND).toMatchInlineSnapshot(`
      [
        {
          "durationMs": 120000,
          "kind": "constantVus",
          "thinkTime": {
            "maxMs": 3000,
            "minMs": 1000,
          },
          "vus": 50,
        },
        {
          "isStaggered": false,
          "kind": "rampingVus",
          "stages": [
            {
              "durationMs": 10000,
              "target": 10,
            },
          ],
          "startVus": 0,
          "thinkTime": {
            "maxMs": 500,
            "minMs": 500,
          },
        },
        {
          "arrivals": "poisson",
          "durationMs": 60000,
          "kind": "constantArrivalRate",
          "ratePerSec": 0.5,
          "vus": 10,
        },
        {
          "arrivals": "uniform",
          "kind": "rampingArrivalRate",
          "stages": [
            {
              "durationMs": 1000,
              "phase": "spike",
              "target": 10,
            },
          ],
          "startRatePerSec": 5,
          "vus": 10,
        },
        {
          "iterations": 100,
          "kind": "sharedIterations",
          "maxDurationMs": 600000,
          "vus": 10,
        },
        {
          "arrivals": "uniform",
          "kind": "rampingArrivalRate",
          "stages": [
            {
              "durationMs": 10000,
              "phase": "steady",
              "target": 20,
            },
            {
              "durationMs": 0,
              "phase": "ramp",
              "target": 200,
            },
            {
              "durationMs": 60000,
              "phase": "spike",
              "target": 200,
            },
            {
              "durationMs": 0,
              "target": 20,
            },
            {
              "durationMs": 10000,
              "phase": "cooldown",
              "target": 20,
            },
          ],
          "startRatePerSec": 20,
          "vus": 2000,
        },
      ]
    `)
    for (const load of EVERY_KIND) expect(JSON.parse(JSON.stringify(load))).toEqual(load)
  })

  it('build the stages before and after a spike from its options', () => {
    const load = spike({
      rate: 100,
      duration: '10s',
      vus: 5,
      baseRate: 1,
      timeBefore: '3s',
      timeAfter: 0,
      rampUp: '2s',
    })
    expect(load.stages).toMatchInlineSnapshot(`
      [
        {
          "durationMs": 3000,
          "phase": "steady",
          "target": 1,
        },
        {
          "durationMs": 2000,
          "phase": "ramp",
          "target": 100,
        },
        {
          "durationMs": 10000,
          "phase": "spike",
          "target": 100,
        },
        {
          "durationMs": 0,
          "target": 1,
        },
        {
          "durationMs": 0,
          "phase": "cooldown",
          "target": 1,
        },
      ]
    `)
  })
})

describe('mistakes', () => {
  it('are all named in one error, with path, value, rule and example', () => {
    const options = { rate: -1, vus: Number.NaN, duraton: '2m', arrivals: 'random' }
    expect(messageOf(() => constantArrivalRate(options as never))).toMatchInlineSnapshot(`
      "constantArrivalRate() received 5 invalid options:

        duraton: unknown option; did you mean duration? Valid options: rate, vus, duration, arrivals
          Received: '2m'
          Fix:      write duration: '2m'
        rate: must be a number above 0
          Received: -1
          Fix:      write, for example, rate: 50
        vus: must be an integer at least 1
          Received: NaN
          Fix:      write, for example, vus: 50
        duration: must be a duration above 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: undefined
          Fix:      write, for example, duration: '2m'
        arrivals: must be 'uniform' or 'poisson'
          Received: 'random'
          Fix:      write, for example, arrivals: 'poisson'"
    `)
  })

  it('are named inside stages and think time', () => {
    const stages = [{ target: 1.5, duration: '2 minutes', phase: 'calm', length: 3 }, 4]
    const thinkTime = { min: 5, max: 1, mean: 3 }
    expect(messageOf(() => rampingVus({ startVus: -1, stages, thinkTime } as never))).toMatchInlineSnapshot(`
      "rampingVus() received 8 invalid options:

        startVus: must be an integer at least 0
          Received: -1
          Fix:      write, for example, startVus: 10
        stages[0].length: unknown option. Valid options: target, duration, phase
          Received: 3
          Fix:      remove length
        stages[0].target: must be an integer at least 0
          Received: 1.5
          Fix:      write, for example, target: 100
        stages[0].duration: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
          Received: '2 minutes'
          Fix:      write, for example, duration: '2m'
        stages[0].phase: must be one of warmup, ramp, steady, spike, cooldown
          Received: 'calm'
          Fix:      write, for example, phase: 'spike'
        stages[1]: must be a stage: an object with target and duration
          Received: 4
          Fix:      write, for example, { target: 100, duration: '2m' }
        thinkTime.mean: unknown option. Valid options: min, max
          Received: 3
          Fix:      remove mean
        thinkTime: must not have min above max
          Received: { min: 5, max: 1, mean: 3 }
          Fix:      write, for example, thinkTime: { min: '1s', max: '3s' }"
    `)
  })

  it.each([
    ['no stages', () => rampingVus({ stages: [] }), ['stages']],
    ['stages that are not an array', () => rampingArrivalRate({ stages: {}, vus: 1 } as never), ['stages']],
    ['stages without duration', () => rampingVus({ stages: [{ target: 10, duration: 0 }] }), ['options']],
    ['a ramp from 0 to 0', () => rampingArrivalRate({ stages: [{ target: 0, duration: '1m' }], vus: 1 }), ['options']],
    ['a rate too low for its time', () => constantArrivalRate({ rate: 0.1, vus: 1, duration: '1s' }), ['options']],
    ['no options', () => constantVus(undefined as never), ['options']],
    ['a list of options', () => constantVus([] as never), ['options']],
    ['null', () => constantVus({ vus: null, duration: null } as never), ['vus', 'duration']],
    ['numbers as text', () => constantVus({ vus: '5', duration: '60' } as never), ['vus', 'duration']],
    ['no duration', () => constantVus({ vus: 1, duration: 0 }), ['duration']],
    [
      'a string as isStaggered',
      () => constantVus({ vus: 1, duration: 1, isStaggered: 'no' as never }),
      ['isStaggered'],
    ],
    ['a negative think time', () => constantVus({ vus: 1, duration: 1, thinkTime: -1 }), ['thinkTime']],
    [
      'infinity',
      () => constantArrivalRate({ rate: Infinity, vus: Infinity, duration: Infinity }),
      ['rate', 'vus', 'duration'],
    ],
    [
      'half a VU',
      () => sharedIterations({ iterations: 1.5, vus: 0.5, maxDuration: -1 }),
      ['iterations', 'vus', 'maxDuration'],
    ],
    ['a spike without its rate', () => spike({ duration: '1m', vus: 1 } as never), ['rate']],
    [
      'a spike with an invalid base rate and ramp',
      () => spike({ rate: 1, duration: '9s', vus: 1, baseRate: -1, rampUp: 'x' } as never),
      ['baseRate', 'rampUp'],
    ],
  ])('are named for %s', (_, build, paths) => {
    expect(problemsOf(build).map(({ path }) => path)).toEqual(paths)
    expect(messageOf(build)).toMatchSnapshot()
  })
})

describe('loads as plain data', () => {
  it('are distinguished from all other values', () => {
    for (const load of EVERY_KIND) expect(isLoad(JSON.parse(JSON.stringify(load)))).toBe(true)
    for (const other of [
      undefined,
      null,
      5,
      'constantVus',
      [],
      {},
      { kind: 'spike' },
      { kind: 'toString' },
      { kind: 7 },
    ])
      expect(isLoad(other)).toBe(false)
    // The options of a builder are not a load.
    expect(isLoad({ kind: 'spike', rate: 9, duration: '9s', vus: 1 })).toBe(false)
  })

  it('are read back unchanged', () => {
    const problems = new Problems()
    for (const load of EVERY_KIND) expect(LOAD.read(problems, 'load', load)).toEqual(load)
    expect(problems.found).toEqual([])
  })

  it('must be complete, and must not contain options of the builders', () => {
    const problems = new Problems()
    const stages = [{ target: 1, duration: '2m' }]
    expect(LOAD.read(problems, 'load', { kind: 'rampingArrivalRate', rate: 5, stages, vus: 1 })).toBeUndefined()
    expect(problems.found.map(({ path }) => path)).toMatchInlineSnapshot(`
      [
        "load.rate",
        "load.startRatePerSec",
        "load.stages[0].duration",
        "load.stages[0].durationMs",
        "load.arrivals",
      ]
    `)
  })

  it.each([
    { kind: 'constantVus', vus: 1, duration: '1s' },
    { kind: 'sharedIterations', iterations: 5, vus: 1 },
  ])('are one mistake if they are the options of a builder: %o', (value) => {
    const problems = new Problems()
    LOAD.read(problems, 'load', value)
    const rule = `must be a load, created by ${value.kind}()`
    const fix = `write, for example, load: ${value.kind}({ … })`
    expect(problems.found).toEqual([{ path: 'load', received: value, rule, fix }])
  })

  it('are requested by the names of their builders', () => {
    const problems = new Problems()
    LOAD.read(problems, 'load', { rate: 50 })
    expect(() => problems.throwIfAny('http.run()')).toThrowErrorMatchingInlineSnapshot(`
      [OptionsError: http.run() received an invalid option:

        load: must be a load, created by one of constantVus, rampingVus, constantArrivalRate, rampingArrivalRate, sharedIterations, spike
          Received: { rate: 50 }
          Fix:      write, for example, load: constantArrivalRate({ rate: 50, vus: 100, duration: '2m' })]
    `)
  })
})

it.each<[string, () => unknown, string]>([
  ['a rate', () => constantArrivalRate({ rate: 1e9, vus: 5, duration: '1s' }), 'rate'],
  [
    'a start rate',
    () => rampingArrivalRate({ startRate: 1e9, stages: [{ target: 1, duration: '1s' }], vus: 5 }),
    'startRate',
  ],
  [
    'the rate of a stage',
    () => rampingArrivalRate({ stages: [{ target: 1e9, duration: '1s' }], vus: 5 }),
    'stages[0].target',
  ],
  ['the rate of a spike', () => spike({ rate: 1e9, vus: 5, duration: '1s' }), 'rate'],
  ['VUs', () => constantVus({ vus: 1e9, duration: '1s' }), 'vus'],
  ['VUs of a stage', () => rampingVus({ stages: [{ target: 1e9, duration: '1s' }] }), 'stages[0].target'],
  ['iterations', () => sharedIterations({ iterations: 1e9, vus: 2, maxDuration: '500ms' }), 'iterations'],
])('%s beyond what generators can send are rejected, with the limit and the reason', (_, build, path) => {
  const [problem, ...others] = problemsOf(build)
  expect(others).toEqual([])
  expect(problem).toMatchObject({
    path,
    received: 1e9,
    rule: expect.stringMatching(/ at most 1000000(00)?: (no|more) /),
  })
})

function problemsOf(build: () => unknown): OptionsError['problems'] {
  try {
    build()
  } catch (error) {
    if (error instanceof OptionsError) return error.problems
    throw error
  }
  return []
}

function messageOf(build: () => unknown): string {
  try {
    build()
  } catch (error) {
    if (error instanceof OptionsError) return error.message
    throw error
  }
  throw new Error('nothing was thrown')
}

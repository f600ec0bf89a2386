import { describe, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import { sampleBaseline, sampleComparison } from '../testing/sample-comparison.ts'
import { GIVEN_UP, SATURATED, sampleFanOutRun, sampleHttpRun, sampleMicroRun } from '../testing/sample-runs.ts'
import './register.ts'

/** Casts for calls that would not compile. */
const untyped = (value: unknown): unknown => value
const anything = (value: unknown): never => value as never

const same = sampleComparison()
const slower = sampleComparison({ slower: 1.15 })
const unsure = sampleComparison({ slower: 1.04, spread: 0.2 })

describe('two builds', () => {
  test('passes if head is not slower, and fails under .not', () => {
    expect(same).toBeNoSlowerThan('base', { tolerance: 0.05 })
    expect(messageOf(() => expect(same).not.toBeNoSlowerThan('base', { tolerance: 0.05 }))).toMatchSnapshot('negated')
  })

  test('fails if head is slower beyond the tolerance, and passes under .not', () => {
    expect(slower).not.toBeNoSlowerThan('base', { tolerance: 0.05 })
    expect(messageOf(() => expect(slower).toBeNoSlowerThan('base', { tolerance: 0.05 }))).toMatchSnapshot('fails')
    expect(slower).toBeNoSlowerThan('base', { tolerance: 0.2 })
  })

  test('passes if head is faster', () => {
    expect(sampleComparison({ slower: 0.8 })).toBeNoSlowerThan('base', { tolerance: 0 })
  })

  test('is invalid in both polarities if the interval straddles the tolerance, and recommends a number of slices', () => {
    expect(messageOf(() => expect(unsure).toBeNoSlowerThan('base'))).toMatchSnapshot('undecided')
    expect(messageOf(() => expect(unsure).not.toBeNoSlowerThan('base'))).toMatch(
      /^InvalidRunError: expect\(comparison\)\.not/,
    )
    const onTheEdge = sampleComparison({ slower: 1.05 / 0.99528, spread: 0.2 })
    expect(messageOf(() => expect(onTheEdge).toBeNoSlowerThan('base'))).toMatch(/more slices cannot decide it/)
  })

  test('compares a tail percentile', () => {
    expect(messageOf(() => expect(slower).toBeNoSlowerThan('base', { percentile: 0.95 }))).toMatch(
      /^Received: p95 of head \+1[4-6]/m,
    )
    expect(
      messageOf(() => expect(sampleComparison({ perSlice: 60 })).toBeNoSlowerThan('base', { percentile: 0.99 })),
    ).toMatchSnapshot('slices too short for p99')
    const few = sampleComparison({ pairs: 4, perSlice: 30 })
    expect(messageOf(() => expect(few).toBeNoSlowerThan('base', { percentile: 0.95 }))).toMatchSnapshot(
      'too few requests',
    )
  })

  test('compares CPU per request, which may be decided if latency is not', () => {
    expect(messageOf(() => expect(slower).toBeNoSlowerThan('base', { metric: 'cpu' }))).toMatch(
      /^Received: CPU per request of head \+14\.9% \(1\.2 → 1\.38 ms\), 95% interval \+14/m,
    )
    expect(slower).not.toBeNoSlowerThan('base', { metric: 'cpu' })
    expect(same).toBeNoSlowerThan('base', { metric: 'cpu' })
    const withoutCpu = sampleComparison({ cpuMs: undefined })
    expect(messageOf(() => expect(withoutCpu).toBeNoSlowerThan('base', { metric: 'cpu' }))).toMatchSnapshot('unknown')
  })

  test('fails if head fails more often, and is undecided if most requests fail', () => {
    const failing = sampleComparison({ wrong: { base: 0, head: 30 } })
    expect(messageOf(() => expect(failing).toBeNoSlowerThan('base'))).toMatchSnapshot('head fails more often')
    expect(messageOf(() => expect(failing).not.toBeNoSlowerThan('base'))).toMatch(
      /undecided: head is worse than base only because of errors/,
    )
    expect(sampleComparison({ wrong: { base: 1, head: 2 } })).toBeNoSlowerThan('base')
    const broken = sampleComparison({ wrong: { base: 0, head: 290 } })
    expect(messageOf(() => expect(broken).toBeNoSlowerThan('base'))).toMatch(/96.7% of head's requests failed/)
    expect(() => expect(broken).not.toBeNoSlowerThan('base')).toThrow(/96.7% of head's requests failed/)
    const brokenBase = sampleComparison({ wrong: { base: 290, head: 0 } })
    expect(() => expect(brokenBase).toBeNoSlowerThan('base')).toThrow(/96.7% of base's requests failed/)
    const silent = sampleComparison({ never: 200 })
    expect(messageOf(() => expect(silent).toBeNoSlowerThan('base'))).toMatch(/p50 of head 20 ms → ∞\n/)
  })

  test('is invalid without CPU, without pairs, and with a saturated generator', () => {
    expect(
      messageOf(() => expect(sampleComparison({ slower: 2, cpuMs: undefined })).toBeNoSlowerThan('base')),
    ).not.toMatch(/CPU/)
    expect(messageOf(() => expect(sampleComparison({ pairs: 0 })).toBeNoSlowerThan('base'))).toMatch(
      /INVALID, not judged. no-samples/,
    )
    // A saturated generator hides a difference but does not cause one.
    expect(sampleComparison({ slower: 1.15, invalidities: [SATURATED] })).not.toBeNoSlowerThan('base')
    expect(messageOf(() => expect(sampleComparison({ invalidities: [SATURATED] })).toBeNoSlowerThan('base'))).toMatch(
      /INVALID/,
    )
    expect(
      messageOf(() => expect(sampleComparison({ pairs: 0, invalidities: [GIVEN_UP] })).toBeNoSlowerThan('base')),
    ).toMatch(/^Error.*\n\n.*\nReceived: the run was aborted/)
  })
})

describe('two runs', () => {
  const quick = sampleHttpRun()
  const slow = { ...sampleHttpRun({ latencyMs: (n) => 20 + (n % 100) }), name: 'http 2' }

  test('compares a percentile with combined intervals', () => {
    expect(quick).toBeNoSlowerThan(slow)
    expect(slow).not.toBeNoSlowerThan(quick, { tolerance: 0.05 })
    expect(messageOf(() => expect(slow).toBeNoSlowerThan(quick))).toMatchSnapshot('fails')
    const defaults = { tolerance: 0.05, percentile: 0.5, confidence: 0.95 }
    for (const options of [{}, undefined, { tolerance: undefined }, defaults] as const) {
      expect(quick).toBeNoSlowerThan(slow, options as {})
      const [, ...lines] = messageOf(() => expect(slow).toBeNoSlowerThan(quick, options as {})).split('\n')
      const [, ...same] = messageOf(() => expect(slow).toBeNoSlowerThan(quick)).split('\n')
      expect(lines).toEqual(same)
    }
    expect(messageOf(() => expect(quick).not.toBeNoSlowerThan(slow))).toMatchSnapshot('negated')
    const middling = { ...sampleHttpRun({ latencyMs: (n) => 13 + (n % 100) }), name: 'http 3' }
    expect(messageOf(() => expect(middling).toBeNoSlowerThan(quick))).toMatchSnapshot('undecided')
  })

  test('compares means, as for benchmarks', () => {
    expect(quick).toBeFasterThan(slow)
    expect(quick).not.toBeFasterThan(slow, { delta: 0.2 })
    expect(messageOf(() => expect(slow).toBeFasterThan(quick, { delta: 0.1 }))).toMatchSnapshot('fails')
    expect(messageOf(() => expect(quick).not.toBeFasterThan(slow))).toMatchSnapshot('negated')
  })

  test('compares the means of Vitest benchmarks, even without samples', () => {
    const result = (name: string, mean: number) => ({
      name,
      latency: { mean, p50: mean, p75: mean, p99: mean, max: mean, samplesCount: 9 },
    })
    const [one, other] = [result('one', 1), result('other', 2)]
    expect(untyped(one)).toBeFasterThan(anything(other))
    expect(untyped(one)).not.toBeFasterThan(anything(other), { delta: 0.6 })
    expect(messageOf(() => expect(untyped(other)).toBeFasterThan(anything(one)))).toMatch(
      /^Received: mean \+100% \(1 → 2 ms\)$/m,
    )
  })

  test('is invalid if either run is', () => {
    const saturated = { ...sampleHttpRun({ invalidities: [SATURATED] }), name: 'http 2' }
    expect(messageOf(() => expect(quick).toBeNoSlowerThan(saturated))).toMatch(
      /generator-saturated: http 2: schedule delay/,
    )
    expect(messageOf(() => expect(saturated).toBeFasterThan(quick))).toMatch(/^InvalidRunError/)
    expect(messageOf(() => expect(sampleHttpRun({ seconds: 1, perSecond: 10 })).toBeNoSlowerThan(quick))).toMatch(
      /too-few-samples/,
    )
    const dead = sampleHttpRun({ errorsPerSecond: 150, latencyMs: () => 0.1 })
    expect(messageOf(() => expect(dead).toBeNoSlowerThan(quick))).toMatch(/Received: p50 59 ms → ∞\n/)
    expect(messageOf(() => expect(dead).not.toBeNoSlowerThan(quick))).toMatch(
      /undecided: p50 exceeds its limit only because of errors/,
    )
    for (const call of [
      () => expect(quick).toBeNoSlowerThan(dead),
      () => expect(quick).not.toBeNoSlowerThan(dead),
      () => expect(quick).toBeNoSlowerThan(dead, { percentile: 0.9 }),
    ])
      expect(messageOf(call)).toMatch(
        /not-comparable: the p[59]0 of http 1 is infinite: too many of its requests got no/,
      )
    expect(messageOf(() => expect(dead).toBeNoSlowerThan(dead))).toMatch(
      /not-comparable: the p50 is infinite on both sides: too many requests got no good response/,
    )
    expect(messageOf(() => expect(dead).not.toBeNoSlowerThan(dead))).toMatch(/^InvalidRunError/)
    const aFew = sampleHttpRun({ errorsPerSecond: 2 })
    expect(aFew).toBeNoSlowerThan(quick, { tolerance: 0.1 })
    expect(messageOf(() => expect(aFew).toBeFasterThan(quick))).toMatch(/some samples have no time, so their mean/)
  })

  test('rejects a run of another kind, and values that are not runs', () => {
    expect(messageOf(() => expect(quick).toBeNoSlowerThan(sampleMicroRun()))).toMatchInlineSnapshot(
      `
      "TypeError: toBeNoSlowerThan() compares runs of one kind; this is an HTTP run, and micro 1 is a micro run
      Fix: pass an HTTP run"
    `,
    )
    expect(messageOf(() => expect(sampleFanOutRun()).toBeFasterThan(quick))).toMatchInlineSnapshot(
      `
      "TypeError: toBeFasterThan() compares runs of one kind; this is a fan-out run, and http 1 is an HTTP run
      Fix: pass a fan-out run"
    `,
    )
    expect(messageOf(() => expect(quick).toBeNoSlowerThan(anything('base')))).toMatchInlineSnapshot(
      `
      "TypeError: toBeNoSlowerThan() compares a run with another run or a baseline; received a string ('base')
      Fix: pass a run, or await baseline.of(run)"
    `,
    )
    expect(messageOf(() => expect(same).toBeNoSlowerThan(anything(quick)))).toMatchInlineSnapshot(
      `
      "TypeError: toBeNoSlowerThan() compares the builds of a comparison, so its argument must be 'base'; received an HTTP run (http 1)
      Fix: expect(comparison).toBeNoSlowerThan('base')"
    `,
    )
    expect(messageOf(() => expect(untyped({ p95Ms: 3 })).toBeNoSlowerThan('base'))).toMatchInlineSnapshot(
      `
      "TypeError: toBeNoSlowerThan() judges a comparison, as compare() gives, or the times of a run; received an object with p95Ms
      Fix: pass a comparison, as compare() gives, or the times of a run"
    `,
    )
  })
})

describe('a baseline', () => {
  const run = sampleHttpRun()

  test('is compared by its stored figures', () => {
    expect(run).toBeNoSlowerThan(sampleBaseline())
    const slower = sampleHttpRun({ latencyMs: (n) => 30 + (n % 100) })
    expect(messageOf(() => expect(slower).toBeNoSlowerThan(sampleBaseline()))).toMatchSnapshot('fails')
    expect(sampleHttpRun({ latencyMs: (n) => 5 + (n % 100) })).toBeFasterThan(sampleBaseline())
    expect(slower).not.toBeFasterThan(sampleBaseline())
  })

  test('makes a comparison under other conditions invalid without acrossEnvironments', () => {
    const different = sampleBaseline({ differences: ['Node v22.1.0, now v24.0.0', 'load 50/s, now 100/s'] })
    expect(messageOf(() => expect(run).toBeNoSlowerThan(different))).toMatchSnapshot('not comparable')
    expect(messageOf(() => expect(run).toBeFasterThan(different))).toMatch(/not-comparable/)
    expect(run).toBeNoSlowerThan(different, { acrossEnvironments: true })
  })

  test('skips the assertion if this run stored it', ({ task }) => {
    expect(run).toBeNoSlowerThan(sampleBaseline({ isNew: true }))
    expect(run).not.toBeNoSlowerThan(sampleBaseline({ isNew: true }))
    expect(task.meta.slo?.assertions.map(({ outcome, received }) => [outcome, received])).toEqual([
      ['skipped', 'not checked: this run was just stored as the baseline; the next run is compared with it'],
      ['skipped', 'not checked: this run was just stored as the baseline; the next run is compared with it'],
    ])
  })

  test('rejects another kind of run, and a percentile that it does not store', () => {
    expect(messageOf(() => expect(run).toBeNoSlowerThan(sampleBaseline({ kind: 'micro' })))).toMatchInlineSnapshot(
      `
      "TypeError: toBeNoSlowerThan() compares runs of one kind; this is an HTTP run, and the baseline of 2026-03-01 is a micro run
      Fix: pass an HTTP run"
    `,
    )
    expect(messageOf(() => expect(run).toBeNoSlowerThan(sampleBaseline(), { percentile: 0.7 }))).toMatchInlineSnapshot(
      `
      "TypeError: a baseline holds the percentiles 0.5, 0.95 with their 95% intervals; requested: 0.7 with 0.95
      Fix: compare one of these percentiles, with confidence 0.95; a percentile that is missing had too few samples"
    `,
    )
    expect(messageOf(() => expect(run).toBeNoSlowerThan(sampleBaseline(), { confidence: 0.9 }))).toMatchInlineSnapshot(
      `
      "TypeError: a baseline holds the percentiles 0.5, 0.95 with their 95% intervals; requested: 0.5 with 0.9
      Fix: compare one of these percentiles, with confidence 0.95; a percentile that is missing had too few samples"
    `,
    )
  })
})

test.for<[string, () => void]>([
  ['a tolerance in percent', () => expect(same).toBeNoSlowerThan('base', { tolerance: 5 })],
  [
    'an acrossEnvironments option that is not a boolean',
    () => expect(same).toBeNoSlowerThan('base', { acrossEnvironments: 'yes' } as object),
  ],
  ['a negative tolerance', () => expect(same).toBeNoSlowerThan('base', { tolerance: -0.1 })],
  ['a percentile in percent', () => expect(same).toBeNoSlowerThan('base', { percentile: 95 })],
  ['a confidence of 1', () => expect(same).toBeNoSlowerThan('base', { confidence: 1 })],
  ['a misspelled option', () => expect(same).toBeNoSlowerThan('base', { tolerence: 0.1 } as object)],
  ['an unknown metric', () => expect(same).toBeNoSlowerThan('base', { metric: 'memory' } as object)],
  ['a delta of 1', () => expect(sampleHttpRun()).toBeFasterThan(sampleHttpRun(), { delta: 1 })],
])('rejects %s', ([, assert]) => {
  expect(messageOf(assert)).toMatchSnapshot('refused')
})

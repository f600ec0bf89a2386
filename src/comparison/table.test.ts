import { expect, test } from 'vitest'
import { comparisonOf } from '../evidence/comparison-evidence.ts'
import { comparedFigures } from '../results/compared-figures.ts'
import type { ComparisonResult } from '../results/result.ts'
import { sampleComparison, type SampleComparison } from '../testing/sample-comparison.ts'
import { GIVEN_UP, SATURATED } from '../testing/sample-runs.ts'
import { comparisonLines, comparisonMarkdown, exitCodeOf, totalsOf, verdictOf } from './table.ts'

function resultOf(options: SampleComparison = {}): ComparisonResult {
  const { pairs, sliceMs, invalidities } = sampleComparison(options)[comparisonOf]()
  const figures = pairs.length === 0 ? [] : comparedFigures(pairs)
  const load = 'constantArrivalRate 200/s, 100 VUs, 30s'
  return {
    name: 'http 1',
    load,
    base: 'main (1234567)',
    head: 'head',
    pairs: pairs.length,
    sliceMs,
    figures,
    invalidities,
  }
}

test.for<[string, SampleComparison]>([
  ['no slower', {}],
  ['no slower', { slower: 0.5 }],
  ['slower', { slower: 1.15 }],
  ['undecided', { slower: 1.04, spread: 0.2 }],
  ['slower', { wrong: { base: 0, head: 30 } }],
  ['no slower', { wrong: { base: 1, head: 2 } }],
  ['invalid', { invalidities: [SATURATED] }],
  ['slower', { slower: 1.15, invalidities: [SATURATED] }],
  ['slower', { invalidities: [SATURATED, GIVEN_UP] }],
  ['undecided', { pairs: 0 }],
])('the verdict is %s: %j', ([verdict, options]) => {
  expect(verdictOf(resultOf(options), 0.05)).toBe(verdict)
})

test.for<[number, string, Parameters<typeof exitCodeOf>[0]]>([
  [0, '2 no slower', ['no slower', 'no slower']],
  [1, '1 slower, 1 undecided, 1 no slower', ['no slower', 'undecided', 'slower']],
  [3, '1 invalid, 1 no slower', ['no slower', 'invalid']],
  [3, '1 undecided', ['undecided']],
  [3, 'nothing was compared', []],
])('the exit code is %d for %s', ([exitCode, totals, verdicts]) => {
  expect([exitCodeOf(verdicts), totalsOf(verdicts)]).toEqual([exitCode, totals])
})

test('formats a comparison for a terminal', () => {
  expect(comparisonLines('S3 polling', resultOf({ slower: 1.15 }), 0.05).join('\n')).toMatchInlineSnapshot(`
    "SLOWER     S3 polling
      constantArrivalRate 200/s, 100 VUs, 30s; 20 pairs of slices of 1.5s; base: main (1234567)
                          base     head     change  95% interval
      p50                20 ms    23 ms     +14.9%  +14% to +15.9%                  SLOWER
      p95                29 ms  33.4 ms     +14.9%  +14% to +15.9%                  SLOWER
      p99              29.9 ms  34.4 ms     +14.9%  +14% to +15.9%                  worse
      throughput         200/s    200/s        ±0%  ±0% to ±0%
      CPU per request   1.2 ms  1.38 ms     +14.9%  +14% to +15.9%                  worse
      errors                0%       0%  ±0 points  −0.061 points to +0.061 points"
  `)
  expect(comparisonLines('S3 polling', resultOf({ pairs: 0, invalidities: [SATURATED] }), 0.05).join('\n'))
    .toMatchInlineSnapshot(`
    "INVALID    S3 polling
      constantArrivalRate 200/s, 100 VUs, 30s; 0 pairs of slices of 1.5s; base: main (1234567)
      generator-saturated: schedule delay p99 48 ms, limit 10 ms; lower the rate, or give the generator a core of its own"
  `)
})

test('formats a comparison as Markdown', () => {
  const result = resultOf({ slower: 1.04, spread: 0.2, invalidities: [SATURATED] })
  expect(comparisonMarkdown('S3 | polling', result, 0.05)).toMatchInlineSnapshot(`
    "### invalid: S3 \\| polling

    constantArrivalRate 200/s, 100 VUs, 30s; 20 pairs of slices of 1.5s; base: main (1234567)

    |  | base | head | change | 95% interval |  |
    |---|---:|---:|---:|---|---|
    | p50 | 19.7 ms | 20.5 ms | +3.5% | −4.9% to +12.5% | undecided |
    | p95 | 30.8 ms | 32 ms | +3.5% | −4.8% to +12.5% | undecided |
    | p99 | 33.6 ms | 35 ms | +3.5% | −4.8% to +12.5% |  |
    | throughput | 200/s | 200/s | ±0% | ±0% to ±0% |  |
    | CPU per request | 1.2 ms | 1.25 ms | +3.5% | −4.8% to +12.5% |  |
    | errors | 0% | 0% | ±0 points | −0.061 points to +0.061 points |  |

    generator-saturated: schedule delay p99 48 ms, limit 10 ms; lower the rate, or give the generator a core of its own
    "
  `)
})

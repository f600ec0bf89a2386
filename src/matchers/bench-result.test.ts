import { type BenchResult, expect, test } from 'vitest'
import { messageOf } from '../testing/message-of.ts'
import './register.ts'

/** Parts of a result that the evidence reads. */
function benchResult(samples: readonly number[] | undefined, p50 = 50): BenchResult {
  const latency = { p50, p75: 75, p99: 99, max: 100, samplesCount: 1_000, samples }
  return { name: 'parse', latency, totalTime: 5_000 } as unknown as BenchResult
}

const evenly = Array.from({ length: 1_000 }, (_, n) => 1 + n / 10)

test('is judged by percentile matchers, from its samples', () => {
  expect(benchResult(evenly)).toHaveP95Below(97)
  expect(benchResult(evenly)).not.toHaveP99Below(99)
  expect(messageOf(() => expect(benchResult(evenly)).toHaveP95Below(50))).toMatchInlineSnapshot(`
    "Error: expect(run).toHaveP95Below(50)

    Expected: p95 < 50 ms
    Received: p95 = 95.9 ms (+91.9%)

    Evidence: benchmark parse, 1,000 samples
              p50 50   p75 75   p99 99   max 100 ms
    Fix:      profile the function, or raise the limit"
  `)
})

test('gives samples sorted by duration no interval', () => {
  const judged = () => expect(benchResult(evenly)).toHaveP95Below(97, { confidence: 0.95 })
  expect(messageOf(judged)).toContain('no confidence interval can be calculated for the p95')
})

test('is invalid without samples, or with samples below the resolution of the clock', () => {
  expect(messageOf(() => expect(benchResult(undefined)).toHaveP95Below(1))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run).toHaveP95Below(1)

    Expected: p95 < 1 ms
    Received: INVALID, not judged. no-samples: the benchmark did not retain its samples

    Evidence: benchmark parse, 1,000 samples
              p50 50   p75 75   p99 99   max 100 ms
    Fix:      set benchmark: { retainSamples: true } in the Vitest config"
  `)
  expect(messageOf(() => expect(benchResult(evenly, 0.0001)).toHaveP95Below(1))).toMatch(/^InvalidRunError/)
})

test('is rejected by matchers of requests, with a description', () => {
  const untyped: unknown = benchResult(evenly)
  expect(messageOf(() => expect(untyped).toSustainRate())).toMatchInlineSnapshot(`
    "TypeError: toSustainRate() judges a run of requests, as http.run() gives; received a benchmark result (parse)
    Fix: use a matcher that accepts it: toHaveP50Below, toHaveP95Below, toHaveP99Below, toHavePercentileBelow, toBeNoSlowerThan, toBeFasterThan"
  `)
})

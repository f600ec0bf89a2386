import { expect, test } from 'vitest'
import { IterationTimes } from '../execution/iteration-times.ts'
import '../matchers/register.ts'
import { messageOf } from '../testing/message-of.ts'
import { every, measured, PHASES, series } from '../testing/sample-measurement.ts'
import { httpRun } from './request-run.ts'

/** An iteration: its intended start, and its time, its error, or the time for which it was in progress at the end. */
interface Sample {
  readonly atMs: number
  readonly tookMs?: number
  readonly failed?: boolean
  readonly cutMs?: number
  readonly dropped?: boolean
  readonly group?: string
}

function runOf(samples: readonly Sample[], more: Parameters<typeof measured>[1] = {}) {
  const times = new IterationTimes(PHASES)
  for (const { atMs, tookMs = 100, failed, cutMs, dropped, group } of samples) {
    if (dropped === true) {
      times.dropped(atMs)
      continue
    }
    const span = times.begin({ dueMs: atMs, begunMs: atMs, countedMs: atMs }, group)
    if (cutMs !== undefined) span.cut(atMs + cutMs)
    else span.end(atMs + tookMs, failed === true ? { kind: 'status', detail: '503' } : undefined)
  }
  const requests = series('a', undefined, every(5, 4500, 6500, { latencyMs: 10, status: 200 }))
  return httpRun(measured([requests], { iterations: times.series, ...more }))
}

/** Iterations due every 5 ms of the steady phase, of which every nth differs. */
function iterations(nth: number, different: Omit<Sample, 'atMs'>): Sample[] {
  return Array.from({ length: 400 }, (_, at) => ({
    atMs: 4500 + at * 5,
    ...(at % nth === nth - 1 ? different : {}),
  }))
}

test('percentiles of iterations pass below and fail above the limit', () => {
  const run = runOf(iterations(5, { tookMs: 900 }))
  expect(run.iterations).toHaveP95Below('1s')
  expect(messageOf(() => expect(run.iterations).toHaveP95Below('500ms'))).toMatchInlineSnapshot(`
    "Error: expect(run.iterations).toHaveP95Below('500ms')

    Expected: p95 < 500 ms
    Received: p95 = 900 ms (+80%), 95% interval 900 ms

    Evidence: steady and spike phases, iterations, 3.5 s, 400 of 400 iterations, constantArrivalRate 200/s, 2,000 VUs, 9s
              p50 100   p90 900   p95 900   p99 900   max 900 ms   from begin p95 900 ms
              errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find out what the target does during its slowest requests, which the report lists"
  `)
})

test('iterations with an error, dropped and unfinished ones count as infinitely slow', () => {
  expect(runOf(iterations(50, { failed: true })).iterations).toHaveP95Below(200)
  expect(messageOf(() => expect(runOf(iterations(10, { failed: true })).iterations).toHaveP95Below(200)))
    .toMatchInlineSnapshot(`
      "Error: expect(run.iterations).toHaveP95Below(200)

      Expected: p95 < 200 ms
      Received: p95 = ∞ (10% of iterations had an error or did not end)

      Evidence: steady and spike phases, iterations, 3.5 s, 400 of 400 iterations, constantArrivalRate 200/s, 2,000 VUs, 9s
                p50 100   p90 100   p95 ∞   p99 ∞   from begin p95 ∞
                without an error p50 100, p95 100, max 100 ms   errors after p50 100, p95 100, max 100 ms
                errors 10% (40 × 503)   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
      Fix:      find out what the target does during its slowest requests, which the report lists"
    `)
  expect(messageOf(() => expect(runOf(iterations(10, { dropped: true })).iterations).toHaveP95Below(200))).toContain(
    'Received: p95 = ∞ (10% of iterations had an error or did not end)',
  )
  const cut = runOf(iterations(10, { cutMs: 300 })).iterations
  expect(cut).toMatchObject({ offered: 400, completed: 360, unfinished: 40, errorRate: 0.1 })
  expect(messageOf(() => expect(cut).toHaveP95Below(200))).toContain('10% of iterations had an error or did not end')
})

test('an assertion that only unfinished iterations fail is invalid', () => {
  const run = runOf(iterations(10, { cutMs: 50 }))
  expect(run.iterations).toHavePercentileBelow(0.89, 200)
  expect(messageOf(() => expect(run.iterations).toHaveP95Below(200))).toMatchInlineSnapshot(`
    "InvalidRunError: expect(run.iterations).toHaveP95Below(200)

    Expected: p95 < 200 ms
    Received: INVALID, not judged. undecided: 40 of 400 iterations had not ended when the run did, after less than 200 ms: whether p95 is within its limit depends on them

    Evidence: steady and spike phases, iterations, 3.5 s, 360 of 400 iterations, constantArrivalRate 200/s, 2,000 VUs, 9s
              p50 100   p90 100   p95 ∞   p99 ∞   from begin p95 ∞
              without an error p50 100, p95 100, max 100 ms
              errors 0%   dropped 0   unfinished 40   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      raise timeout, the time for which iterations may continue after the load, or lengthen the load"
  `)
})

test('.not is invalid if only errors exceed the limit', () => {
  const run = runOf(iterations(10, { failed: true }))
  expect(messageOf(() => expect(run.iterations).not.toHaveP95Below(200))).toContain(
    'exceeds its limit only because of errors',
  )
})

test('groups are judged like iterations; without samples the assertion is invalid', () => {
  const run = runOf(iterations(2, { group: 'checkout', tookMs: 40 }))
  expect(run.group('checkout')).toHavePercentileBelow(0.95, 50)
  expect(run.group('checkout')).toMatchObject({ group: 'checkout', offered: 200, completed: 200 })
  expect(messageOf(() => expect(run.group('checkout')).toHaveP95Below(30))).toMatchInlineSnapshot(`
    "Error: expect(run.group('checkout')).toHaveP95Below(30)

    Expected: p95 < 30 ms
    Received: p95 = 40 ms (+33.3%), 95% interval 40 ms

    Evidence: steady and spike phases, group checkout, 3.5 s, 200 of 200 groups, constantArrivalRate 200/s, 2,000 VUs, 9s
              p50 40   p90 40   p95 40   p99 40   max 40 ms   from begin p95 40 ms
              errors 0%   dropped 0   generator: schedule delay p99 1.2 ms, CPU 31%
    Fix:      find out what the target does during its slowest requests, which the report lists"
  `)
  expect(messageOf(() => expect(run.phase('spike').group('checkout')).toHaveP95Below(30))).toContain(
    'no-samples: there are no groups',
  )
})

test('matchers of requests do not accept iterations', () => {
  const run = runOf(iterations(2, {}))
  expect(messageOf(() => expect(run.iterations as never).toHaveErrorRateBelow(0.1))).toMatchInlineSnapshot(`
    "TypeError: toHaveErrorRateBelow() judges a run of requests, as http.run() gives; received the iterations of an HTTP run (http 1)
    Fix: use a matcher that accepts it: toHaveP50Below, toHaveP95Below, toHaveP99Below, toHavePercentileBelow, toBeNoSlowerThan, toBeFasterThan"
  `)
})

test('an aborted run is invalid for iterations, too', () => {
  const run = runOf(iterations(2, {}), { abortReason: 'interrupted' })
  expect(messageOf(() => expect(run.iterations).toHaveP95Below(200))).toContain('INVALID, not judged. aborted')
})

test('iterations are compared with iterations only', () => {
  const [run, other] = [runOf(iterations(5, { tookMs: 300 })), runOf(iterations(5, { tookMs: 300 }))]
  expect(run.iterations).toBeNoSlowerThan(other.iterations)
  expect(messageOf(() => expect(run.iterations).toBeNoSlowerThan(other))).toBe(
    'TypeError: toBeNoSlowerThan() compares times of one kind; these are iterations, and those of http 1 are requests\nFix: pass the iterations of another run',
  )
})

import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import '../matchers/register.ts'
import type { MicroRunResult } from '../results/result.ts'
import { messageOf } from '../testing/message-of.ts'
import { createMicro } from './micro.ts'

/** No warm-up and no minimum duration: only the number of calls ends a run, so that it does not depend on the machine. */
const CALLS = { duration: 0, warmup: 0 } as const

/** The clock advances only by the time that a call is made to take. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
})

describe('micro.measure', () => {
  test('makes the requested number of calls and records the time of each', async () => {
    let calls = 0
    const run = await createMicro().measure('grow', () => void vi.advanceTimersByTime((calls++ % 100) + 1), {
      ...CALLS,
      minCalls: 1_000,
    })
    expect(run.state).toBe('measured')
    expect(run).toMatchObject({ name: 'grow', calls: 1_000, aborted: undefined, invalidities: [] })
    expect(run).toHaveP95Below(96)
    expect(run).toHaveP50Below('52ms')
    expect(messageOf(() => expect(run).toHaveP95Below(90))).toMatch(/Received: p95 = 9[4-6] ms/)
  })

  test('times an async function until its promise settles', async () => {
    const run = await createMicro().measure(
      async () => {
        await Promise.resolve()
        vi.advanceTimersByTime(7)
      },
      { ...CALLS, minCalls: 50 },
    )
    expect(run).toMatchObject({ calls: 50, time: { p50Ms: 7, maxMs: 7 } })
  })

  test('does not count the calls of the warm-up', async () => {
    const fn = vi.fn<() => void>(() => void vi.advanceTimersByTime(1))
    const run = await createMicro().measure(fn, { duration: 0, warmup: '20ms', minCalls: 30 })
    expect(run.calls).toBe(30)
    expect(fn.mock.calls.length).toBeGreaterThan(30)
  })

  test('rejects with the error of a function that throws or rejects', async () => {
    const broken = createMicro().measure(() => {
      throw new RangeError('out of range')
    }, CALLS)
    await expect(broken).rejects.toThrow(new RangeError('out of range'))
    const rejecting = createMicro().measure(() => Promise.reject(new RangeError('later')), CALLS)
    await expect(rejecting).rejects.toThrow(new RangeError('later'))
  })

  test('is invalid for a function too fast for the clock', async () => {
    const run = await createMicro().measure(() => {}, { ...CALLS, minCalls: 300 })
    expect(messageOf(() => expect(run).toHaveP95Below(1))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP95Below(1)

      Expected: p95 < 1 ms
      Received: INVALID, not judged. no-samples: most calls took less than 0.5 µs, and the resolution of the clock is 1 µs

      Evidence: micro 1, 300 calls in 0ms, at least 0ms and 300 calls, one after another
                p50 0   p90 0   p95 0   p99 0   max 0 ms
      Fix:      time a loop of calls, and set its limit for the loop"
    `)
  })

  test('is invalid with too few calls for a percentile', async () => {
    const run = await createMicro().measure(() => void vi.advanceTimersByTime(3), { ...CALLS, minCalls: 200 })
    expect(run).toHaveP95Below(4)
    expect(messageOf(() => expect(run).toHaveP99Below(4))).toMatchInlineSnapshot(`
      "InvalidRunError: expect(run).toHaveP99Below(4)

      Expected: p99 < 4 ms
      Received: INVALID, not judged. too-few-samples: p99 < 4 ms needs at least 1,000 calls, the scope judged has 200

      Evidence: micro 1, 200 calls in 600ms, at least 0ms and 200 calls, one after another
                p50 3   p90 3   p95 3   p99 3   max 3 ms
      Fix:      measure at least 5 times as many"
    `)
  })
})

describe('an abort', () => {
  test('keeps the measured times, and makes the run invalid', async () => {
    const abort = new AbortController()
    const results: MicroRunResult[] = []
    const micro = createMicro({ signal: abort.signal, onRun: (result) => results.push(result) })
    let calls = 0
    const run = await micro.measure(
      () => {
        vi.advanceTimersByTime(2)
        if (++calls === 500) abort.abort(new Error('Ctrl-C'))
      },
      { ...CALLS, minCalls: 1_000 },
    )
    expect(run.aborted).toBe('Ctrl-C')
    expect(run.calls).toBeGreaterThan(400)
    expect(messageOf(() => expect(run).not.toHaveP95Below(1))).toContain('aborted: the run was aborted: Ctrl-C')
    expect(results).toMatchObject([{ state: 'aborted', abortReason: 'Ctrl-C', time: { p50Ms: 2 } }])
  })

  test('during the warm-up leaves an empty run', async () => {
    const abort = new AbortController()
    let calls = 0
    const run = await createMicro({ signal: abort.signal }).measure(
      () => {
        vi.advanceTimersByTime(2)
        if (++calls === 3) abort.abort(new Error('Ctrl-C'))
      },
      { duration: 0, warmup: '1s' },
    )
    expect(run).toMatchObject({ state: 'empty', calls: 0, aborted: 'Ctrl-C' })
    expect(messageOf(() => expect(run).toHaveP95Below(10))).toMatch(/^InvalidRunError/)
  })

  test('before the first call measures nothing', async () => {
    const micro = createMicro({ signal: AbortSignal.abort(new Error('too late')) })
    await expect(micro.measure(() => {})).rejects.toThrow('too late')
  })
})

test('reports results as plain JSON, and numbers unnamed runs', async () => {
  const results: MicroRunResult[] = []
  const micro = createMicro({ onRun: (result) => results.push(result) })
  for (let n = 0; n < 2; n++) await micro.measure(() => void vi.advanceTimersByTime(1), { ...CALLS, minCalls: 20 })
  expect(results.map(({ name }) => name)).toEqual(['micro 1', 'micro 2'])
  expect(JSON.parse(JSON.stringify(results))).toEqual(results)
  expect(results[0]).toMatchObject({ kind: 'micro', state: 'completed', phases: [{ name: 'steady' }] })
})

test('reports all invalid arguments in one error', async () => {
  const { measure } = createMicro()
  const untyped = measure as (...args: unknown[]) => Promise<unknown>
  await expect(untyped('', 5, { duration: '1 s', minCalls: 0, warmup: -1, retries: 3 })).rejects
    .toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: micro.measure() received 6 invalid options:

      name: must be a string, or be left out
        Received: ''
        Fix:      write, for example, micro.measure('parse', () => parse(text))
      fn: must be the function to time
        Received: 5
        Fix:      write, for example, micro.measure(() => parse(text))
      retries: unknown option. Valid options: duration, minCalls, warmup
        Received: 3
        Fix:      remove retries
      duration: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
        Received: '1 s'
        Fix:      write, for example, duration: '2m'
      minCalls: must be an integer at least 1
        Received: 0
        Fix:      write, for example, minCalls: 200
      warmup: must be a duration at least 0 ms: '2m', '1.5s', '500ms', or a number of milliseconds
        Received: -1
        Fix:      write, for example, warmup: '2m']
  `)
})

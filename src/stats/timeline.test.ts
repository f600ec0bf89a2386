import { describe, expect, it } from 'vitest'
import { Window } from './timeline.ts'

describe('Window', () => {
  function windowOf({ good = 0, errors = 0, dropped = 0, inFlight = 0 }) {
    const window = new Window(0)
    for (let n = 0; n < good; n++) window.recordGood(40_000, 30_000, 200)
    for (let n = 0; n < errors; n++) window.recordError('status', 1_000, 500, 503)
    window.dropped = dropped
    window.sent = good + errors + inFlight
    window.offered = window.sent + dropped
    return window
  }

  it('counts responses by status and errors by kind', () => {
    const window = windowOf({ good: 1, errors: 2 })
    window.recordError('timeout', 5_000, 5_000)
    expect(window).toMatchObject({ completed: 4, errorCount: 3 })
    expect(Object.fromEntries(window.statuses)).toEqual({ 200: 1, 503: 2 })
    expect(Object.fromEntries(window.errors)).toEqual({ status: 2, timeout: 1 })
  })

  it('counts a request without a good response as infinitely slow, even if it failed quickly', () => {
    const latency = windowOf({ good: 94, errors: 3, dropped: 2, inFlight: 1 }).latency()
    expect([latency.count, latency.infiniteCount]).toEqual([100, 6])
    expect(latency.percentileUs(0.5)).toBeCloseTo(40_000, -2)
    expect(latency.percentileUs(0.94)).toBeCloseTo(40_000, -2)
    expect(latency.percentileUs(0.95)).toBe(Number.POSITIVE_INFINITY)
  })

  it('leaves dropped requests out of the service time, because they were never sent', () => {
    const serviceTime = windowOf({ good: 94, errors: 3, dropped: 2, inFlight: 1 }).serviceTime()
    expect([serviceTime.count, serviceTime.infiniteCount]).toEqual([98, 4])
  })

  it('turns a good response into an error if its fault is found later', () => {
    const window = windowOf({ good: 3 })
    window.turnToError('body', 40_000, 30_000, 200)
    expect(window).toMatchObject({ completed: 3, errorCount: 1, missed: 1 })
    expect([window.good.count, window.failed.count]).toEqual([2, 1])
    expect([...window.good.statuses, ...window.failed.statuses]).toEqual([
      [200, 2],
      [200, 1],
    ])
    expect([...window.statuses]).toEqual([[200, 3]])
    expect([window.good.latency.meanUs, window.good.serviceTime.meanUs]).toEqual([40_000, 30_000])
    window.turnToError('body', 40_000, 30_000, 200)
    window.turnToError('body', 40_000, 30_000, 200)
    expect([window.good.count, window.good.statuses.size, window.latency().percentileUs(0.5)]).toEqual([0, 0, Infinity])
  })

  it('keeps the times of errors separate', () => {
    const { good, failed } = windowOf({ good: 2, errors: 3 })
    expect([good.latency.count, good.latency.minUs]).toEqual([2, 40_000])
    expect([failed.latency.maxUs, failed.serviceTime.maxUs, failed.count]).toEqual([1_000, 500, 3])
  })
})

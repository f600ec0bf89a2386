import { afterEach, beforeEach, expect, test } from 'vitest'
import { constantArrivalRate, constantVus } from '../load/builders.ts'
import type { Load, Phase } from '../load/load.ts'
import { VirtualPacer } from '../testing/virtual-pacer.ts'
import { DEFAULT_LIMITS } from './generator-limits.ts'
import { GeneratorMonitor } from './generator-monitor.ts'
import { SnapshotMaker } from './request-snapshots.ts'
import { PhasedTimeline } from './request-timeline.ts'
import { Tally } from './tally.ts'

let clock: VirtualPacer
beforeEach(() => {
  clock = new VirtualPacer()
  clock.nowMs = 1_000
})
afterEach(() => clock[Symbol.dispose]())

const PHASES: readonly Phase[] = [
  { name: 'warmup', startMs: 0, endMs: 2_000 },
  { name: 'steady', startMs: 2_000, endMs: 12_000 },
]

function snapshotMaker(load: Load = constantArrivalRate({ rate: 10, vus: 5, duration: '10s' })) {
  const timeline = new PhasedTimeline(PHASES)
  const tally = new Tally()
  const watch = new GeneratorMonitor(() => 0)
  watch.start()
  const snapshots = new SnapshotMaker({
    ...{ name: 'browse', kind: 'http', load, phases: PHASES, plannedMs: 12_000, limits: DEFAULT_LIMITS, tally, watch },
    series: () => [{ step: 'only', tag: undefined, timeline }],
  })
  snapshots.startMs = 1_000
  /** Counts requests of one second with responses after `ms`, some with errors. */
  const requests = (second: number, count: number, ms: number, errors = 0) => {
    const window = timeline.at(second * 1000)
    window.offered += count
    window.sent += count
    for (let n = 0; n < count - errors; n++) window.recordGood(ms * 1000, ms * 1000, 200)
    for (let n = 0; n < errors; n++) window.recordError('status', ms * 1000, ms * 1000, 500)
  }
  const at = (ms: number, state: 'running' | 'ended' = 'running') => {
    clock.nowMs = 1_000 + ms
    return snapshots.make(state, 3, 5)
  }
  return { tally, watch, requests, at, stop: () => watch.stop(), windowAt: (ms: number) => timeline.at(ms) }
}

test('contains the name, progress and counts of the run', () => {
  const { tally, at, stop } = snapshotMaker()
  Object.assign(tally, { offered: 9, sent: 8, completed: 7, dropped: 1 })
  tally.countError('timeout', '')
  tally.responseTimes.record('only', 200, 3_000)
  expect(at(1_999)).toMatchObject({
    ...{ run: 'browse', kind: 'http', load: 'constantArrivalRate 10/s, 5 VUs, 10s', state: 'running' },
    ...{ elapsedMs: 1_999, plannedMs: 12_000, phase: 'warmup', inFlight: 3, users: 5 },
    counts: { offered: 9, sent: 8, completed: 7, dropped: 1, errors: { timeout: 1 } },
    responseTimes: [{ step: 'only', status: '200', sumUs: 3_000 }],
  })
  expect([at(2_000).phase, at(11_999).phase, at(12_500, 'ended').phase]).toEqual(['steady', 'steady', 'steady'])
  expect(at(12_500, 'ended').state).toBe('ended')
  stop()
})

test('recent figures cover the elapsed part of the first second', () => {
  const { requests, at, stop } = snapshotMaker()
  requests(0, 5, 20, 1)
  const { recent } = at(500)
  expect(recent).toMatchObject({ seconds: 0.5, offeredPerSec: 10, achievedPerSec: 10, errors: 1 })
  expect(recent.p50Ms).toBeCloseTo(20, 0)
  expect(recent.p95Ms).toBe('Infinity')
  stop()
})

test('recent figures cover the last three whole seconds, in all phases', () => {
  const { requests, at, stop, windowAt } = snapshotMaker()
  for (const [second, count] of [10, 20, 30, 40, 50].entries()) requests(second, count, (second + 1) * 10)
  windowAt(3_000).dropped += 2
  // Seconds 1, 2 and 3; second 4 is not over.
  expect(at(4_300).recent).toMatchObject({ seconds: 3, offeredPerSec: 30, achievedPerSec: 30, errors: 2 })
  expect(at(4_300).recent.p50Ms).toBeCloseTo(30, 0)
  expect(at(2_300).recent).toMatchObject({ seconds: 2, offeredPerSec: 15 })
  stop()
})

test('recent figures have rates but no percentiles if nothing was due', () => {
  const { at, stop } = snapshotMaker()
  expect(at(5_000).recent).toEqual({ seconds: 3, offeredPerSec: 0, achievedPerSec: 0, errors: 0 })
  stop()
})

test('reports that the generator exceeds a limit; a closed model has no schedule delay', () => {
  const open = snapshotMaker()
  // Two late seconds: the worst second of a run does not count.
  for (const ms of [0, 500, 1_000, 1_500]) {
    clock.nowMs = 1_000 + ms
    for (let n = 0; n < 20; n++) open.watch.recordScheduleDelay(40)
  }
  const { generator } = open.at(2_500)
  expect(generator.scheduleDelayP99Ms).toBeCloseTo(40, 0)
  expect(generator.saturated).toMatch(/^schedule delay p99 40 ms, limit 5 ms/)
  open.stop()

  const closed = snapshotMaker(constantVus({ vus: 5, duration: '10s' }))
  closed.watch.recordScheduleDelay(1)
  expect(closed.at(2_500).generator).not.toHaveProperty('scheduleDelayP99Ms')
  expect(closed.at(2_500).generator).not.toHaveProperty('saturated')
  closed.stop()
})

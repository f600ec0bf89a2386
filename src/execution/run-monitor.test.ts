import { expect, test } from 'vitest'
import { constantVus } from '../load/builders.ts'
import { eachTestOnVirtualTime, type VirtualPacer } from '../testing/virtual-pacer.ts'
import { AbortWatch } from './abort-watch.ts'
import type { AbortRules } from './abort-when.ts'
import { DEFAULT_LIMITS } from './generator-limits.ts'
import { GeneratorMonitor } from './generator-monitor.ts'
import { SnapshotMaker } from './request-snapshots.ts'
import { RunMonitor } from './run-monitor.ts'
import { Tally } from './tally.ts'

const START_MS = 5_000

let pacer: VirtualPacer
eachTestOnVirtualTime(START_MS, (fresh) => (pacer = fresh))

function watchedRun(rules?: AbortRules) {
  const tally = new Tally()
  const snapshots: string[] = []
  const stops: string[] = []
  let inFlight = 0
  const phases = [{ name: 'steady', startMs: 0, endMs: 10_000 }] as const
  const monitor = new RunMonitor({
    pacer,
    snapshots: new SnapshotMaker({
      ...{ name: 'http 1', kind: 'http', load: constantVus({ vus: 5, duration: '10s' }), limits: DEFAULT_LIMITS },
      ...{ phases, plannedMs: 10_000, tally, watch: new GeneratorMonitor(() => 0), series: () => [] },
    }),
    abortWatch: new AbortWatch(rules, { tally, phases, series: () => [] }),
    gaugesNow: () => ({ inFlight: ++inFlight, vus: 5 }),
    onSnapshot: ({ state, elapsedMs }) => snapshots.push(`${state} ${elapsedMs}`),
    onGivenUp: ({ reason }) => stops.push(reason),
    onBroken: (error) => stops.push(`broken: ${(error as Error).message}`),
  })
  return { monitor, tally, snapshots, stops, goTo: (ms: number) => pacer.goTo(START_MS + ms) }
}

test('emits a first snapshot after 300 ms, then one per second, and keeps the gauges of whole seconds', () => {
  const { monitor, snapshots, goTo } = watchedRun()
  monitor.start(START_MS)
  goTo(3_100)
  expect(snapshots).toEqual(['running 300', 'running 1000', 'running 2000', 'running 3000'])
  expect(monitor.gauges).toEqual([2, 3, 4].map((inFlight) => ({ inFlight, vus: 5 })))
})

test('emits no snapshot after stop() but the last one', () => {
  const { monitor, snapshots, stops, goTo } = watchedRun(() => 'too late')
  monitor.start(START_MS)
  goTo(500)
  monitor.stop()
  goTo(2_500)
  monitor.tellLast()
  expect(snapshots).toEqual(['running 300', 'ended 2500'])
  // Gauges of the half second.
  expect([monitor.gauges, stops]).toEqual([[{ inFlight: 2, vus: 5 }], []])
})

test('keeps the gauges of a second in whose last instant the load ends', () => {
  const { monitor, goTo } = watchedRun()
  monitor.start(START_MS)
  pacer.at(START_MS + 2_000, () => monitor.stop())
  goTo(1_999)
  // The snapshot of this second was scheduled after the end, and so comes after it.
  expect(monitor.gauges).toHaveLength(1)
  goTo(3_500)
  expect(monitor.gauges).toEqual([
    { inFlight: 2, vus: 5 },
    { inFlight: 3, vus: 5 },
  ])
})

test('reports 0 ms for a run that was aborted before it began', () => {
  const { monitor, snapshots } = watchedRun()
  monitor.tellLast()
  expect(snapshots).toEqual(['ended 0'])
})

test('aborts a run by its error rate, checked four times a second', () => {
  const { monitor, tally, stops, goTo } = watchedRun([{ errorRateAbove: 0.5, forMs: 500, delayMs: undefined }])
  monitor.start(START_MS)
  goTo(400)
  for (let n = 0; n < 10; n++) tally.countError('status', '503')
  tally.completed += 10
  goTo(749)
  expect(stops).toEqual([])
  goTo(750)
  expect(stops).toEqual(['error rate 100% over the last 500ms, limit 50% (10 × status)'])
})

test('calls a function with the snapshot of every second, and reports an error that it throws', () => {
  const callsMs: number[] = []
  const { monitor, stops, goTo } = watchedRun(({ elapsedMs }) => {
    callsMs.push(elapsedMs)
    if (elapsedMs >= 3_000) throw new TypeError('no such field')
    return elapsedMs === 2_000 && 'enough'
  })
  monitor.start(START_MS)
  goTo(3_500)
  expect(callsMs).toEqual([1_000, 2_000, 3_000])
  expect(stops).toEqual(['enough', 'broken: no such field'])
})

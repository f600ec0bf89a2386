import { expect, test } from 'vitest'
import { constantVus } from '../load/builders.ts'
import { eachTestOnVirtualTime, type VirtualPacer } from '../testing/virtual-pacer.ts'
import { AbortWatch } from './abort-watch.ts'
import type { AbortRule } from './abort-when.ts'
import { DEFAULT_LIMITS } from './generator-limits.ts'
import { GeneratorMonitor } from './generator-monitor.ts'
import { SnapshotMaker } from './request-snapshots.ts'
import { RunMonitor } from './run-monitor.ts'
import { Tally } from './tally.ts'

const START_MS = 5_000

let pacer: VirtualPacer
eachTestOnVirtualTime(START_MS, (fresh) => (pacer = fresh))

function monitor(rule?: AbortRule) {
  const tally = new Tally()
  const told: string[] = []
  const ended: string[] = []
  let inFlight = 0
  const phases = [{ name: 'steady', startMs: 0, endMs: 10_000 }] as const
  const look = new RunMonitor({
    pacer,
    snapshots: new SnapshotMaker({
      ...{ name: 'http 1', kind: 'http', load: constantVus({ vus: 5, duration: '10s' }), limits: DEFAULT_LIMITS },
      ...{ phases, plannedMs: 10_000, tally, watch: new GeneratorMonitor(() => 0), series: () => [] },
    }),
    abortWatch: new AbortWatch(rule, tally),
    gaugesNow: () => ({ inFlight: ++inFlight, vus: 5 }),
    onSnapshot: ({ state, elapsedMs }) => told.push(`${state} ${elapsedMs}`),
    onGivenUp: ({ reason }) => ended.push(reason),
    onBroken: (error) => ended.push(`broken: ${(error as Error).message}`),
  })
  return { look, tally, told, ended, goTo: (ms: number) => pacer.goTo(START_MS + ms) }
}

test('tells early how a run stands, then each second, and keeps the gauges of whole seconds', () => {
  const { look, told, goTo } = monitor()
  look.start(START_MS)
  goTo(3_100)
  expect(told).toEqual(['running 300', 'running 1000', 'running 2000', 'running 3000'])
  expect(look.gauges).toEqual([2, 3, 4].map((inFlight) => ({ inFlight, vus: 5 })))
})

test('once the load is off it looks no more, and tells last how the run ended', () => {
  const { look, told, ended, goTo } = monitor(() => 'too late')
  look.start(START_MS)
  goTo(500)
  look.stop()
  goTo(2_500)
  look.tellLast()
  expect(told).toEqual(['running 300', 'ended 2500'])
  // Of the half second there was.
  expect([look.gauges, ended]).toEqual([[{ inFlight: 2, vus: 5 }], []])
})

test('a load that ends with a second has the gauges of that second too', () => {
  const { look, goTo } = monitor()
  look.start(START_MS)
  pacer.at(START_MS + 2_000, () => look.stop())
  goTo(1_999)
  // The look at the second was asked for later than the end, so that it comes after it.
  expect(look.gauges).toHaveLength(1)
  goTo(3_500)
  expect(look.gauges).toEqual([
    { inFlight: 2, vus: 5 },
    { inFlight: 3, vus: 5 },
  ])
})

test('a run given up before it began ends after no time', () => {
  const { look, told } = monitor()
  look.tellLast()
  expect(told).toEqual(['ended 0'])
})

test('gives a run up by its error rate, looked at four times a second', () => {
  const { look, tally, ended, goTo } = monitor({ errorRateAbove: 0.5, forMs: 500 })
  look.start(START_MS)
  goTo(400)
  for (let n = 0; n < 10; n++) tally.countError('status', '503')
  tally.completed += 10
  goTo(749)
  expect(ended).toEqual([])
  goTo(750)
  expect(ended).toEqual(['error rate 100% over the last 500ms, limit 50% (10 × status)'])
})

test('a function is asked with every snapshot of a second; what it throws is told', () => {
  const asked: number[] = []
  const { look, ended, goTo } = monitor(({ elapsedMs }) => {
    asked.push(elapsedMs)
    if (elapsedMs >= 3_000) throw new TypeError('no such field')
    return elapsedMs === 2_000 && 'enough'
  })
  look.start(START_MS)
  goTo(3_500)
  expect(asked).toEqual([1_000, 2_000, 3_000])
  expect(ended).toEqual(['enough', 'broken: no such field'])
})

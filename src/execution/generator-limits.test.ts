import { expect, test } from 'vitest'
import type { GeneratorHealth } from '../evidence/generator-health.ts'
import { DEFAULT_LIMITS, generatorInvalidities, limitsForServiceTime, missedRate } from './generator-limits.ts'

const healthy: GeneratorHealth = {
  scheduleDelay: { p50Ms: 0.1, p99Ms: 1, maxMs: 2 },
  eventLoopDelay: { p50Ms: 0.1, p99Ms: 1, maxMs: 2 },
  eventLoopUtilization: 0.3,
  cpuRatio: 0.3,
  maxRssBytes: 1,
  openSockets: 1,
  descriptorLimit: 1,
}

const found = (health: Partial<GeneratorHealth>) => generatorInvalidities({ ...healthy, ...health }, DEFAULT_LIMITS)

test('accepts a generator that is 30% busy, and a single long pause', () => {
  expect(found({})).toEqual([])
  const pause = { p50Ms: 0.1, p99Ms: 3, maxMs: 180 }
  expect(found({ scheduleDelay: pause, eventLoopDelay: pause })).toEqual([])
  expect(found({ scheduleDelay: undefined })).toEqual([])
})

test('is invalid beyond a limit, with the figures and a fix that depends on the CPU', () => {
  const late = { p50Ms: 5, p99Ms: 480, maxMs: 900 }
  expect(found({ scheduleDelay: late, eventLoopDelay: late, cpuRatio: 1, eventLoopUtilization: 1 })).toEqual([
    {
      reason: 'generator-saturated',
      finding: `schedule delay p99 480 ms, limit ${DEFAULT_LIMITS.scheduleDelayP99Ms} ms; event-loop delay p99 480 ms, limit ${DEFAULT_LIMITS.eventLoopDelayP99Ms} ms (event loop busy 100%, CPU 100% of a core)`,
      fix: 'use several generators, definePerfConfig({ generators: 4 }), reduce the load, do less work in request and check functions, or run it on a faster core',
    },
  ])
  expect(found({ scheduleDelay: late })[0]!.fix).toMatch(/did not get the CPU it needed: stop other programs/)
})

test('attributes unsent requests to the generator only if it was constantly busy', () => {
  const missed = (sent: number, utilization: number) =>
    missedRate({ offered: 1000, sent }, { ...healthy, eventLoopUtilization: utilization }, DEFAULT_LIMITS)
  expect(missed(995, 1)).toEqual([])
  expect(missed(500, 0.5)).toEqual([])
  expect(missed(600, 0.99)).toMatchObject([
    { reason: 'offered-rate-missed', finding: expect.stringContaining('60% of the requests due were sent') },
  ])
  expect(missedRate({ offered: 0, sent: 0 }, healthy, DEFAULT_LIMITS)).toEqual([])
})

test('accepts one pause that makes one second late', () => {
  const late = { p50Ms: 0.1, p99Ms: 150, maxMs: 200 }
  expect(found({ scheduleDelay: late, sustainedScheduleDelay: { p50Ms: 0.1, p99Ms: 1, maxMs: 2 } })).toEqual([])
  const finding = (sustained: typeof late) =>
    found({ scheduleDelay: late, sustainedScheduleDelay: sustained })[0]!.finding
  expect(finding(late)).toMatch(/^schedule delay p99 150 ms, limit 5 ms/)
  expect(finding({ ...late, p99Ms: 11.3 })).toMatch(/^schedule delay p99 11.3 ms without its worst second, limit 5 ms/)
})

test('judges the lower bound of a 99th percentile of few requests', () => {
  const delays = { p50Ms: 0.1, p99Ms: 6.13, maxMs: 55 }
  expect(found({ scheduleDelay: { ...delays, p99AtLeastMs: 1.2 } })).toEqual([])
  expect(found({ scheduleDelay: { ...delays, p99AtLeastMs: 5.4 } })).toMatchObject([
    { finding: expect.stringContaining('schedule delay p99 6.13 ms, limit 5 ms') },
  ])
})

test('accepts delays that are small compared with the median service time', () => {
  const late = { scheduleDelay: { p50Ms: 1, p99Ms: 30, maxMs: 40 } }
  const within = (serviceP50Ms: number) =>
    generatorInvalidities({ ...healthy, ...late }, limitsForServiceTime(serviceP50Ms, DEFAULT_LIMITS)).length === 0
  expect([20, 299, 301, Number.NaN].map(within)).toEqual([false, false, true, false])
})

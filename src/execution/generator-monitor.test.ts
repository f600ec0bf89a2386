import { performance } from 'node:perf_hooks'
import { expect, onTestFinished, test, vi } from 'vitest'
import { GeneratorMonitor } from './generator-monitor.ts'

function burn(ms: number): void {
  const { user, system } = process.cpuUsage()
  const spent = () => {
    const now = process.cpuUsage({ user, system })
    return (now.user + now.system) / 1000
  }
  while (spent() < ms);
}

test('reports a block of the event loop as its delay, and CPU time as the CPU ratio', async () => {
  const monitor = new GeneratorMonitor(() => 7)
  monitor.start()
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setTimeout(resolve, 30))
    burn(120)
  }
  await new Promise((resolve) => setTimeout(resolve, 30))
  monitor.stop()
  const health = monitor.health()
  expect(health.eventLoopDelay.maxMs).toBeGreaterThan(100)
  expect(health.cpuRatio).toBeGreaterThan(0)
  expect(health.eventLoopUtilization).toBeGreaterThan(0)
  expect(health).toMatchObject({ openSockets: 7, scheduleDelay: undefined })
  expect(health.maxRssBytes).toBeGreaterThan(1e7)
  expect(health.descriptorLimit).toBeGreaterThan(0)
  expect(monitor.health()).toEqual(health)
})

test('of loads at the same time, each is judged by the schedule delays and the sockets of all', () => {
  const [browse, buy, later] = [
    new GeneratorMonitor(() => 30),
    new GeneratorMonitor(() => 12),
    new GeneratorMonitor(() => 1),
  ]
  browse.start()
  browse.recordScheduleDelay(1)
  buy.start()
  // Neither has enough requests alone to be certain of a late generator.
  for (let nth = 0; nth < 20; nth++) {
    browse.recordScheduleDelay(9)
    buy.recordScheduleDelay(11)
  }
  browse.stop()
  later.start()
  buy.recordScheduleDelay(50)
  buy.stop()
  later.stop()
  expect(browse.health()).toMatchObject({
    openSockets: 42,
    scheduleDelay: { p50Ms: expect.closeTo(9, 1) as number, maxMs: expect.closeTo(11, 0) as number },
  })
  expect(buy.health()).toMatchObject({
    openSockets: 42,
    scheduleDelay: { p50Ms: expect.closeTo(11, 1) as number, maxMs: 50 },
  })
  expect(later.health()).toMatchObject({ openSockets: 13, scheduleDelay: { p50Ms: 50, maxMs: 50 } })
})

test('start() discards what was measured before', () => {
  const monitor = new GeneratorMonitor(() => 0)
  monitor.start()
  monitor.recordScheduleDelay(500)
  monitor.start()
  monitor.recordScheduleDelay(2)
  monitor.stop()
  expect(monitor.health().scheduleDelay).toEqual({ p50Ms: 2, p99Ms: 2, p99AtLeastMs: 2, maxMs: 2 })
})

test.each([
  { late: 2, ofMany: 200, isCertain: false },
  { late: 5, ofMany: 200, isCertain: false },
  { late: 6, ofMany: 200, isCertain: true },
  { late: 16, ofMany: 1000, isCertain: false },
  { late: 17, ofMany: 1000, isCertain: true },
])('a late 99th percentile is certain with $late of $ofMany late: $isCertain', ({ late, ofMany, isCertain }) => {
  const monitor = new GeneratorMonitor(() => 0)
  monitor.start()
  for (let n = 0; n < ofMany; n++) monitor.recordScheduleDelay(n < late ? 9 : 0.1)
  monitor.stop()
  expect(monitor.health().scheduleDelay!.p99AtLeastMs! > 5).toBe(isCertain)
})

/** A clock that stands still until the test sets it. */
function stoppedClock(): { at(ms: number): void } {
  let nowMs = 5_000
  const now = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  onTestFinished(() => now.mockRestore())
  return { at: (ms) => (nowMs = 5_000 + ms) }
}

test('the use of the event loop does not depend on fake timers', async () => {
  const monitor = new GeneratorMonitor(() => 0)
  monitor.start()
  await new Promise((resolve) => void setTimeout(resolve, 50))
  // Node.js itself reads the faked clock for eventLoopUtilization().
  vi.useFakeTimers({ toFake: ['hrtime', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const { eventLoopUtilization } = monitor.health()
  monitor.stop()
  expect(eventLoopUtilization).toBeGreaterThanOrEqual(0)
  expect(eventLoopUtilization).toBeLessThanOrEqual(1)
})

test('ratios are relative to the time between start() and stop()', () => {
  const clock = stoppedClock()
  const cpuUsage = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 300_000, system: 100_000 })
  onTestFinished(() => cpuUsage.mockRestore())
  const monitor = new GeneratorMonitor(() => 0)
  monitor.start()
  clock.at(2_000)
  expect(monitor.health().cpuRatio).toBe(0.2)
  monitor.stop()
  clock.at(4_000)
  expect(monitor.health().cpuRatio).toBe(0.2)
})

test('reports the maximum of open sockets, read at start(), each second and at stop()', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  let open = 3
  let reads = 0
  const monitor = new GeneratorMonitor(() => {
    reads++
    return open
  })
  monitor.stop()
  expect(reads).toBe(0)
  monitor.start()
  monitor.start()
  // The other timer measures the event loop.
  expect([reads, vi.getTimerCount()]).toEqual([2, 2])
  open = 9
  vi.advanceTimersByTime(1_000)
  open = 5
  vi.advanceTimersByTime(1_500)
  expect(reads).toBe(4)
  monitor.stop()
  expect([reads, vi.getTimerCount(), monitor.health().openSockets]).toEqual([5, 0, 9])
})

test('reports the delay without the worst second separately', () => {
  const clock = stoppedClock()
  const monitor = new GeneratorMonitor(() => 0)
  monitor.start()
  for (let n = 0; n < 50; n++) monitor.recordScheduleDelay(1)
  expect(monitor.health()).not.toHaveProperty('sustainedScheduleDelay')
  clock.at(1_000)
  for (let n = 0; n < 50; n++) monitor.recordScheduleDelay(80)
  monitor.stop()
  expect(monitor.health()).toMatchObject({ scheduleDelay: { maxMs: 80 }, sustainedScheduleDelay: { maxMs: 1 } })
})

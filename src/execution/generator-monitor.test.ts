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

test('a block of the event loop shows as its delay, and CPU spent as the CPU ratio', async () => {
  const watch = new GeneratorMonitor(() => 7)
  watch.start()
  for (let n = 0; n < 3; n++) {
    await new Promise((resolve) => setTimeout(resolve, 30))
    burn(120)
  }
  await new Promise((resolve) => setTimeout(resolve, 30))
  watch.stop()
  const health = watch.health()
  expect(health.eventLoopDelay.maxMs).toBeGreaterThan(100)
  expect(health.cpuRatio).toBeGreaterThan(0)
  expect(health.eventLoopUtilization).toBeGreaterThan(0)
  expect(health).toMatchObject({ openSockets: 7, scheduleDelay: undefined })
  expect(health.maxRssBytes).toBeGreaterThan(1e7)
  expect(health.descriptorLimit).toBeGreaterThan(0)
  expect(watch.health()).toEqual(health)
})

test('beginning again forgets what was measured before', () => {
  const watch = new GeneratorMonitor(() => 0)
  watch.start()
  watch.recordScheduleDelay(500)
  watch.start()
  watch.recordScheduleDelay(2)
  watch.stop()
  expect(watch.health().scheduleDelay).toEqual({ p50Ms: 2, p99Ms: 2, p99AtLeastMs: 2, maxMs: 2 })
})

test.each([
  { late: 2, ofMany: 200, isCertain: false },
  { late: 5, ofMany: 200, isCertain: false },
  { late: 6, ofMany: 200, isCertain: true },
  { late: 17, ofMany: 1000, isCertain: false },
  { late: 18, ofMany: 1000, isCertain: true },
])('that the 99th percentile is late is certain of $late of $ofMany: $isCertain', ({ late, ofMany, isCertain }) => {
  const watch = new GeneratorMonitor(() => 0)
  watch.start()
  for (let n = 0; n < ofMany; n++) watch.recordScheduleDelay(n < late ? 9 : 0.1)
  watch.stop()
  expect(watch.health().scheduleDelay!.p99AtLeastMs! > 5).toBe(isCertain)
})

/** Brings time to stand still until the test says so. */
function stoppedClock(): { at(ms: number): void } {
  let nowMs = 5_000
  const now = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  onTestFinished(() => now.mockRestore())
  return { at: (ms) => (nowMs = 5_000 + ms) }
}

test('shares are those of the time watched', () => {
  const clock = stoppedClock()
  const cpuUsage = vi.spyOn(process, 'cpuUsage').mockReturnValue({ user: 300_000, system: 100_000 })
  onTestFinished(() => cpuUsage.mockRestore())
  const watch = new GeneratorMonitor(() => 0)
  watch.start()
  clock.at(2_000)
  expect(watch.health().cpuRatio).toBe(0.2)
  watch.stop()
  clock.at(4_000)
  expect(watch.health().cpuRatio).toBe(0.2)
})

test('sockets are looked at each second, at the beginning and at the end; the most counts', () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  let open = 3
  let looks = 0
  const watch = new GeneratorMonitor(() => {
    looks++
    return open
  })
  watch.stop()
  expect(looks).toBe(0)
  watch.start()
  watch.start()
  // The other timer looks at the event loop.
  expect([looks, vi.getTimerCount()]).toEqual([2, 2])
  open = 9
  vi.advanceTimersByTime(1_000)
  open = 5
  vi.advanceTimersByTime(1_500)
  expect(looks).toBe(4)
  watch.stop()
  expect([looks, vi.getTimerCount(), watch.health().openSockets]).toEqual([5, 0, 9])
})

test('one late second is told apart from those without it', () => {
  const clock = stoppedClock()
  const watch = new GeneratorMonitor(() => 0)
  watch.start()
  for (let n = 0; n < 50; n++) watch.recordScheduleDelay(1)
  expect(watch.health()).not.toHaveProperty('sustainedScheduleDelay')
  clock.at(1_000)
  for (let n = 0; n < 50; n++) watch.recordScheduleDelay(80)
  watch.stop()
  expect(watch.health()).toMatchObject({ scheduleDelay: { maxMs: 80 }, sustainedScheduleDelay: { maxMs: 1 } })
})

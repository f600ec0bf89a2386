import { expect, test } from 'vitest'
import { GeneratorWatch } from './generator-watch.ts'

function burn(ms: number): void {
  const { user, system } = process.cpuUsage()
  const spent = () => {
    const now = process.cpuUsage({ user, system })
    return (now.user + now.system) / 1000
  }
  while (spent() < ms);
}

test('a block of the event loop shows as its delay, and CPU spent as the CPU ratio', async () => {
  const watch = new GeneratorWatch(() => 7)
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
  const watch = new GeneratorWatch(() => 0)
  watch.start()
  watch.recordScheduleDelay(500)
  watch.start()
  watch.recordScheduleDelay(2)
  watch.stop()
  expect(watch.health().scheduleDelay).toEqual({ p50Ms: 2, p99Ms: 2, p99AtLeastMs: 2, maxMs: 2 })
})

test.each([
  { late: 2, ofMany: 200, isCertain: false },
  { late: 7, ofMany: 200, isCertain: false },
  { late: 8, ofMany: 200, isCertain: true },
  { late: 12, ofMany: 1000, isCertain: false },
  { late: 20, ofMany: 1000, isCertain: true },
])('that the 99th percentile is late is certain of $late of $ofMany: $isCertain', ({ late, ofMany, isCertain }) => {
  const watch = new GeneratorWatch(() => 0)
  watch.start()
  for (let n = 0; n < ofMany; n++) watch.recordScheduleDelay(n < late ? 9 : 0.1)
  watch.stop()
  expect(watch.health().scheduleDelay!.p99AtLeastMs! > 5).toBe(isCertain)
})

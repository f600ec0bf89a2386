import { expect, test } from 'vitest'
import { Pacer } from './pacer.ts'

test('tasks run in order of their instants, never too early, and may schedule more', async () => {
  const pacer = new Pacer()
  await pacer.start()
  const base = performance.now()
  const ran: { name: string; lateMs: number }[] = []
  const done = new Promise<void>((resolve) => {
    const note = (name: string) => (dueMs: number) => ran.push({ name, lateMs: performance.now() - dueMs })
    pacer.at(base + 30, note('c'))
    pacer.at(base + 10, (dueMs) => {
      note('a')(dueMs)
      pacer.at(base + 20, note('b'))
    })
    pacer.at(base - 5, note('overdue'))
    pacer.at(base + 40, () => resolve())
  })
  await done
  await pacer.close()
  expect(ran.map(({ name }) => name)).toEqual(['overdue', 'a', 'b', 'c'])
  for (const { lateMs } of ran) expect(lateMs).toBeGreaterThanOrEqual(0)
})

test('due tasks do not block the event loop, even if there are too many', async () => {
  const pacer = new Pacer()
  await pacer.start()
  const base = performance.now()
  let ran = 0
  let turns = 0
  const again = (dueMs: number) => {
    ran++
    const until = performance.now() + 0.2
    while (performance.now() < until);
    if (turns < 3) pacer.at(dueMs + 0.01, again)
  }
  pacer.at(base, again)
  while (turns < 3) {
    await new Promise((resolve) => setImmediate(resolve))
    if (ran > 0) turns++
  }
  await pacer.close()
  expect(ran).toBeGreaterThan(0)
})

test('nothing runs after closing', async () => {
  const pacer = new Pacer()
  await pacer.start()
  let ran = 0
  pacer.at(performance.now() + 5, () => ran++)
  await pacer.close()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(ran).toBe(0)
})

test('uses a Node timer without a thread', async () => {
  const pacer = new Pacer()
  const dueMs = performance.now() + 5
  const ranMs = await new Promise<number>((resolve) => pacer.at(dueMs, () => resolve(performance.now())))
  await pacer.close()
  expect(ranMs).toBeGreaterThanOrEqual(dueMs)
})

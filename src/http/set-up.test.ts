import { expect, test } from 'vitest'
import type { Connection } from './connection.ts'
import { openAll } from './set-up.ts'

/** Connections whose handshakes end when a test says so. */
function handshakes(count: number, outcome: (index: number) => 'open' | 'refused') {
  const inFlight: (() => void)[] = []
  let most = 0
  let begun = 0
  const connections = Array.from({ length: count }, (_, index) => ({
    isOpen: false,
    prepare(settled: () => void) {
      begun++
      inFlight.push(() => {
        this.isOpen = outcome(index) === 'open'
        settled()
      })
      most = Math.max(most, inFlight.length)
    },
  }))
  return {
    connections: connections as unknown as Connection[],
    /** Ends the oldest handshake, and lets what follows from it happen. */
    async end(): Promise<boolean> {
      const settle = inFlight.shift()
      settle?.()
      await new Promise((resolve) => setImmediate(resolve))
      return settle !== undefined
    },
    most: () => most,
    begun: () => begun,
  }
}

test('waits for every connection, with at most 200 handshakes at one time', async () => {
  const { connections, end, most } = handshakes(450, () => 'open')
  let isDone = false
  const opening = openAll(connections, new AbortController().signal).then(() => (isDone = true))
  for (let ended = 0; ended < 449; ended++) await end()
  expect([isDone, most()]).toEqual([false, 200])
  await end()
  await opening
  expect(connections.every(({ isOpen }) => isOpen)).toBe(true)
})

test('a target that refuses everything is not asked by every VU', async () => {
  const { connections, end, begun } = handshakes(10_000, () => 'refused')
  const opening = openAll(connections, new AbortController().signal)
  while (await end());
  await opening
  expect(begun()).toBeLessThan(250)
})

test('one that refuses some is', async () => {
  const { connections, end, begun } = handshakes(500, (index) => (index === 7 ? 'open' : 'refused'))
  const opening = openAll(connections, new AbortController().signal)
  while (await end());
  await opening
  expect(begun()).toBe(500)
})

test('an abort ends the wait, and begins no more handshakes', async () => {
  const stop = new AbortController()
  const { connections, end, begun } = handshakes(500, () => 'open')
  const opening = openAll(connections, stop.signal)
  stop.abort()
  await opening
  while (await end());
  expect(begun()).toBe(200)
})

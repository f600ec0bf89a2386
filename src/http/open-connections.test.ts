import { expect, test } from 'vitest'
import { WHOLE } from '../load/share.ts'
import type { Connection } from './connection.ts'
import { openAll } from './open-connections.ts'

/** Connections whose handshakes a test ends one by one. */
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
    /** Ends the oldest handshake and waits for the consequences. */
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

test('opens every connection, with at most 200 handshakes in flight', async () => {
  const { connections, end, most } = handshakes(450, () => 'open')
  let isDone = false
  const opening = openAll(connections, WHOLE, new AbortController().signal).then(() => (isDone = true))
  for (let ended = 0; ended < 449; ended++) await end()
  expect([isDone, most()]).toEqual([false, 200])
  await end()
  await opening
  expect(connections.every(({ isOpen }) => isOpen)).toBe(true)
})

test('stops early if the target refuses every connection', async () => {
  const { connections, end, begun } = handshakes(10_000, () => 'refused')
  const opening = openAll(connections, WHOLE, new AbortController().signal)
  while (await end());
  await opening
  expect(begun()).toBeLessThan(250)
})

test('tries every connection if the target refuses only some', async () => {
  const { connections, end, begun } = handshakes(500, (index) => (index === 7 ? 'open' : 'refused'))
  const opening = openAll(connections, WHOLE, new AbortController().signal)
  while (await end());
  await opening
  expect(begun()).toBe(500)
})

test('ends the wait on abort and begins no more handshakes', async () => {
  const stop = new AbortController()
  const { connections, end, begun } = handshakes(500, () => 'open')
  const opening = openAll(connections, WHOLE, stop.signal)
  stop.abort()
  await opening
  while (await end());
  expect(begun()).toBe(200)
})

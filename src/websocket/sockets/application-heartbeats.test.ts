import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApplicationHeartbeats, type Beat } from './application-heartbeats.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function beating(clients = 3) {
  const zeroMs = performance.now()
  const sent: { client: number; atMs: number }[] = []
  const heartbeats = new ApplicationHeartbeats(clients, (client) =>
    sent.push({ client, atMs: performance.now() - zeroMs }),
  )
  return { sent, heartbeats }
}

const every = (everyMs: number, hasResponse = false): Beat => ({
  everyMs,
  message: () => 'beat',
  isFrame: false,
  hasResponse,
})

test('sends each client its heartbeats an interval apart from when it was ready, never later', () => {
  const { sent, heartbeats } = beating()
  heartbeats.start(0, every(1000))
  vi.advanceTimersByTime(330)
  heartbeats.start(1, every(1000))
  vi.advanceTimersByTime(3000)
  const gaps = [0, 1].map((client) => sent.filter((it) => it.client === client).map(({ atMs }) => atMs - client * 330))
  for (const times of gaps) {
    expect(times.length).toBe(3)
    times.forEach((atMs, at) => {
      const gapMs = atMs - (times[at - 1] ?? 0)
      expect(gapMs).toBeGreaterThanOrEqual(949)
      expect(gapMs).toBeLessThanOrEqual(1000)
    })
  }
  expect(heartbeats.counts).toEqual({ sent: 6, unanswered: undefined })
})

test('sends nothing to a client whose connection has ended, and nothing once closed', () => {
  const { sent, heartbeats } = beating()
  for (const client of [0, 1, 2]) heartbeats.start(client, every(1000))
  vi.advanceTimersByTime(1000)
  heartbeats.stop(1)
  vi.advanceTimersByTime(1000)
  heartbeats.close()
  vi.advanceTimersByTime(5000)
  expect(sent.map(({ client }) => client)).toEqual([0, 1, 2, 0, 2])
})

test('counts heartbeats that got no response by the time of the next', () => {
  const { heartbeats } = beating()
  for (const client of [0, 1]) heartbeats.start(client, every(1000, true))
  vi.advanceTimersByTime(1000)
  heartbeats.responded(0)
  expect(heartbeats.isAwaitingResponse(0)).toBe(false)
  expect(heartbeats.isAwaitingResponse(1)).toBe(true)
  vi.advanceTimersByTime(1000)
  expect(heartbeats.counts).toEqual({ sent: 4, unanswered: 1 })
  // The latest two are under way: nothing can be said about them.
  heartbeats.close()
  expect(heartbeats.counts).toEqual({ sent: 4, unanswered: 1 })
})

test('counts a heartbeat that got no response for 10 s when the run or the connection ends', () => {
  const { heartbeats } = beating()
  for (const client of [0, 1, 2]) heartbeats.start(client, every(30_000, true))
  vi.advanceTimersByTime(30_000)
  heartbeats.responded(2)
  vi.advanceTimersByTime(12_000)
  heartbeats.stop(1)
  expect(heartbeats.counts).toEqual({ sent: 3, unanswered: 1 })
  heartbeats.close()
  expect(heartbeats.counts).toEqual({ sent: 3, unanswered: 2 })
})

test('keeps each client to its own interval if they agreed on different ones', () => {
  const { sent, heartbeats } = beating()
  heartbeats.start(0, every(10_000))
  heartbeats.start(1, every(1000))
  vi.advanceTimersByTime(10_000)
  expect(sent.filter(({ client }) => client === 0)).toHaveLength(1)
  expect(sent.filter(({ client }) => client === 1)).toHaveLength(10)
})

test('is not delayed by clients that become ready one after another', () => {
  const { sent, heartbeats } = beating(100)
  for (let client = 0; client < 100; client++) {
    heartbeats.start(client, every(1000))
    vi.advanceTimersByTime(40)
  }
  const [first] = sent.filter(({ client }) => client === 0)
  expect(first!.atMs).toBeLessThanOrEqual(1000)
})

test('has one timer for all clients, and none before the first or after the end', () => {
  const { heartbeats } = beating()
  expect(heartbeats.counts).toBeUndefined()
  heartbeats.stop(0)
  expect(vi.getTimerCount()).toBe(0)
  heartbeats.start(0, every(10_000))
  for (const client of [1, 2]) heartbeats.start(client, every(1000))
  expect(vi.getTimerCount()).toBe(1)
  heartbeats.close()
  expect(vi.getTimerCount()).toBe(0)
})

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

test('sends the heartbeats of each client at its interval since it was ready, and never later', () => {
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
  expect(heartbeats.counts).toEqual({ sent: 6, withoutResponse: undefined })
})

test('sends no heartbeat for a client whose connection has closed, and none after the end of the run', () => {
  const { sent, heartbeats } = beating()
  for (const client of [0, 1, 2]) heartbeats.start(client, every(1000))
  vi.advanceTimersByTime(1000)
  heartbeats.stop(1)
  vi.advanceTimersByTime(1000)
  heartbeats.close()
  vi.advanceTimersByTime(5000)
  expect(sent.map(({ client }) => client)).toEqual([0, 1, 2, 0, 2])
})

test('counts heartbeats without a response when the next one is sent', () => {
  const { heartbeats } = beating()
  for (const client of [0, 1]) heartbeats.start(client, every(1000, true))
  vi.advanceTimersByTime(1000)
  heartbeats.responded(0)
  expect(heartbeats.isAwaitingResponse(0)).toBe(false)
  expect(heartbeats.isAwaitingResponse(1)).toBe(true)
  vi.advanceTimersByTime(1000)
  expect(heartbeats.counts).toEqual({ sent: 4, withoutResponse: 1 })
  // The latest two are in flight and not counted.
  heartbeats.close()
  expect(heartbeats.counts).toEqual({ sent: 4, withoutResponse: 1 })
})

test('counts a heartbeat without a response for 10 s when the run or the connection ends', () => {
  const { heartbeats } = beating()
  for (const client of [0, 1, 2]) heartbeats.start(client, every(30_000, true))
  vi.advanceTimersByTime(30_000)
  heartbeats.responded(2)
  vi.advanceTimersByTime(12_000)
  heartbeats.stop(1)
  expect(heartbeats.counts).toEqual({ sent: 3, withoutResponse: 1 })
  heartbeats.close()
  expect(heartbeats.counts).toEqual({ sent: 3, withoutResponse: 2 })
})

test('keeps the interval of each client if they differ', () => {
  const { sent, heartbeats } = beating()
  heartbeats.start(0, every(10_000))
  heartbeats.start(1, every(1000))
  vi.advanceTimersByTime(10_000)
  expect(sent.filter(({ client }) => client === 0)).toHaveLength(1)
  expect(sent.filter(({ client }) => client === 1)).toHaveLength(10)
})

test('is not delayed by clients that become ready later', () => {
  const { sent, heartbeats } = beating(100)
  for (let client = 0; client < 100; client++) {
    heartbeats.start(client, every(1000))
    vi.advanceTimersByTime(40)
  }
  const [first] = sent.filter(({ client }) => client === 0)
  expect(first!.atMs).toBeLessThanOrEqual(1000)
})

test('has one timer for all clients, and no timer before the first client or after the end', () => {
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

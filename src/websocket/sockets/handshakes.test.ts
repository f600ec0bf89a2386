import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nowUs } from './clock.ts'
import { Handshakes } from './handshakes.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function pacing(ratePerSec: number | undefined, maxInFlight: number) {
  const started: { client: number; atMs: number; dueMs: number }[] = []
  const zero = nowUs()
  const handshakes = new Handshakes({
    ratePerSec,
    maxInFlight,
    start: (client, dueUs) =>
      started.push({ client, atMs: (nowUs() - zero) / 1000, dueMs: Math.round((dueUs - zero) / 1000) }),
  })
  return { started, handshakes }
}

test('starts handshakes up to the limit in flight, and another for each that has finished', () => {
  const { started, handshakes } = pacing(undefined, 3)
  handshakes.openAll(Array(5).keys())
  expect(started.map(({ client }) => client)).toEqual([0, 1, 2])
  vi.advanceTimersByTime(70)
  handshakes.finished()
  expect(started.map(({ client }) => client)).toEqual([0, 1, 2, 3])
  // Without a rate a handshake is due when its slot becomes free, so waiting for a slot is not a delay.
  expect(started.at(-1)).toMatchObject({ atMs: 70, dueMs: 70 })
})

test('starts handshakes at the rate, and passes the scheduled instant if a slot becomes free too late', () => {
  const { started, handshakes } = pacing(100, 2)
  handshakes.openAll(Array(4).keys())
  vi.advanceTimersByTime(50)
  expect(started).toMatchObject([
    { client: 0, atMs: 0, dueMs: 0 },
    { client: 1, atMs: 10, dueMs: 10 },
  ])
  handshakes.finished()
  expect(started[2]).toMatchObject({ client: 2, atMs: 50, dueMs: 20 })
})

test('reopens a client after its pause, within the same limit', () => {
  const { started, handshakes } = pacing(undefined, 1)
  handshakes.openAll(Array(1).keys())
  handshakes.reopen(0, 500)
  vi.advanceTimersByTime(1000)
  expect(started).toHaveLength(1)
  handshakes.finished()
  expect(started).toHaveLength(2)
})

test('starts no handshake once stopped', () => {
  const { started, handshakes } = pacing(100, 10)
  handshakes.openAll(Array(10).keys())
  handshakes.stop()
  vi.advanceTimersByTime(1000)
  handshakes.finished()
  expect(started).toHaveLength(1)
})

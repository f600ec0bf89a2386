import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Deadlines, type Timed } from './deadlines.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function timed(name: string, expired: string[]): Timed {
  return {
    deadlineMs: 0,
    earlier: undefined,
    later: undefined,
    expire: () => expired.push(`${name} at ${performance.now()}`),
  }
}

test('each expires at its own deadline, and not at all where it was cleared', () => {
  const expired: string[] = []
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => timed(name, expired))
  const deadlines = new Deadlines(100)
  const base = performance.now()
  deadlines.set(a!, base)
  vi.advanceTimersByTime(30)
  deadlines.set(b!, base + 30)
  deadlines.set(c!, base + 30)
  vi.advanceTimersByTime(30)
  deadlines.set(d!, base + 60)
  deadlines.clear(b!)
  deadlines.clear(b!)
  vi.advanceTimersByTime(500)
  expect(expired).toEqual([`a at ${base + 100}`, `c at ${base + 130}`, `d at ${base + 160}`])
  expect(vi.getTimerCount()).toBe(0)
})

test('one that expires may be set again', () => {
  const expired: string[] = []
  const deadlines = new Deadlines(50)
  const again = timed('again', expired)
  const { expire } = again
  again.expire = () => {
    expire()
    if (expired.length < 3) deadlines.set(again, performance.now())
  }
  const base = performance.now()
  deadlines.set(again, base)
  vi.advanceTimersByTime(1000)
  expect(expired).toEqual([`again at ${base + 50}`, `again at ${base + 100}`, `again at ${base + 150}`])
})

test('nothing expires after a stop', () => {
  const expired: string[] = []
  const deadlines = new Deadlines(50)
  deadlines.set(timed('a', expired), performance.now())
  deadlines.stop()
  vi.advanceTimersByTime(1000)
  expect(expired).toEqual([])
})

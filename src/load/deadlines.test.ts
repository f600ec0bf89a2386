import fc from 'fast-check'
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

test('each entry expires at its own deadline, unless it was cleared', () => {
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

test('an entry may be set again when it expires', () => {
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

test('an entry that is set again before it expires, expires only at its new deadline', () => {
  const expired: string[] = []
  const deadlines = new Deadlines(50)
  const [a, b] = ['a', 'b'].map((name) => timed(name, expired))
  const base = performance.now()
  deadlines.set(a!, base)
  deadlines.set(b!, base)
  vi.advanceTimersByTime(20)
  deadlines.set(a!, base + 20)
  vi.advanceTimersByTime(1000)
  expect(expired).toEqual([`b at ${base + 50}`, `a at ${base + 70}`])
})

test('an error thrown by one entry does not delay the others', () => {
  const expired: string[] = []
  const deadlines = new Deadlines(50)
  const broken = timed('broken', expired)
  broken.expire = () => {
    throw new Error('broken')
  }
  const base = performance.now()
  deadlines.set(broken, base)
  deadlines.set(timed('a', expired), base)
  expect(() => vi.advanceTimersByTime(50)).toThrow('broken')
  vi.advanceTimersByTime(1000)
  expect(expired).toEqual([`a at ${base + 51}`])
})

test('a deadline beyond the longest Node timer expires on time', () => {
  const expired: string[] = []
  const days30 = 30 * 24 * 3_600_000
  const deadlines = new Deadlines(days30)
  const base = performance.now()
  deadlines.set(timed('a', expired), base)
  vi.advanceTimersByTime(days30 - 1)
  expect(expired).toEqual([])
  vi.advanceTimersByTime(1)
  expect(expired).toEqual([`a at ${base + days30}`])
})

/** An operation on one entry, after a pause or within the next expiry. */
interface Act {
  readonly pauseMs: number
  readonly who: number
  readonly what: 'set' | 'clear'
  readonly isWithinExpiry: boolean
}

test('each deadline expires once, on time, for any order of set and clear, also within an expiry', () => {
  const act: fc.Arbitrary<Act> = fc.record({
    pauseMs: fc.nat({ max: 40 }),
    who: fc.nat({ max: 5 }),
    what: fc.constantFrom('set', 'set', 'clear'),
    isWithinExpiry: fc.boolean(),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.array(act, { maxLength: 60, size: 'max' }), (timeoutMs, acts) => {
      const deadlines = new Deadlines(timeoutMs)
      const due = new Map<number, number>()
      const fromExpiry: Act[] = []
      const all = Array.from({ length: 6 }, (_, who): Timed => ({
        ...{ deadlineMs: 0, earlier: undefined, later: undefined },
        expire() {
          expect(performance.now(), `VU ${who}`).toBe(due.get(who))
          due.delete(who)
          for (const next of fromExpiry.splice(0)) apply(next)
        },
      }))
      function apply({ who, what }: Act): void {
        if (what === 'set') {
          due.set(who, performance.now() + timeoutMs)
          deadlines.set(all[who]!, performance.now())
        } else {
          due.delete(who)
          deadlines.clear(all[who]!)
        }
      }
      for (const next of acts) {
        vi.advanceTimersByTime(next.pauseMs)
        if (next.isWithinExpiry) fromExpiry.push(next)
        else apply(next)
      }
      vi.advanceTimersByTime(10_000)
      expect([...due]).toEqual([])
      deadlines.stop()
    }),
  )
})

test('the deadline of something that began before others is in order with theirs', () => {
  const begin = fc.record({ at: fc.integer({ min: 0, max: 90 }), lastsMs: fc.integer({ min: 1, max: 60 }) })
  fc.assert(
    fc.property(fc.array(begin, { minLength: 1, maxLength: 8 }), (begins) => {
      vi.clearAllTimers()
      const base = performance.now()
      const expired: string[] = []
      const deadlines = new Deadlines(100)
      for (const [name, { at, lastsMs }] of begins.entries()) {
        const entry = timed(String(name), expired)
        setTimeout(() => deadlines.set(entry, base + at), at)
        // A second part of the same request: its time limit is that of the first one.
        setTimeout(() => deadlines.setSince(entry, base + at), at + lastsMs)
      }
      vi.advanceTimersByTime(1_000)
      const expected = begins.map(({ at }, name) => `${name} at ${base + at + 100}`)
      expect(expired.toSorted()).toEqual(expected.toSorted())
      expect(vi.getTimerCount()).toBe(0)
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BEAT_MS, IDLE_SILENCE_MS, Members, RUNNING_SILENCE_MS } from './members.ts'
import type { Entry, Fact } from './shared-log.ts'

function entry(from: number, fact: Fact, by = `token-${from}`): Entry {
  return { from, by, fact }
}

function hello(from: number, by?: string): Entry {
  return entry(from, { kind: 'hello', node: `node-${from}`, count: 3 }, by)
}

function beat(from: number, isRunning = true): Entry {
  return entry(from, { kind: 'beat', isRunning })
}

function joined(): Members {
  const members = new Members(3)
  for (const index of [0, 1, 2]) members.apply(hello(index), 0)
  return members
}

/** Applies beats of some generators until one is silent. @returns its index and the time of the entry that shows it */
function beatUntilSilent(members: Members, beating: readonly number[], isRunning: boolean) {
  for (let atMs = BEAT_MS; atMs < 60_000; atMs += BEAT_MS) {
    for (const index of beating) members.apply(beat(index, isRunning), atMs)
    const silent = members.silent(atMs)
    if (silent.length > 0) return { silent, atMs }
  }
  return undefined
}

test('loses a silent generator within 2 s during a run, and after 15 s otherwise', () => {
  const running = joined()
  for (const index of [0, 1, 2]) running.apply(beat(index), 100)
  const lost = beatUntilSilent(running, [0, 2], true)
  expect(lost?.silent).toEqual([1])
  expect(lost!.atMs - 100).toBeGreaterThan(RUNNING_SILENCE_MS)
  expect(lost!.atMs - 100).toBeLessThan(2_000)
  const idle = beatUntilSilent(joined(), [0, 2], false)
  expect(idle?.silent).toEqual([1])
  expect(idle!.atMs).toBeGreaterThan(IDLE_SILENCE_MS)
})

test('does not lose a generator that beats', () => {
  expect(beatUntilSilent(joined(), [0, 1, 2], true)).toBeUndefined()
})

test('counts no silence while the log was unreachable, and until all have reconnected', () => {
  const members = joined()
  for (const index of [0, 1, 2]) members.apply(beat(index), 100)
  for (let atMs = 40_000; atMs < 43_000; atMs += BEAT_MS) {
    members.apply(beat(0), atMs)
    expect(members.silent(atMs)).toEqual([])
  }
  for (const index of [0, 1, 2]) members.apply(beat(index), 43_000)
  expect(members.silent(43_000)).toEqual([])
})

test('loses a generator that does not reconnect', () => {
  const members = joined()
  for (const index of [0, 1, 2]) members.apply(beat(index), 100)
  let atMs = 40_000
  for (; atMs < 60_000; atMs += BEAT_MS) {
    members.apply(beat(0), atMs)
    members.apply(beat(1), atMs)
    if (members.silent(atMs).length > 0) break
  }
  expect(members.silent(atMs)).toEqual([2])
  expect(atMs).toBeLessThan(45_500)
})

test('accepts only the first process of each generator', () => {
  const members = joined()
  expect(members.apply(hello(1, 'other'), 10)).toBe(false)
  expect(members.apply(entry(1, { kind: 'leave' }, 'other'), 20)).toBe(false)
  expect(members.all[1]).toMatchObject({ token: 'token-1', state: 'here' })
  members.apply(entry(1, { kind: 'leave' }), 30)
  expect(members.apply(hello(1, 'other'), 40)).toBe(false)
  expect(members.ended).toEqual([1])
})

test('accepts only generators that expect the same number as the first one', () => {
  const members = new Members(3)
  members.apply(hello(0), 0)
  expect(members.apply(entry(1, { kind: 'hello', node: 'a', count: 4 }), 0)).toBe(false)
  expect(members.all[1]).toBeUndefined()
  const other = new Members(4)
  other.apply(hello(0), 0)
  expect(other.apply(entry(1, { kind: 'hello', node: 'a', count: 4 }), 0)).toBe(false)
})

test('loses a generator whose connection or process has ended, unless it had left', () => {
  const members = joined()
  members.apply({ from: -1, by: 'hub', fact: { kind: 'gone', who: 'token-0' } }, 10)
  members.apply(entry(1, { kind: 'leave' }), 20)
  members.apply({ from: -1, by: 'hub', fact: { kind: 'gone', who: 'token-1' } }, 30)
  members.apply({ from: -1, by: 'hub', fact: { kind: 'exited', who: 1, node: 'a' } }, 40)
  expect(members.all.map((member) => member?.state)).toEqual(['lost', 'left', 'here'])
  const absent = new Members(2)
  absent.apply({ from: -1, by: 'hub', fact: { kind: 'exited', who: 1, node: 'a' } }, 40)
  expect(absent.all.map((member) => member?.state)).toEqual([undefined, 'lost'])
})

test('never brings back a generator that has ended, whatever follows', () => {
  const facts: fc.Arbitrary<Fact> = fc.constantFrom<Fact>(
    { kind: 'hello', node: 'n', count: 3 },
    { kind: 'beat', isRunning: true },
    { kind: 'leave' },
    { kind: 'lost', who: 1, lastMs: 0 },
    { kind: 'gone', who: 'token-2' },
    { kind: 'exited', who: 0, node: 'n' },
  )
  const entries = fc.array(fc.tuple(fc.nat(2), fc.constantFrom('', 'x'), facts, fc.nat(3_000)), { maxLength: 40 })
  fc.assert(
    fc.property(entries, (list) => {
      const members = new Members(3)
      const states = new Map<number, string>()
      let atMs = 0
      for (const [from, suffix, fact, pauseMs] of list) {
        atMs += pauseMs
        members.apply(entry(from, fact, `token-${from}${suffix}`), atMs)
        for (const [index, member] of members.all.entries()) {
          const before = states.get(index)
          // oxlint-disable-next-line vitest/no-conditional-expect
          if (before !== undefined && before !== 'here') expect(member?.state).toBe(before)
          if (member !== undefined) states.set(index, member.state)
        }
        for (const index of members.silent(atMs)) expect(members.all[index]?.state).toBe('here')
      }
    }),
  )
})

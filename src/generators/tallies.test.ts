import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SecondTally } from './rendezvous.ts'
import { Tallies } from './tallies.ts'

function tally(second: number, sent: number): SecondTally {
  return { second, offered: sent + 1, sent, completed: sent, dropped: 1, errors: { reset: sent }, targetErrors: sent }
}

test('completes a second when every generator has published it or a later one', () => {
  const tallies = new Tallies(2)
  tallies.add(0, tally(1, 10))
  expect([...tallies.complete()]).toEqual([])
  // Its second 1 was skipped because its event loop was blocked.
  tallies.add(1, tally(2, 20))
  expect([...tallies.complete()].map(({ second, sent, errors }) => ({ second, sent, errors }))).toEqual([
    { second: 1, sent: 10, errors: { reset: 10 } },
  ])
  tallies.add(0, tally(2, 11))
  expect([...tallies.complete()]).toEqual([
    { ...tally(2, 31), offered: 33, dropped: 2, generators: [tally(2, 11), tally(2, 20)] },
  ])
})

test('does not wait for a generator whose load has ended', () => {
  const tallies = new Tallies(2)
  tallies.add(0, tally(1, 10))
  tallies.end(1)
  expect([...tallies.complete()].map(({ sent }) => sent)).toEqual([10])
  tallies.end(0)
  expect([...tallies.complete()]).toEqual([])
})

test('emits every second once, in order, and ends with the sums of the last tallies', () => {
  const steps = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 3 })), { maxLength: 60 })
  fc.assert(
    fc.property(steps, (list) => {
      const tallies = new Tallies(3)
      const last = [0, 0, 0]
      const seconds: number[] = []
      let sent = 0
      for (const [index, skip] of list) {
        last[index]! += skip
        tallies.add(index, tally(last[index]!, last[index]!))
        for (const sums of tallies.complete()) {
          seconds.push(sums.second)
          sent = sums.sent
        }
      }
      for (const index of [0, 1, 2]) tallies.end(index)
      for (const sums of tallies.complete()) {
        seconds.push(sums.second)
        sent = sums.sent
      }
      expect(seconds).toEqual(seconds.map((_, at) => at + 1))
      expect(sent).toBe(last.reduce((sum, one) => sum + one, 0))
    }),
  )
})

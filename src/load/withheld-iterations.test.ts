import { expect, test } from 'vitest'
import { WithheldIterations } from './withheld-iterations.ts'

/** Two VUs, of which the first begins an iteration every 10 ms until 100 ms. */
function pair() {
  const withheld: number[] = []
  const iterations = new WithheldIterations(2, (dueMs) => withheld.push(dueMs))
  for (let atMs = 0; atMs <= 100; atMs += 10) {
    iterations.began(0, atMs, true)
    iterations.ended(0, atMs + 5, true)
  }
  return { iterations, withheld }
}

test('counts the time from the first failed attempt to the last one, less the attempts', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, true)
  iterations.ended(1, 101, false)
  iterations.began(1, 150, false)
  iterations.ended(1, 151, false)
  // Five iterations from 100 to 150, of which one was an attempt, and the one at 150.
  expect(withheld).toEqual([121, 131, 141])
  iterations.began(1, 200, false)
  iterations.ended(1, 205, true)
  iterations.began(1, 300, true)
  iterations.left(1, 400, true)
  expect(withheld).toHaveLength(3)
})

test('counts the part of a VU that ends while it cannot connect', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, true)
  iterations.ended(1, 101, false)
  iterations.left(1, 140, false)
  expect(withheld).toHaveLength(3)
})

test('counts no time in which a connection was open that was opened between two iterations', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, true)
  iterations.ended(1, 101, false)
  // Connected while it paused, lost the connection while it paused, and fails again.
  iterations.began(1, 1_000, true)
  iterations.ended(1, 1_001, false)
  expect(withheld).toEqual([])
  iterations.began(1, 1_030, false)
  iterations.ended(1, 1_031, false)
  expect(withheld).toEqual([1_021])
})

test('does not slow the pace by the pause before a connection that was opened between two iterations', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, true)
  iterations.ended(1, 101, false)
  for (const atMs of [5_000, 5_010]) {
    iterations.began(1, atMs, true)
    iterations.ended(1, atMs + 5, true)
  }
  iterations.began(0, 110, true)
  iterations.ended(0, 160, false)
  expect(withheld).toHaveLength(4)
})

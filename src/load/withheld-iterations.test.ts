import { expect, test } from 'vitest'
import { WithheldIterations } from './withheld-iterations.ts'

const GOOD = { isBusy: false, failedAttempts: 0, hadGoodResponse: true }
const TIMED_OUT = { isBusy: false, failedAttempts: 0, hadGoodResponse: false }
const UNCONNECTED = { isBusy: false, failedAttempts: 1, hadGoodResponse: false }
const IN_FLIGHT = { isBusy: true, failedAttempts: 0, hadGoodResponse: false }

/** Two VUs, of which the first begins an iteration every 10 ms until 100 ms. */
function pair() {
  const withheld: number[] = []
  const iterations = new WithheldIterations(2, (dueMs) => withheld.push(dueMs))
  for (let atMs = 0; atMs <= 100; atMs += 10) {
    iterations.began(0, atMs, GOOD)
    iterations.ended(0, atMs + 5, GOOD)
  }
  return { iterations, withheld }
}

test('counts the time from the first failed attempt to the last one, less the attempts', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, GOOD)
  iterations.ended(1, 101, UNCONNECTED)
  iterations.began(1, 150, UNCONNECTED)
  iterations.ended(1, 151, UNCONNECTED)
  // Five iterations from 100 to 150, of which one was an attempt, and the one at 150.
  expect(withheld).toEqual([121, 131, 141])
  iterations.began(1, 200, UNCONNECTED)
  iterations.ended(1, 205, GOOD)
  iterations.began(1, 300, GOOD)
  iterations.left(1, 400, GOOD)
  expect(withheld).toHaveLength(3)
})

test('counts the part of a VU that ends while it cannot connect', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, GOOD)
  iterations.ended(1, 101, UNCONNECTED)
  iterations.left(1, 140, UNCONNECTED)
  expect(withheld).toHaveLength(3)
})

test('counts no time in which a connection was open that was opened between two iterations', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, GOOD)
  iterations.ended(1, 101, UNCONNECTED)
  // Connected while it paused, lost the connection while it paused, and fails again.
  iterations.began(1, 1_000, GOOD)
  iterations.ended(1, 1_001, UNCONNECTED)
  expect(withheld).toEqual([])
  iterations.began(1, 1_030, UNCONNECTED)
  iterations.ended(1, 1_031, UNCONNECTED)
  expect(withheld).toEqual([1_021])
})

test('does not slow the pace by the pause before a connection that was opened between two iterations', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 100, GOOD)
  iterations.ended(1, 101, UNCONNECTED)
  for (const atMs of [5_000, 5_010]) {
    iterations.began(1, atMs, GOOD)
    iterations.ended(1, atMs + 5, GOOD)
  }
  iterations.began(0, 110, GOOD)
  iterations.ended(0, 160, UNCONNECTED)
  expect(withheld).toHaveLength(4)
})

test('counts all the time of a VU that only got time-outs', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 0, GOOD)
  iterations.ended(1, 50, TIMED_OUT)
  iterations.began(1, 50, TIMED_OUT)
  iterations.ended(1, 100, TIMED_OUT)
  expect(withheld).toEqual([])
  iterations.left(1, 100, TIMED_OUT)
  // Ten iterations from 0 to 100, of which two began.
  expect(withheld).toEqual([20, 30, 40, 50, 60, 70, 80, 90])
})

test('counts no time of a VU that got one good response among time-outs', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 0, GOOD)
  iterations.ended(1, 50, TIMED_OUT)
  iterations.began(1, 50, TIMED_OUT)
  iterations.ended(1, 52, GOOD)
  iterations.began(1, 52, GOOD)
  iterations.ended(1, 100, TIMED_OUT)
  iterations.left(1, 100, TIMED_OUT)
  expect(withheld).toEqual([])
})

test('judges a VU that leaves with a request in flight by its response', () => {
  for (const [ending, count] of [
    [GOOD, 0],
    [TIMED_OUT, 9],
  ] as const) {
    const { iterations, withheld } = pair()
    iterations.began(1, 0, GOOD)
    iterations.left(1, 100, IN_FLIGHT)
    expect(withheld).toEqual([])
    iterations.ended(1, 140, ending)
    expect(withheld).toHaveLength(count)
  }
})

test('judges each part of a VU in the load separately', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 0, GOOD)
  iterations.ended(1, 50, GOOD)
  iterations.left(1, 50, GOOD)
  iterations.began(1, 60, GOOD)
  iterations.ended(1, 100, TIMED_OUT)
  iterations.left(1, 100, TIMED_OUT)
  expect(withheld).toEqual([70, 80, 90])
})

test('counts the iterations of a VU that could not connect once, if it got no response either', () => {
  const { iterations, withheld } = pair()
  iterations.began(1, 0, GOOD)
  iterations.ended(1, 50, UNCONNECTED)
  iterations.left(1, 100, UNCONNECTED)
  expect(withheld).toHaveLength(9)
})

test('measures the pace by iterations with a good response', () => {
  const { iterations, withheld } = pair()
  for (let atMs = 0; atMs < 100; atMs += 50) {
    iterations.began(1, atMs, GOOD)
    iterations.ended(1, atMs + 50, TIMED_OUT)
  }
  iterations.left(1, 100, TIMED_OUT)
  expect(withheld).toHaveLength(8)
})

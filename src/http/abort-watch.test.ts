import { expect, test } from 'vitest'
import { AbortWatch } from './abort-watch.ts'
import { Tally } from './tally.ts'

/** Looks at a run in which every quarter of a second brings so many answers and errors. */
function looks(
  quarters: readonly { ok: number; errors: number; dropped?: number }[],
  rule = { errorRatioAbove: 0.5, forMs: 1000 },
) {
  const tally = new Tally()
  const watch = new AbortWatch(rule, tally)
  return quarters.map(({ ok, errors, dropped = 0 }) => {
    tally.completed += ok + errors
    tally.dropped += dropped
    for (let n = 0; n < errors; n++) tally.countError('status')
    return watch.check()
  })
}

const bad = { ok: 4, errors: 6 }
const good = { ok: 10, errors: 0 }

test('stops once the ratio was exceeded over the whole of its time', () => {
  expect(looks([bad, bad, bad, bad, bad])).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    'error rate 60% over the last 1s, limit 50%',
  ])
})

test('what lies further back does not count, and a good stretch begins anew', () => {
  expect(looks([good, good, good, bad, bad, bad, bad]).findIndex((found) => found !== undefined)).toBe(6)
  expect(looks([bad, bad, good, good, good, bad, bad]).every((found) => found === undefined)).toBe(true)
})

test('exactly the limit is within it; dropped requests are errors; a few requests say nothing', () => {
  const half = { ok: 5, errors: 5 }
  expect(looks([half, half, half, half, half]).at(-1)).toBeUndefined()
  const starved = { ok: 1, errors: 0, dropped: 9 }
  expect(looks([starved, starved, starved, starved, starved]).at(-1)).toBe('error rate 90% over the last 1s, limit 50%')
  const slow = { ok: 0, errors: 1 }
  expect(looks([slow, slow, slow, slow, slow]).at(-1)).toBeUndefined()
})

import { expect, test } from 'vitest'
import { joinAll, RENDEZVOUS_KINDS } from '../testing/rendezvous-kinds.ts'
import { divisionOf } from './division.ts'

test('gives each generator its share, other iterations, the same start and all parts of a run', async () => {
  await using rendezvous = await RENDEZVOUS_KINDS.local()
  const all = await joinAll(rendezvous, 2)
  const divisions = all.map((one) => divisionOf(one, 'votes'))
  expect(divisions.map(({ share }) => share)).toEqual([
    { index: 0, count: 2 },
    { index: 1, count: 2 },
  ])
  const [one, other] = await Promise.all(divisions.map((division) => division.startAt()))
  expect(Math.abs(one!.atMs - other!.atMs)).toBeLessThanOrEqual(one!.errorMs + other!.errorMs)
  const claimed = await Promise.all(divisions.map((division) => division.claim(10)))
  expect(claimed.toSorted((a, b) => a - b)).toEqual([0, 10])
  const parts = await Promise.all(divisions.map(({ share, gather }) => gather('publications', Buffer.of(share.index))))
  for (const received of parts) expect(received.map(([index]) => index)).toEqual([0, 1])
  await Promise.all(all.map((each) => each[Symbol.asyncDispose]()))
})

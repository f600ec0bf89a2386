import { expect, test } from 'vitest'
import { freshnessOf, type FreshnessEvidence } from '../evidence/freshness-evidence.ts'
import { Histogram } from '../stats/histogram.ts'
import { messageOf } from '../testing/message-of.ts'
import './register.ts'

function freshness(stalenessMs: readonly number[], more: Partial<FreshnessEvidence> = {}) {
  const staleness = new Histogram()
  for (const ms of stalenessMs) staleness.record(ms * 1000)
  const evidence: FreshnessEvidence = {
    ...{ staleness, reads: stalenessMs.length, writes: 5, staleReads: stalenessMs.filter((ms) => ms > 0).length },
    worst: { atMs: 4_200, stalenessMs: Math.max(...stalenessMs), version: 3, newest: 5 },
    observableMs: 60_000,
    invalidities: [],
    unavailable: undefined,
    evidenceLines: ['200 reads during the load, 5 writes'],
    ...more,
  }
  return { [freshnessOf]: () => evidence }
}

test('toStayFresherThan() judges the oldest response', () => {
  expect(freshness([0, 900])).toStayFresherThan(1_000)
  expect(freshness([0, 1_500])).not.toStayFresherThan('1s')
  expect(messageOf(() => expect(freshness([0, 0, 1_500])).toStayFresherThan(1_000))).toMatchInlineSnapshot(`
    "Error: expect(freshness).toStayFresherThan(1000)

    Expected: oldest response < 1.00 s
    Received: oldest response = 1.50 s (+50%)

    Evidence: 200 reads during the load, 5 writes
    Oldest:   version 3 at 4.20 s, when 5 had been written
    Fix:      compare the limit with the time-to-live of the cache: 1 of 3 responses exceeded it"
  `)
})

test('toStayFresherThan() is invalid in both polarities with too few reads', () => {
  const few = freshness([0], {
    invalidities: [{ reason: 'too-few-samples', finding: '1 read and 1 write', fix: 'let the load last longer' }],
  })
  expect(messageOf(() => expect(few).toStayFresherThan(1_000))).toContain('INVALID, not judged. too-few-samples')
  expect(messageOf(() => expect(few).not.toStayFresherThan(1_000))).toContain('INVALID, not judged')
})

test('toStayFresherThan() is skipped with the reason if freshness is unavailable', ({ task }) => {
  const unavailableSource = freshness([], { unavailable: 'no internal listener is known' })
  expect(unavailableSource).toStayFresherThan(1_000)
  expect(unavailableSource).not.toStayFresherThan(1_000)
  expect(task.meta.slo?.assertions).toMatchObject([
    { outcome: 'skipped', received: 'not checked: no internal listener is known' },
    { assertion: 'not.toStayFresherThan(1000)', outcome: 'skipped' },
  ])
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeliveryTracker } from './delivery-tracker.ts'

const LATE_AFTER_MS = 10
const UNDER_WAY_MS = 15

const CLIENTS = 70

type Step =
  | { readonly do: 'join' | 'leave' | 'beginMove'; readonly client: number; readonly group: string }
  | { readonly do: 'reopen'; readonly client: number }
  | { readonly do: 'publish'; readonly group: string; readonly isWarmup: boolean }
  | { readonly do: 'receive'; readonly client: number; readonly publication: number }

/** Few clients, so that they meet often, on both sides of the boundaries between words of bits. */
const client = fc.constantFrom(0, 1, 31, 32, 69)
const group = fc.constantFrom('a', 'b')
const move = fc.constantFrom('join' as const, 'join' as const, 'leave' as const, 'beginMove' as const)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: move, client, group }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const), group, isWarmup: fc.boolean() }) },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('receive' as const), client, publication: fc.nat({ max: 5 }) }),
  },
)

/** A simple model of the same account: a list of receipts for each expected delivery. */
function plainAccount(steps: readonly Step[]) {
  const state = new Map<string, 'in' | 'moving'>()
  const place = (it: { client: number; group: string }) => `${it.client} ${it.group}`
  const publications: {
    at: number
    group: string
    isWarmup: boolean
    owed: Map<number, number[]>
    optional: Map<number, number>
    excused: Set<number>
  }[] = []
  const highest = new Map<string, number>()
  const account = {
    expected: 0,
    onTime: 0,
    late: 0,
    missing: 0,
    duplicate: 0,
    outOfOrder: 0,
    optional: 0,
    unexpected: 0,
  }
  const clients = [0, 1, 31, 32, 69]
  for (const [at, step] of steps.entries()) {
    if (step.do === 'join') state.set(place(step), 'in')
    if (step.do === 'leave') state.delete(place(step))
    if (step.do === 'beginMove') {
      if (state.get(place(step)) === 'in')
        for (const publication of publications) {
          const isUnderWay = publication.group === step.group && at - publication.at <= UNDER_WAY_MS
          if (!isUnderWay || publication.owed.get(step.client)?.length !== 0) continue
          publication.owed.delete(step.client)
          publication.excused.add(step.client)
        }
      state.set(place(step), 'moving')
    }
    if (step.do === 'reopen') for (const name of ['a', 'b']) highest.delete(place({ ...step, group: name }))
    if (step.do === 'publish') {
      const inState = (wanted: 'in' | 'moving') =>
        clients.filter((one) => state.get(place({ client: one, group: step.group })) === wanted)
      publications.push({
        ...step,
        at,
        owed: new Map(inState('in').map((owed) => [owed, []])),
        optional: new Map(),
        excused: new Set(inState('moving')),
      })
    }
    if (step.do !== 'receive') continue
    const publication = publications[step.publication]
    if (publication === undefined) continue
    const receipts = publication.owed.get(step.client)
    if (receipts === undefined) {
      const times = publication.optional.get(step.client) ?? 0
      const mayReach =
        publication.excused.has(step.client) || state.has(place({ client: step.client, group: publication.group }))
      if (mayReach) publication.optional.set(step.client, times + 1)
      if (publication.isWarmup) continue
      if (!mayReach) account.unexpected++
      else if (times === 0) account.optional++
      else account.duplicate++
      continue
    }
    receipts.push(at)
    if (receipts.length > 1) continue
    const key = place({ client: step.client, group: publication.group })
    const isOutOfOrder = step.publication < (highest.get(key) ?? -1)
    if (isOutOfOrder && !publication.isWarmup) account.outOfOrder++
    if (!isOutOfOrder) highest.set(key, step.publication)
  }
  for (const { at, owed } of publications.filter(({ isWarmup }) => !isWarmup)) {
    for (const [first, ...again] of owed.values()) {
      account.expected++
      account.duplicate += again.length
      if (first === undefined) account.missing++
      else if (first - at > LATE_AFTER_MS) account.late++
      else account.onTime++
    }
  }
  return account
}

function ledgerOf(steps: readonly Step[]): DeliveryTracker {
  const ledger = new DeliveryTracker({ clients: CLIENTS, lateThresholdMs: LATE_AFTER_MS, underWayMs: UNDER_WAY_MS })
  let published = 0
  for (const [at, step] of steps.entries()) {
    if (step.do === 'join') ledger.join(step.client, ledger.group(step.group))
    if (step.do === 'leave') ledger.leave(step.client, ledger.group(step.group), true)
    if (step.do === 'beginMove') ledger.beginMove(step.client, ledger.group(step.group), at * 1000)
    if (step.do === 'reopen') ledger.reopened(step.client)
    if (step.do === 'receive') {
      const publication = ledger.find(String(step.publication))
      if (publication !== undefined) ledger.receive(step.client, publication, undefined, at * 1000)
    }
    if (step.do !== 'publish') continue
    const second = step.isWarmup ? undefined : Math.floor(at / 1000)
    const sequence = published + 1
    ledger.publish({ id: String(published++), sequence, group: step.group, intendedUs: at * 1000, second })
  }
  return ledger
}

test('agrees with a simple model for any events in any order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const ledger = ledgerOf(steps)
      const { received, unidentified, racing, ...counts } = ledger.counts(0)
      expect(counts).toEqual(plainAccount(steps))
      expect([received, unidentified, racing]).toEqual([counts.onTime + counts.late, 0, counts.outOfOrder])

      const table = ledger.clientTable()
      const sum = (values: Uint32Array) => values.reduce((total, value) => total + value, 0)
      expect(sum(table.expected)).toBe(counts.expected)
      expect(sum(table.missing)).toBe(counts.missing)
      expect(sum(table.late)).toBe(counts.late)
      expect(sum(table.duplicate)).toBe(counts.duplicate)
      expect(sum(table.outOfOrder)).toBe(counts.outOfOrder)
      expect(sum(table.unexpected)).toBe(counts.unexpected)
      expect(ledger.certainUnexpected).toBe(counts.unexpected)
      const windows = ledger.windows
      expect(windows.reduce((total, { expected }) => total + expected, 0)).toBe(counts.expected)
      expect(windows.reduce((total, { lag }) => total + lag.count, 0)).toBe(received)
    }),
    { numRuns: 300 },
  )
})

test('counts deliveries as out of order only within a group', () => {
  const ledger = new DeliveryTracker({ clients: 1, lateThresholdMs: 1000, underWayMs: 500 })
  for (const name of ['a', 'b']) ledger.join(0, ledger.group(name))
  const [first, second] = ['a', 'b'].map((name, at) =>
    ledger.publish({ id: name, sequence: at + 1, group: name, intendedUs: 0, second: 0 }),
  )
  ledger.receive(0, second!, undefined, 1)
  ledger.receive(0, first!, undefined, 2)
  expect(ledger.counts(0).outOfOrder).toBe(0)
})

test('counts disorder as racing if the earlier publication had no response when the later one was sent, and messages have no sequence', () => {
  const count = (respondedUs: number, sequences: readonly (number | undefined)[]) => {
    const ledger = new DeliveryTracker({ clients: 1, lateThresholdMs: 1000, underWayMs: 500 })
    ledger.join(0, ledger.group(undefined))
    const [first, second] = [1, 2].map((sequence) =>
      ledger.publish({ id: String(sequence), sequence, intendedUs: 0, second: 0 }),
    )
    Object.assign(first!, { sentUs: 0, respondedUs })
    Object.assign(second!, { sentUs: 100, respondedUs: 200 })
    ledger.receive(0, second!, sequences[1], 300)
    ledger.receive(0, first!, sequences[0], 400)
    const { outOfOrder, racing } = ledger.counts(0)
    return [outOfOrder, racing]
  }
  expect(count(100, [])).toEqual([1, 0])
  expect(count(101, [])).toEqual([1, 1])
  expect(count(Number.NaN, [])).toEqual([1, 1])
  expect(count(101, [1, 2])).toEqual([1, 0])
  expect(count(101, [2, 1])).toEqual([0, 0])
})

describe('a lost connection', () => {
  function lost() {
    const ledger = new DeliveryTracker({ clients: 3, lateThresholdMs: 1000, underWayMs: 500 })
    for (const one of [0, 1, 2]) ledger.join(one, ledger.group(undefined))
    return ledger
  }
  const publish = (ledger: DeliveryTracker, sequence: number, atMs: number) =>
    ledger.publish({ id: `p${sequence}`, sequence, intendedUs: atMs * 1000, second: 0 })

  test('is recovered when the client is subscribed again and has received everything that was due meanwhile', () => {
    const ledger = lost()
    for (const one of [0, 1, 2]) ledger.lost(one, 1_000_000)
    expect(ledger.awayCount).toBe(3)
    const missed = publish(ledger, 1, 1500)
    ledger.receive(2, missed, undefined, 1_600_000)
    ledger.back(0, 2_000_000)
    ledger.receive(0, missed, undefined, 2_250_000)
    ledger.back(1, 3_000_000)
    ledger.back(2, 4_000_000)
    ledger.receive(0, publish(ledger, 2, 9000), undefined, 9_500_000)
    expect(ledger.awayCount).toBe(0)
    expect(ledger.recoveries(11_000_000)).toEqual({ lost: 3, tookMs: [1250, 3000], unfinishedMs: [10_000] })
  })

  test('is recovered only when what was due meanwhile was received, even if the client loses its connection again', () => {
    const ledger = lost()
    ledger.lost(0, 1_000_000)
    const missed = publish(ledger, 1, 1100)
    ledger.back(0, 1_200_000)
    ledger.lost(0, 2_500_000)
    const missedNext = publish(ledger, 2, 2600)
    ledger.back(0, 2_700_000)
    ledger.receive(0, missedNext, undefined, 2_800_000)
    ledger.receive(0, missed, undefined, 2_900_000)
    expect(ledger.recoveries(5_000_000)).toEqual({ lost: 2, tookMs: [300, 1900], unfinishedMs: [] })
  })

  test('is recovered only when a delivery in flight was received, even if it was due before an earlier recovery', () => {
    const ledger = lost()
    ledger.lost(0, 1_000_000)
    ledger.back(0, 1_200_000)
    const inFlight = publish(ledger, 1, 1190)
    ledger.lost(0, 1_210_000)
    ledger.back(0, 1_400_000)
    ledger.receive(0, inFlight, undefined, 1_900_000)
    expect(ledger.recoveries(5_000_000)).toEqual({ lost: 2, tookMs: [690, 900], unfinishedMs: [] })
  })

  test('is not recovered if the client never reconnects', () => {
    const ledger = lost()
    ledger.lost(1, 1_000_000)
    expect(ledger.recoveries(3_000_000)).toEqual({ lost: 1, tookMs: [], unfinishedMs: [2000] })
  })
})

describe('a delivery', () => {
  const publish = (ledger: DeliveryTracker, sequence: number, atMs = 0) =>
    ledger.publish({ id: `p${sequence}`, sequence, intendedUs: atMs * 1000, second: Math.floor(atMs / 1000) })

  test('is on time up to and including the limit, and late beyond it', () => {
    const ledger = new DeliveryTracker({ clients: 2, lateThresholdMs: 1000, underWayMs: 500 })
    ledger.join(0, ledger.group(undefined))
    ledger.join(1, ledger.group(undefined))
    const publication = publish(ledger, 1)
    ledger.receive(0, publication, undefined, 1_000_000)
    ledger.receive(1, publication, undefined, 1_000_001)
    expect(ledger.counts(0)).toMatchObject({ onTime: 1, late: 1 })
    expect([...ledger.clientTable().maxUs]).toEqual([1_000_000, 1_000_001])
  })

  test('is ordered by the sequence of the message if it has one', () => {
    const ledger = new DeliveryTracker({ clients: 1, lateThresholdMs: 1000, underWayMs: 500 })
    ledger.join(0, ledger.group(undefined))
    const [first, second, third] = [publish(ledger, 1), publish(ledger, 2), publish(ledger, 3)]
    ledger.receive(0, third, 100, 1)
    ledger.receive(0, first, 200, 2)
    ledger.receive(0, second, 150, 3)
    expect(ledger.counts(0).outOfOrder).toBe(1)
  })

  test('with the same sequence as the one before is in order', () => {
    const ledger = new DeliveryTracker({ clients: 1, lateThresholdMs: 1000, underWayMs: 500 })
    ledger.join(0, ledger.group(undefined))
    for (const publication of [publish(ledger, 1), publish(ledger, 2)]) ledger.receive(0, publication, 7, 1)
    expect(ledger.counts(0).outOfOrder).toBe(0)
  })

  test('in flight at an abort is not counted, and one that is overdue is missing', () => {
    const ledger = new DeliveryTracker({ clients: 3, lateThresholdMs: 1000, underWayMs: 500 })
    for (const client of [0, 1, 2]) ledger.join(client, ledger.group(undefined))
    const [overdue, pendingRuns] = [publish(ledger, 1, 0), publish(ledger, 2, 4000)]
    ledger.receive(0, overdue, undefined, 1)
    ledger.receive(0, pendingRuns, undefined, 4_000_001)
    ledger.cutOff(5_000_000, 5000)
    expect(ledger.counts(0)).toMatchObject({ expected: 4, received: 2, missing: 2 })
    expect([...ledger.clientTable().expected]).toEqual([2, 1, 1])
    expect(ledger.windows.map(({ expected }) => expected)).toEqual([3, 0, 0, 0, 1])
  })

  test('counts, also in its second, even after its publication was sealed', () => {
    const ledger = new DeliveryTracker({ clients: 2, lateThresholdMs: 1000, underWayMs: 500 })
    ledger.join(0, ledger.group(undefined))
    ledger.join(1, ledger.group(undefined))
    const old = publish(ledger, 1, 0)
    ledger.receive(0, old, undefined, 5000)
    publish(ledger, 2, 61_000)
    expect(old.p95Ms).toBe(Number.POSITIVE_INFINITY)
    ledger.receive(1, old, undefined, 61_500_000)
    expect(ledger.counts(0)).toMatchObject({ onTime: 1, late: 1, missing: 2 })
    expect(ledger.windows[0]!.lag.count).toBe(2)
    expect(old).toMatchObject({ p95Ms: 61_500, maxUs: 61_500_000 })
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeliveryLedger } from './delivery-ledger.ts'

const LATE_AFTER_MS = 10

type Step =
  | { readonly do: 'subscribe' | 'reconnect'; readonly client: number }
  | { readonly do: 'publish'; readonly isWarmup: boolean }
  | { readonly do: 'receive'; readonly client: number; readonly publication: number }

/** Few, so that they meet often; on both sides of the borders between words of bits. */
const client = fc.constantFrom(0, 1, 31, 32, 69)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('subscribe' as const, 'reconnect' as const), client }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const), isWarmup: fc.boolean() }) },
  {
    weight: 9,
    arbitrary: fc.record({ do: fc.constant('receive' as const), client, publication: fc.nat({ max: 5 }) }),
  },
)

/** The same account kept in the plainest way: a list of receipts for each owed delivery. */
function plainAccount(steps: readonly Step[]) {
  const subscribed = new Set<number>()
  const publications: { at: number; isWarmup: boolean; owed: Map<number, number[]> }[] = []
  const highest = new Map<number, number>()
  const account = { expected: 0, onTime: 0, late: 0, missing: 0, duplicate: 0, outOfOrder: 0, unexpected: 0 }
  for (const [at, step] of steps.entries()) {
    if (step.do === 'subscribe') subscribed.add(step.client)
    if (step.do === 'reconnect') highest.delete(step.client)
    if (step.do === 'publish')
      publications.push({ at, isWarmup: step.isWarmup, owed: new Map([...subscribed].map((owed) => [owed, []])) })
    if (step.do !== 'receive') continue
    const publication = publications[step.publication]
    const receipts = publication?.owed.get(step.client)
    if (publication?.isWarmup !== true && receipts === undefined) account.unexpected++
    if (receipts === undefined) continue
    receipts.push(at)
    if (receipts.length > 1) continue
    const isOutOfOrder = step.publication < (highest.get(step.client) ?? -1)
    if (isOutOfOrder && !publication!.isWarmup) account.outOfOrder++
    if (!isOutOfOrder) highest.set(step.client, step.publication)
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

function ledgerOf(steps: readonly Step[]): DeliveryLedger {
  const ledger = new DeliveryLedger({ clients: 70, lateAfterMs: LATE_AFTER_MS })
  let published = 0
  for (const [at, step] of steps.entries()) {
    if (step.do === 'subscribe') ledger.subscribe(step.client, undefined)
    if (step.do === 'reconnect') ledger.reconnected(step.client)
    if (step.do === 'receive') ledger.receive(step.client, ledger.find(String(step.publication)), undefined, at * 1000)
    if (step.do !== 'publish') continue
    const second = step.isWarmup ? undefined : Math.floor(at / 1000)
    ledger.publish({ id: String(published++), sequence: published, intendedUs: at * 1000, second })
  }
  return ledger
}

test('agrees with an account kept in the plainest way, whatever happens in whatever order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const ledger = ledgerOf(steps)
      const { received, unidentified, ...counts } = ledger.counts(0)
      expect(counts).toEqual(plainAccount(steps))
      expect([received, unidentified]).toEqual([counts.onTime + counts.late, 0])

      const table = ledger.clientTable()
      const sum = (values: Uint32Array) => values.reduce((total, value) => total + value, 0)
      expect(sum(table.expected)).toBe(counts.expected)
      expect(sum(table.missing)).toBe(counts.missing)
      expect(sum(table.late)).toBe(counts.late)
      expect(sum(table.duplicate)).toBe(counts.duplicate)
      expect(sum(table.outOfOrder)).toBe(counts.outOfOrder)
      const windows = ledger.windows
      expect(windows.reduce((total, { expected }) => total + expected, 0)).toBe(counts.expected)
      expect(windows.reduce((total, { lag }) => total + lag.count, 0)).toBe(received)
    }),
    { numRuns: 300 },
  )
})

describe('a delivery', () => {
  const publish = (ledger: DeliveryLedger, sequence: number, atMs = 0) =>
    ledger.publish({ id: `p${sequence}`, sequence, intendedUs: atMs * 1000, second: Math.floor(atMs / 1000) })

  test('is on time up to the limit itself, late past it', () => {
    const ledger = new DeliveryLedger({ clients: 2, lateAfterMs: 1000 })
    ledger.subscribe(0, undefined)
    ledger.subscribe(1, undefined)
    const publication = publish(ledger, 1)
    ledger.receive(0, publication, undefined, 1_000_000)
    ledger.receive(1, publication, undefined, 1_000_001)
    expect(ledger.counts(0)).toMatchObject({ onTime: 1, late: 1 })
    expect([...ledger.clientTable().maxUs]).toEqual([1_000_000, 1_000_001])
  })

  test('is ordered by the sequence the message carries, where it carries one', () => {
    const ledger = new DeliveryLedger({ clients: 1, lateAfterMs: 1000 })
    ledger.subscribe(0, undefined)
    const [first, second, third] = [publish(ledger, 1), publish(ledger, 2), publish(ledger, 3)]
    ledger.receive(0, third, 100, 1)
    ledger.receive(0, first, 200, 2)
    ledger.receive(0, second, 150, 3)
    expect(ledger.counts(0).outOfOrder).toBe(1)
  })

  test('with the sequence of the one before is in order', () => {
    const ledger = new DeliveryLedger({ clients: 1, lateAfterMs: 1000 })
    ledger.subscribe(0, undefined)
    for (const publication of [publish(ledger, 1), publish(ledger, 2)]) ledger.receive(0, publication, 7, 1)
    expect(ledger.counts(0).outOfOrder).toBe(0)
  })

  test('still under way at an abort is in no count; one overdue by then is missing', () => {
    const ledger = new DeliveryLedger({ clients: 3, lateAfterMs: 1000 })
    for (const client of [0, 1, 2]) ledger.subscribe(client, undefined)
    const [overdue, underWay] = [publish(ledger, 1, 0), publish(ledger, 2, 4000)]
    ledger.receive(0, overdue, undefined, 1)
    ledger.receive(0, underWay, undefined, 4_000_001)
    ledger.cutOff(5_000_000, 5000)
    expect(ledger.counts(0)).toMatchObject({ expected: 4, received: 2, missing: 2 })
    expect([...ledger.clientTable().expected]).toEqual([2, 1, 1])
    expect(ledger.windows.map(({ expected }) => expected)).toEqual([3, 0, 0, 0, 1])
  })

  test('counts, and shows in its second, though it comes after its publication was sealed', () => {
    const ledger = new DeliveryLedger({ clients: 2, lateAfterMs: 1000 })
    ledger.subscribe(0, undefined)
    ledger.subscribe(1, undefined)
    const old = publish(ledger, 1, 0)
    ledger.receive(0, old, undefined, 5000)
    publish(ledger, 2, 61_000)
    ledger.receive(1, old, undefined, 61_500_000)
    expect(ledger.counts(0)).toMatchObject({ onTime: 1, late: 1, missing: 2 })
    expect(ledger.windows[0]!.lag.count).toBe(2)
    expect(old).toMatchObject({ p95Ms: 5, maxUs: 61_500_000 })
  })
})

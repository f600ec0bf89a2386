import { expect, test } from 'vitest'
import { DeliveryLedger } from './delivery-ledger.ts'
import { sightingOf, TargetIds } from './target-ids.ts'

function run(clients = 2) {
  const ledger = new DeliveryLedger({ clients, lateAfterMs: 100, underWayMs: 100 })
  for (let client = 0; client < clients; client++) ledger.join(client, ledger.group(undefined))
  const ids = new TargetIds(ledger)
  let sequence = 0
  const publish = () => {
    sequence++
    return ledger.publish({ id: `own-${sequence}`, sequence, intendedUs: 0, second: 0 })
  }
  /** Equal messages are one sighting, as the identifier makes them. */
  const sightings = new Map<string, ReturnType<typeof sightingOf>>()
  const receive = (client: number, id: string) => {
    if (!sightings.has(id)) sightings.set(id, sightingOf({ id }))
    ids.receive(client, sightings.get(id)!, 1000)
  }
  const receiveEarly = (client: number, id: string) => ids.receiveEarly(client, sightingOf({ id }), 1000)
  return { ledger, ids, publish, receive, receiveEarly }
}

test.each<[unknown]>([['7'], [7], [7n], [{ id: 7 }], [{ id: '7', ok: true }]])(
  '%s is the id that the target gave',
  (answer) => {
    const { ledger, ids, publish, receive } = run()
    const publication = publish()
    receive(0, '7')
    ids.settled(publication, answer)
    receive(1, '7')
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 2, unexpected: 0 })
  },
)

test.each<[unknown]>([[undefined], [null], [''], [Number.NaN], [{ status: 200 }]])('%s gives none', (answer) => {
  const { ledger, ids, publish, receive } = run()
  const publication = publish()
  receive(0, '7')
  expect(ledger.counts(0).unexpected).toBe(0)
  ids.settled(publication, answer)
  expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
})

test('messages are kept until everything that had been sent before them is answered, in whatever order', () => {
  const { ledger, ids, publish, receive } = run()
  const [first, second] = [publish(), publish()]
  receive(0, '70')
  const third = publish()
  receive(0, '90')
  ids.settled(third, 80)
  ids.settled(second, undefined)
  expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 0 })
  ids.settled(first, 70)
  expect(ledger.counts(0)).toMatchObject({ received: 1, unexpected: 1 })
  expect(first).toMatchObject({ onTime: 1 })
  expect(ledger.unexpectedSample).toBe('client 0 received the id "90", which no publication of the run has')
})

test('an id that several publications were given names none of them', () => {
  const { ledger, ids, publish, receive } = run()
  ids.settled(publish(), 3)
  ids.settled(publish(), 3)
  receive(0, '3')
  expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
})

test('what the target shows to everybody who joins, from before the run, is passed over then and later', () => {
  const { ledger, ids, publish, receive } = run()
  receive(0, 'old')
  ids.settled(publish(), undefined)
  receive(1, 'old')
  receive(1, 'new')
  expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
})

test('a hundred ids that resolve late, in reverse, are all found', () => {
  const { ledger, ids, publish, receive } = run()
  const publications = Array.from({ length: 100 }, publish)
  for (const client of [0, 1]) for (const at of publications.keys()) receive(client, `given-${at}`)
  for (const [at, publication] of [...publications.entries()].toReversed()) ids.settled(publication, `given-${at}`)
  expect(ledger.counts(0)).toMatchObject({ expected: 200, received: 200, missing: 0, unexpected: 0, duplicate: 0 })
  expect(ids.overflowed).toBe(0)
})

test('a replay before the acknowledgement is kept until its id is known, and is nothing if it has none', () => {
  const { ledger, ids, publish, receiveEarly } = run()
  const publication = publish()
  expect(receiveEarly(0, '7')).toBe(false)
  expect(receiveEarly(0, 'session')).toBe(false)
  ids.settled(publication, 7)
  expect(receiveEarly(1, '7')).toBe(true)
  expect(receiveEarly(1, 'session')).toBe(false)
  ids.close()
  expect(ledger.counts(0)).toMatchObject({ received: 2, unexpected: 0 })
})

test('deliveries past the most that are kept are counted, and unexpected is none of them', () => {
  const { ledger, ids, publish, receive } = run()
  const publication = publish()
  for (let nth = 0; nth < 1_000_002; nth++) receive(0, '7')
  expect(ids.overflowed).toBe(2)
  ids.settled(publication, 7)
  expect(ledger.counts(0)).toMatchObject({ received: 1, duplicate: 999_999, unexpected: 0 })
})

test('with more ids from before the run than are remembered, an unknown one may be of them', () => {
  const { ledger, ids, publish, receive } = run()
  for (let nth = 0; nth < 10_001; nth++) receive(0, `old-${nth}`)
  ids.settled(publish(), undefined)
  receive(1, 'old-10000')
  receive(1, 'old-9999')
  expect(ids.overflowed).toBe(1)
  expect(ledger.counts(0).unexpected).toBe(0)
})

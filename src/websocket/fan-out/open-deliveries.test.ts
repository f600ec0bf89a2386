import { expect, test } from 'vitest'
import { DeliveryTracker } from './delivery-tracker.ts'
import { openDeliveries } from './open-deliveries.ts'

test('counts deliveries to clients that were joining or leaving, and those of unacknowledged moves', () => {
  const ledger = new DeliveryTracker({ clients: 3, lateThresholdMs: 1000, underWayMs: 0 })
  const [a, b] = [ledger.group('a'), ledger.group('b')]
  for (const client of [0, 1, 2]) ledger.join(client, a)
  let sequence = 0
  const publish = (group: string, intendedUs: number, second: number | undefined) =>
    ledger.publish({ id: String(++sequence), sequence, group, intendedUs, second })
  publish('a', 0, 0)
  for (const client of [0, 1]) {
    ledger.beginMove(client, a, 10)
    ledger.beginMove(client, b, 10)
  }
  publish('a', 5, undefined)
  for (const at of [10, 20, 30]) publish('a', at, 0)
  publish('b', 40, 0)
  const spans = [
    { group: 'a', fromUs: 10, untilUs: 30 },
    { group: 'b', fromUs: 10, untilUs: 100 },
    { group: 'never published to', fromUs: 10, untilUs: 100 },
  ]
  // Two clients, four counted publications; one of the clients was never acknowledged.
  expect(openDeliveries(ledger.publications, spans)).toEqual({ all: 8, unacknowledged: 3 })
})

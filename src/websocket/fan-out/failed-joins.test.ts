import { expect, test } from 'vitest'
import { DeliveryTracker } from './delivery-tracker.ts'
import { failedJoins, type Join } from './failed-joins.ts'

/**
 * Client 0 joins room a at 100, after which five publications are due: at 100, 200, … 500; one before it.
 *
 * @param received instants of those that it receives
 */
function joined(received: readonly number[], ...joins: Partial<Join>[]) {
  const ledger = new DeliveryTracker({ clients: 2, lateThresholdMs: 1000, underWayMs: 500 })
  const [a, b] = [ledger.group('a'), ledger.group('b')]
  for (const room of [a, b]) ledger.join(1, room)
  ledger.join(0, b)
  for (let atUs = 0; atUs <= 500; atUs += 100) {
    if (atUs === 100) ledger.join(0, a, atUs)
    for (const group of ['a', 'b']) {
      const id = `${group} ${atUs}`
      ledger.publish({ id, sequence: atUs, group, intendedUs: atUs, second: atUs === 500 ? undefined : 0 })
      ledger.receive(1, ledger.find(id)!, undefined, atUs)
      if (group === 'a' && received.includes(atUs)) ledger.receive(0, ledger.find(id)!, undefined, atUs)
    }
  }
  const all = joins.map((join): Join => {
    return { client: 0, group: 'a', fromUs: 100, response: undefined, rejection: undefined, ...join }
  })
  return failedJoins(ledger.publications, all)
}

test('finds a join after which nothing of the group was received, with the counted deliveries that are missing', () => {
  expect(joined([], {})).toEqual({ silent: { count: 1, missing: 4, sample: 'client 0, group "a"' } })
  expect(joined([], { response: 'text: "no"' })?.silent?.sample).toBe(
    'client 0, group "a", after the message text: "no"',
  )
  expect(joined([], { rejection: 'full' })).toEqual({
    rejected: { count: 1, missing: 4, sample: 'client 0, group "a": full' },
  })
})

test('finds none if anything of the group was received since, or nothing was due', () => {
  expect(joined([300], {})).toBeUndefined()
  expect(joined([300], { rejection: 'full' })).toBeUndefined()
  expect(joined([], { client: 1 })).toBeUndefined()
  expect(joined([], { fromUs: 600 })).toBeUndefined()
  expect(joined([])).toBeUndefined()
})

test('attributes a delivery to the latest of several joins', () => {
  const again = [{ rejection: 'full' }, { fromUs: 300 }]
  expect(joined([300], ...again)).toEqual({ rejected: { count: 1, missing: 2, sample: 'client 0, group "a": full' } })
  expect(joined([], ...again)).toEqual({
    rejected: { count: 1, missing: 2, sample: 'client 0, group "a": full' },
    silent: { count: 1, missing: 2, sample: 'client 0, group "a"' },
  })
})

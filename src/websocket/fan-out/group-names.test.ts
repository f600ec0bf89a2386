import { expect, test } from 'vitest'
import { ScenarioError } from '../../execution/scenario-error.ts'
import { Message } from '../message.ts'
import { DeliveryTracker } from './delivery-tracker.ts'
import type { Move } from './fan-out-options.ts'
import { Membership, type MembershipParts } from './membership.ts'

/** Two clients, one in room a and one in room b. */
function membership(plan: Partial<MembershipParts<undefined>['plan']>) {
  return new Membership<undefined>({
    plan: {
      group: ({ id }) => 'ab'[id]!,
      moves: undefined,
      isSubscribed: undefined,
      joinDelayMs: 0,
      subscribeTimeoutMs: 5000,
      publish: undefined,
      lateThresholdMs: 1000,
      warmupMs: 0,
      durationMs: 10_000,
      ...plan,
    },
    vus: [0, 1].map((id) => ({ id, data: undefined, vars: {} })),
    share: { index: 0, count: 1 },
    ledger: new DeliveryTracker({ clients: 2, lateThresholdMs: 1000, underWayMs: 0 }),
    isSubscribed: () => true,
    wasSubscribed: () => true,
    send() {},
    describe: () => '',
    mask: (_, text) => text,
  })
}

function errorOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

test('an unknown group that a move leaves is an error', () => {
  const moves = ({ id }: { id: number }): Move[] => (id === 0 ? [] : [{ time: '2s', join: 'c', leave: 'bb' }])
  const error = errorOf(() => membership({ moves }))
  expect(error).toBeInstanceOf(ScenarioError)
  expect(String(error)).toMatchInlineSnapshot(`
    "ScenarioError: the moves function returned an invalid move for VU 1: it leaves the group "bb", which the run does not have; valid are "a", "b", "c"
    Fix: leave a group that the function group returns, or that another move joins"
  `)
})

test('a group that only a move joins may be left', () => {
  const moves = (): Move[] => [
    { time: '2s', join: 'c' },
    { time: '3s', leave: 'c' },
  ]
  expect(membership({ moves }).names).toEqual(['a', 'b', 'c'])
})

test.each([
  ['a name', 'room-a', 'room-a'],
  ['one of several names', ['a', 'room-a'], 'room-a'],
])('an unknown group in the result of isSubscribed is an error: %s', (_, returned, named) => {
  const error = errorOf(() => membership({}).acknowledges(returned, 0))
  expect(error).toBeInstanceOf(ScenarioError)
  expect(String(error)).toContain(
    `isSubscribed: the function returned the group "${named}", which the run does not have`,
  )
  expect(String(error)).toMatch(/valid are "a", "b"\nFix: /)
})

test('an unknown group in the acknowledgement of a move by isSubscribed is an error', async () => {
  const moves = (): Move[] => [{ time: 0, join: 'c' }]
  const found = membership({ moves, isSubscribed: (message) => message.toString() })
  found.moves.start(performance.now() * 1000 - 1000)
  await expect.poll(() => found.moves.isMoving(0)).toBe(true)
  const error = errorOf(() => found.moves.heard(0, new Message(Buffer.from('cc'), false)))
  expect(String(error)).toContain('isSubscribed: the function returned the group "cc", which the run does not have')
  expect(found.moves.heard(0, new Message(Buffer.from('c'), false))).toBe(true)
  found.moves.stop()
})

test('isSubscribed may name a group of the run that its client is not in', () => {
  const acknowledges = (name: string) => membership({}).acknowledges(name, 0)
  expect([acknowledges('b'), acknowledges('a')]).toEqual([false, true])
})

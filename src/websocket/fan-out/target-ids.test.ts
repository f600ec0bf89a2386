import { describe, expect, test } from 'vitest'
import { DeliveryTracker } from './delivery-tracker.ts'
import { sightingOf, TargetIds } from './target-ids.ts'

function run(clients = 2) {
  const ledger = new DeliveryTracker({ clients, lateThresholdMs: 100, underWayMs: 100 })
  for (let client = 0; client < clients; client++) ledger.join(client, ledger.group(undefined))
  const ids = new TargetIds(ledger)
  let sequence = 0
  const publish = (group?: string) => {
    sequence++
    return ledger.publish({ id: `own-${sequence}`, sequence, group, intendedUs: 0, second: 0 })
  }
  /** Returns one sighting for equal messages, as the identifier does. */
  const sightings = new Map<string, ReturnType<typeof sightingOf>>()
  const receive = (client: number, id: string, group?: string) => {
    const key = JSON.stringify([id, group])
    if (!sightings.has(key)) sightings.set(key, sightingOf({ id, ...(group === undefined ? {} : { group }) }))
    ids.receive(client, sightings.get(key)!, 1000)
  }
  const receiveEarly = (client: number, id: string) => ids.receiveEarly(client, sightingOf({ id }), 1000)
  return { ledger, ids, publish, receive, receiveEarly }
}

test.each<[unknown]>([['7'], [7], [7n], [{ id: 7 }], [{ id: '7', ok: true }]])(
  'finds the id of the target in the result %s of send',
  (response) => {
    const { ledger, ids, publish, receive } = run()
    const publication = publish()
    receive(0, '7')
    ids.settled(publication, response)
    receive(1, '7')
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 2, unexpected: 0 })
  },
)

test.each<[unknown]>([[undefined], [null], [''], [Number.NaN], [{ status: 200 }]])(
  'finds no id in the result %s of send',
  (response) => {
    const { ledger, ids, publish, receive } = run()
    const publication = publish()
    receive(0, '7')
    expect(ledger.counts(0).unexpected).toBe(0)
    ids.settled(publication, response)
    expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
  },
)

test('stores messages until all publications sent before them have a response, in any order', () => {
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

test('reports an id of several publications of a group, without missing or unexpected deliveries', () => {
  const { ledger, ids, publish, receive } = run()
  ids.settled(publish(), 3)
  ids.settled(publish(), 3)
  receive(0, '3')
  expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 0 })
  expect(ids.ambiguous).toEqual({ count: 1, sample: '3' })
})

test('reports an id that a publication gets after messages of another one with this id', () => {
  const { ids, publish, receive } = run()
  ids.settled(publish(), 3)
  receive(0, '3')
  expect(ids.ambiguous).toBeUndefined()
  ids.settled(publish(), 3)
  expect(ids.ambiguous).toEqual({ count: 1, sample: '3' })
})

test('ignores an id of all publications that occurs in no message', () => {
  const { ledger, ids, publish, receive } = run()
  for (const own of ['own-1', 'own-2']) {
    ids.settled(publish(), 'created')
    for (const client of [0, 1]) receive(client, own)
  }
  expect(ids.ambiguous).toBeUndefined()
  expect(ledger.counts(0)).toMatchObject({ expected: 4, received: 4 })
})

describe('ids that are unique only within a group', () => {
  /** Client 0 is in a, client 1 in b, client 2 in both. */
  function inGroups() {
    const all = run(3)
    const [a, b] = [all.ledger.group('a'), all.ledger.group('b')]
    for (const client of [0, 2]) all.ledger.join(client, a)
    for (const client of [1, 2]) all.ledger.join(client, b)
    return { ...all, a: all.publish('a'), b: all.publish('b') }
  }

  test.each([undefined, 'named'])('are distinguished by the group of the client or by the one named: %s', (named) => {
    const { ledger, ids, a, b, receive } = inGroups()
    const [inA, inB] = named === undefined ? [] : ['a', 'b']
    // Messages of b arrive before its id is known.
    receive(0, '7', inA)
    receive(1, '7', inB)
    ids.settled(a, 7)
    receive(1, '7', inB)
    ids.settled(b, 7)
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 2, unexpected: 0 })
    // The second may belong to a.
    expect(ledger.counts(0).duplicate).toBe(1)
    expect(ids.ambiguous).toEqual(named === undefined ? { count: 1, sample: '7' } : undefined)
  })

  test('of a client in both groups are distinguished only by the group named', () => {
    const { ledger, ids, a, b, receive } = inGroups()
    ids.settled(a, 7)
    ids.settled(b, 7)
    for (const group of ['a', 'b']) receive(2, '7', group)
    expect(ledger.counts(0)).toMatchObject({ received: 2, duplicate: 0 })
    expect(ids.ambiguous).toBeUndefined()
    receive(2, '7')
    expect(ids.ambiguous).toEqual({ count: 1, sample: '7' })
  })

  test('of a group that the client is not in are unexpected, if the group is named', () => {
    const { ledger, ids, a, b, receive } = inGroups()
    ids.settled(a, 7)
    ids.settled(b, 7)
    receive(0, '7', 'b')
    expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
    expect(ledger.certainUnexpected).toBe(1)
    expect(ledger.unexpectedSample).toBe('client 0 received publication #2 of group "b", and is not in it')
    expect(ids.ambiguous).toBeUndefined()
  })

  test('of the run are unexpected with the name of another group, also for clients in both', () => {
    const { ledger, a, receive } = inGroups()
    receive(0, a.id, 'b')
    receive(2, a.id, 'b')
    expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 2, missing: 4 })
    expect(ledger.certainUnexpected).toBe(2)
    expect(ledger.unexpectedSample).toBe('client 0 received publication #1 of group "a" with the group "b"')
    receive(0, a.id, 'a')
    expect(ledger.counts(0)).toMatchObject({ received: 1, unexpected: 2 })
  })

  test('that the target gave are unexpected with the name of another group, once no publication of it can get them', () => {
    const { ledger, ids, a, b, receive } = inGroups()
    ids.settled(a, 7)
    receive(0, '7', 'b')
    expect(ledger.counts(0).unexpected).toBe(0)
    ids.settled(b, 8)
    expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
    expect(ledger.certainUnexpected).toBe(0)
  })

  test('of one group, at a client of another, are unexpected once no other publication can get the id', () => {
    const { ledger, ids, a, b, receive } = inGroups()
    ids.settled(a, 7)
    receive(1, '7')
    expect(ledger.counts(0).unexpected).toBe(0)
    ids.settled(b, 8)
    expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
    // If the send of b had failed, the message could belong to it.
    expect(ledger.certainUnexpected).toBe(0)
    receive(1, a.id)
    expect(ledger.counts(0).unexpected).toBe(2)
    expect(ledger.certainUnexpected).toBe(1)
  })

  test('may have belonged to another group before the run', () => {
    const { ledger, ids, receive } = run(2)
    const [a, b] = [ledger.group('a'), ledger.group('b')]
    ledger.join(0, a)
    ledger.join(1, b)
    // The history of a, sent before publishing begins and again during it.
    receive(0, '7')
    const publication = ledger.publish({ id: 'own', sequence: 1, group: 'b', intendedUs: 0, second: 0 })
    receive(0, '7')
    receive(1, '7')
    ids.settled(publication, 7)
    receive(0, '7')
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 1, missing: 0, unexpected: 0, duplicate: 0 })
    expect(ids.ambiguous).toBeUndefined()
  })

  test('are found for any name that the target uses for the group', () => {
    const { ledger, ids, a, b, receive } = inGroups()
    ids.settled(a, 7)
    ids.settled(b, 7)
    receive(0, '7', 'topic-of-a')
    expect(ledger.counts(0)).toMatchObject({ received: 1, unexpected: 0 })
  })
})

describe('names of groups that the run does not have', () => {
  function inGroups() {
    const { ledger, ids, receive } = run(2)
    for (const [client, name] of ['a', 'b'].entries()) ledger.join(client, ledger.group(name))
    let sequence = 0
    const publish = (group: string) => {
      sequence++
      return ledger.publish({ id: `own-${sequence}`, sequence, group, intendedUs: 0, second: 0 })
    }
    return { ledger, ids, publish, receive }
  }

  test('are the names of the target for groups, if there is one for each', () => {
    const { ledger, ids, publish, receive } = inGroups()
    for (let nth = 0; nth < 3; nth++) {
      receive(0, publish('a').id, 'topic-of-a')
      receive(1, publish('b').id, 'topic-of-b')
    }
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 6, unexpected: 0 })
    expect(ids.foreignLabels).toBeUndefined()
  })

  test('are unexpected once a message names a group as the run does', () => {
    const { ledger, ids, publish, receive } = inGroups()
    receive(0, publish('a').id, 'a')
    receive(1, publish('b').id, 'nobody')
    receive(1, publish('b').id, 'b')
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 2, missing: 1, unexpected: 1 })
    expect(ledger.certainUnexpected).toBe(1)
    expect(ledger.mislabelled).toBe(1)
    expect(ledger.unexpectedSample).toBe(
      'client 1 received publication #2 of group "b" with the group "nobody", which the run does not have',
    )
    expect(ids.foreignLabels).toBeUndefined()
  })

  test('are unexpected also if they arrived before that', () => {
    const { ledger, ids, publish, receive } = inGroups()
    receive(1, publish('b').id, 'nobody')
    receive(1, publish('b').id, 'nobody')
    receive(0, publish('a').id, 'a')
    expect(ledger.counts(0).unexpected).toBe(0)
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 3, unexpected: 2 })
    expect(ledger.unexpectedSample).toMatch(/^client 1 .* with the group "nobody", which the run does not have$/)
  })

  test('are unexpected with ids of the target', () => {
    const { ledger, ids, publish, receive } = inGroups()
    ids.settled(publish('a'), 7)
    ids.settled(publish('b'), 8)
    receive(0, '7', 'a')
    receive(1, '8', 'nobody')
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: 1, missing: 1, unexpected: 1 })
  })

  test.each([
    ['one name for two groups', ['all', 'all'], 'publication #2 of group "b" named "all", as did one of "a"', 1],
    [
      'two names for a group',
      ['x', 'y', 'z', 'y'],
      'publication #3 of group "a" named "z", and another one named "x"',
      1,
    ],
  ])('cannot be matched to the groups: %s', (_, names, sample, count) => {
    const { ledger, ids, publish, receive } = inGroups()
    for (const [at, name] of names.entries()) receive(at % 2, publish(at % 2 === 0 ? 'a' : 'b').id, name)
    ids.close()
    expect(ledger.counts(0)).toMatchObject({ received: names.length, unexpected: 0 })
    expect(ids.foreignLabels).toEqual({ count, sample })
  })
})

test('ignores messages from before the run that the target sends to every client that joins', () => {
  const { ledger, ids, publish, receive } = run()
  receive(0, 'old')
  ids.settled(publish(), undefined)
  receive(1, 'old')
  receive(1, 'new')
  expect(ledger.counts(0)).toMatchObject({ received: 0, unexpected: 1 })
})

test('finds a hundred ids that resolve late and in reverse order', () => {
  const { ledger, ids, publish, receive } = run()
  const publications = Array.from({ length: 100 }, () => publish())
  for (const client of [0, 1]) for (const at of publications.keys()) receive(client, `given-${at}`)
  for (const [at, publication] of [...publications.entries()].toReversed()) ids.settled(publication, `given-${at}`)
  expect(ledger.counts(0)).toMatchObject({ expected: 200, received: 200, missing: 0, unexpected: 0, duplicate: 0 })
  expect(ids.overflowed).toBe(0)
})

test('stores a replay before the acknowledgement until its id is known, and ignores it if it has none', () => {
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

test('counts deliveries beyond the limit of stored ones, none of them as unexpected', () => {
  const { ledger, ids, publish, receive } = run()
  const publication = publish()
  for (let nth = 0; nth < 1_000_002; nth++) receive(0, '7')
  expect(ids.overflowed).toBe(2)
  ids.settled(publication, 7)
  expect(ledger.counts(0)).toMatchObject({ received: 1, duplicate: 999_999, unexpected: 0 })
})

test('does not count an unknown id as unexpected if more ids from before the run arrived than are remembered', () => {
  const { ledger, ids, publish, receive } = run()
  for (let nth = 0; nth < 10_001; nth++) receive(0, `old-${nth}`)
  ids.settled(publish(), undefined)
  receive(1, 'old-10000')
  receive(1, 'old-9999')
  expect(ids.overflowed).toBe(1)
  expect(ledger.counts(0).unexpected).toBe(0)
})

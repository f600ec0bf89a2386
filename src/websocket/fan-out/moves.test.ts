import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Message, request } from '../message.ts'
import { nowUs } from '../sockets/clock.ts'
import { DeliveryTracker } from './delivery-tracker.ts'
import { Moves, type MovesOptions } from './moves.ts'
import type { PlannedMove } from './read-moves.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const JOIN_DELAY_MS = 500
const ACKNOWLEDGE_TIMEOUT_MS = 5000
const isOk = (message: Message) => message.toString() === 'ok'
const ok = new Message(Buffer.from('ok'), false)

/** Client 0 is in room b and moves to room a after a second; client 1 is in both. */
function moving(move: Partial<PlannedMove>, more: Partial<MovesOptions> = {}) {
  const ledger = new DeliveryTracker({ clients: 2, lateThresholdMs: 1000, underWayMs: JOIN_DELAY_MS })
  const [a, b] = [ledger.group('a'), ledger.group('b')]
  ledger.join(0, b)
  for (const room of [a, b]) ledger.join(1, room)
  const sent: unknown[] = []
  const moves = new Moves({
    planned: [{ client: 0, atMs: 1000, join: ['a'], leave: ['b'], send: ['move'], acknowledged: isOk, ...move }],
    ledger,
    acknowledged: undefined,
    joinDelayMs: JOIN_DELAY_MS,
    subscribeTimeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
    lingerMs: 0,
    isSubscribed: () => true,
    wasSubscribed: () => true,
    send: (client, message) => void sent.push([client, message]),
    onMove() {},
    describe: (_, message) => message.toString(),
    mask: (client, text) => `${text} of ${client}`,
    ...more,
  })
  const startUs = nowUs()
  moves.start(startUs)
  let sequence = 0
  /** Publishes to a room. @returns the clients that expect it, and whether the delivery to client 0 is optional */
  const publish = (group: 'a' | 'b') => {
    const due = { id: String(++sequence), sequence, group, intendedUs: nowUs(), second: 0 }
    const publication = ledger.publish(due)
    return { expected: [...publication.expected], mayReach: publication.mayReach(0) }
  }
  /** Publishes to the room that client 0 leaves, and delivers it to that client. @returns the counts after that */
  const leak = () => {
    publish('b')
    ledger.receive(0, ledger.publications.at(-1)!, undefined, nowUs())
    return { unexpected: ledger.counts(0).unexpected, certain: ledger.certainUnexpected }
  }
  return { moves, sent, publish, leak, ledger }
}

const OLD = { a: { expected: [1], mayReach: false }, b: { expected: [0, 1], mayReach: true } }
const BETWEEN = { expected: [1], mayReach: true }
const NEW = { a: { expected: [0, 1], mayReach: true }, b: { expected: [1], mayReach: false } }

function both(publish: ReturnType<typeof moving>['publish']) {
  return { a: publish('a'), b: publish('b') }
}

test('expects the old room until a client moves, and the new one once the move is acknowledged', () => {
  const { moves, sent, publish } = moving({})
  vi.advanceTimersByTime(999)
  expect(both(publish)).toEqual(OLD)
  vi.advanceTimersByTime(41)
  expect(sent).toEqual([[0, 'move']])
  expect(both(publish)).toEqual({ a: BETWEEN, b: BETWEEN })
  expect(moves.isMoving(0)).toBe(true)
  expect(moves.heard(0, new Message(Buffer.from('price'), false))).toBe(false)
  expect(both(publish)).toEqual({ a: BETWEEN, b: BETWEEN })
  expect(moves.heard(0, ok)).toBe(true)
  expect(both(publish)).toEqual(NEW)
  expect(moves.isMoving(0)).toBe(false)
  expect(moves).toMatchObject({ made: 1, unacknowledged: 0 })
  moves.stop()
})

test('presumes a move done after joinDelay if no function acknowledges it', () => {
  const { moves, publish } = moving({ acknowledged: undefined })
  vi.advanceTimersByTime(1000 + JOIN_DELAY_MS - 20)
  expect(both(publish)).toEqual({ a: BETWEEN, b: BETWEEN })
  vi.advanceTimersByTime(60)
  expect(both(publish)).toEqual(NEW)
  expect(moves.unacknowledged).toBe(0)
  moves.stop()
})

test('counts a move without an acknowledgement in time, and presumes it done', () => {
  const { moves, publish } = moving({})
  vi.advanceTimersByTime(1000 + ACKNOWLEDGE_TIMEOUT_MS - 20)
  expect(both(publish)).toEqual({ a: BETWEEN, b: BETWEEN })
  vi.advanceTimersByTime(60)
  expect(both(publish)).toEqual(NEW)
  expect(moves.unacknowledged).toBe(1)
  moves.stop()
})

test('moves a client without a connection by the subscription of its next one', () => {
  const { moves, sent, publish } = moving({}, { isSubscribed: () => false })
  vi.advanceTimersByTime(1000 + 2 * ACKNOWLEDGE_TIMEOUT_MS)
  expect(sent).toEqual([])
  expect(both(publish)).toEqual({ a: BETWEEN, b: BETWEEN })
  moves.resubscribed(0)
  expect(both(publish)).toEqual(NEW)
  moves.stop()
})

test('counts deliveries of the old room as certainly unexpected if the target acknowledged that the client left', () => {
  const { moves, leak } = moving({})
  vi.advanceTimersByTime(1040)
  expect(leak()).toEqual({ unexpected: 0, certain: 0 })
  moves.heard(0, ok)
  expect(leak()).toEqual({ unexpected: 1, certain: 1 })
  moves.stop()
})

test.each<[string, Partial<PlannedMove>, Partial<MovesOptions>]>([
  ['after joinDelay', { acknowledged: undefined }, {}],
  ['after its time-out', {}, {}],
  ['with its next connection', {}, { isSubscribed: () => false }],
])('does not count them as certain if the client is presumed to have left %s', (_, move, more) => {
  const { moves, leak } = moving(move, more)
  vi.advanceTimersByTime(1100 + ACKNOWLEDGE_TIMEOUT_MS)
  moves.resubscribed(0)
  expect(leak()).toEqual({ unexpected: 1, certain: 0 })
  moves.stop()
})

test('does not move a client that was never subscribed', () => {
  const { moves, sent, publish } = moving({}, { wasSubscribed: () => false })
  vi.advanceTimersByTime(2000)
  expect(sent).toEqual([])
  expect(both(publish)).toEqual(OLD)
  expect(moves.made).toBe(0)
  moves.stop()
})

test.each([
  ['is still awaited', {}, {}, 1],
  ['was to come with a new connection', { acknowledged: undefined }, { isSubscribed: () => false }, 1],
  ['is assumed', { acknowledged: undefined }, {}, 0],
])('counts a move at the end of the run if its acknowledgement %s', (_, move, more, unacknowledged) => {
  const { moves } = moving(move, more)
  vi.advanceTimersByTime(1100)
  moves.close()
  expect(moves.unacknowledged).toBe(unacknowledged)
  expect(moves.openSpans.map(({ group }) => group)).toEqual(unacknowledged === 0 ? [] : ['a', 'b'])
  moves.stop()
})

test('does not accept the name of another group as the acknowledgement of a move', () => {
  const { moves } = moving({ acknowledged: (message) => message.toString() as never })
  vi.advanceTimersByTime(1100)
  expect(moves.heard(0, new Message(Buffer.from('c'), false))).toBe(false)
  expect(moves.heard(0, new Message(Buffer.from('a'), false))).toBe(true)
  expect(moves.isMoving(0)).toBe(true)
  expect(moves.heard(0, new Message(Buffer.from('b'), false))).toBe(true)
  expect(moves.isMoving(0)).toBe(false)
  moves.stop()
})

test.each([
  ['is still pending', undefined, BETWEEN],
  ['resolved just before', 900, BETWEEN],
  ['resolved long before', 200, { expected: [0, 1], mayReach: true }],
])('a publication that was due long before a client left, and whose send %s', (_, respondedMs, due) => {
  const ledger = new DeliveryTracker({ clients: 2, lateThresholdMs: 1000, underWayMs: JOIN_DELAY_MS })
  const room = ledger.group('b')
  for (const client of [0, 1]) ledger.join(client, room)
  const publish = (sequence: number) =>
    ledger.publish({ id: String(sequence), sequence, group: 'b', intendedUs: 0, second: 0 })
  const [publication, next] = [publish(1), publish(2)]
  Object.assign(publication, { sentUs: 0, ...(respondedMs !== undefined && { respondedUs: respondedMs * 1000 }) })
  Object.assign(next, { sentUs: 0, respondedUs: 1000 })
  ledger.beginMove(0, room, 1_000_000)
  expect({ expected: [...publication.expected], mayReach: publication.mayReach(0) }).toEqual(due)
  expect([...next.expected]).toEqual([0, 1])
})

describe('several moves of one client', () => {
  const joinA = {
    atMs: 1000,
    join: ['a'],
    leave: [],
    send: ['join'],
    acknowledged: (m: Message) => m.toString() === 'in',
  }
  const leaveA = {
    atMs: 1600,
    join: [],
    leave: ['a'],
    send: ['leave'],
    acknowledged: (m: Message) => m.toString() === 'out',
  }
  const say = (moves: Moves, text: string) => moves.heard(0, new Message(Buffer.from(text), false))
  /** Joins room a and leaves it. @param lingerMs as in a feed */
  const visit = (lingerMs: number, more: Partial<PlannedMove> = {}) =>
    moving(
      {},
      {
        planned: [
          { client: 0, ...joinA },
          { client: 0, ...leaveA, ...more },
        ],
        lingerMs,
      },
    )
  const IN = { expected: [0, 1], mayReach: true }
  const OUT = { expected: [1], mayReach: false }

  test.each([0, 1000])('does not put a client into a room again that it left, with %d ms of lingering', (lingerMs) => {
    const { moves, publish } = visit(lingerMs)
    vi.advanceTimersByTime(1040)
    say(moves, 'in')
    expect(publish('a')).toEqual(lingerMs === 0 ? IN : BETWEEN)
    vi.advanceTimersByTime(600)
    expect(publish('a')).toEqual(BETWEEN)
    say(moves, 'out')
    expect(publish('a')).toEqual(OUT)
    vi.advanceTimersByTime(2000)
    expect(publish('a')).toEqual(OUT)
    moves.stop()
  })

  test('does not put a client into a room while its leaving is not acknowledged', () => {
    const { moves, publish } = visit(1000)
    vi.advanceTimersByTime(1040)
    say(moves, 'in')
    vi.advanceTimersByTime(2000)
    expect(publish('a')).toEqual(BETWEEN)
    moves.stop()
  })

  test.each([
    ['after', ['in', 'out']],
    ['before', ['out', 'in']],
  ])('judges by the later move if it is acknowledged %s the earlier one', (_, texts) => {
    for (const lingerMs of [0, 1000]) {
      const { moves, publish } = visit(lingerMs)
      vi.advanceTimersByTime(1640)
      for (const text of texts) if (moves.isMoving(0)) say(moves, text)
      vi.advanceTimersByTime(2000)
      expect(publish('a')).toEqual(OUT)
      expect(moves.unacknowledged).toBe(0)
      moves.stop()
    }
  })

  test('judges by the later move if the earlier one is never acknowledged', () => {
    const { moves, publish } = visit(0)
    vi.advanceTimersByTime(1000 + ACKNOWLEDGE_TIMEOUT_MS + 40)
    expect(publish('a')).toEqual(BETWEEN)
    expect(moves.unacknowledged).toBe(1)
    moves.stop()
  })
})

describe('a move that the target rejects', () => {
  const [leaving, joining] = [request({ leave: 'b' }), request({ join: 'a' })]
  const reply = (responseTo: object, failure?: string) =>
    new Message(Buffer.from('ok'), false, { responseTo: responseTo as never, failure })
  const send = [leaving, joining]

  test.each<[string, Partial<PlannedMove>]>([
    ['any reply', { acknowledged: isOk }],
    ['nothing', { acknowledged: undefined }],
  ])('is done at once, with its deliveries due, if %s acknowledges it', (_, more) => {
    const { moves, publish } = moving({ send: [joining], ...more })
    vi.advanceTimersByTime(1040)
    expect(moves.heard(0, reply(joining, 'full'))).toBe(true)
    expect(both(publish)).toEqual(NEW)
    expect(moves.isMoving(0)).toBe(false)
    expect(moves).toMatchObject({ unacknowledged: 0, rejected: { count: 1, sample: 'client 0 joins "a": full of 0' } })
    expect(moves.joins).toMatchObject([{ client: 0, group: 'a', rejection: 'full of 0' }])
    moves.stop()
  })

  test('waits for the replies to its other messages', () => {
    const { moves, publish } = moving({ send, acknowledged: undefined })
    vi.advanceTimersByTime(1040)
    moves.heard(0, reply(joining, 'full'))
    expect(both(publish)).toEqual({ a: BETWEEN, b: BETWEEN })
    moves.heard(0, reply(leaving, 'also full'))
    expect(both(publish)).toEqual(NEW)
    expect(moves.rejected).toMatchObject({ count: 1 })
    moves.stop()
  })

  test('is one that leaves, if it only leaves', () => {
    const { moves } = moving({ send: [leaving], join: [] })
    vi.advanceTimersByTime(1040)
    moves.heard(0, reply(leaving, 'no'))
    expect(moves.rejected).toEqual({ count: 1, sample: 'client 0 leaves "b": no of 0' })
    expect(moves.joins).toEqual([])
    moves.stop()
  })

  test('is rejected only by a failure of its own messages', () => {
    const { moves, publish } = moving({ send: [joining] })
    vi.advanceTimersByTime(1040)
    expect(moves.heard(0, reply(request({ join: 'a' }), 'full'))).toBe(true)
    expect(both(publish)).toEqual(NEW)
    expect(moves.rejected).toBeUndefined()
    moves.stop()
  })
})

test('keeps the first response to a join', () => {
  const { moves } = moving({})
  vi.advanceTimersByTime(1040)
  moves.heardOther(0, new Message(Buffer.from('full'), false))
  moves.heardOther(0, new Message(Buffer.from('still full'), false))
  moves.heard(0, ok)
  expect(moves.joins).toMatchObject([{ client: 0, group: 'a', response: 'full', rejection: undefined }])
  moves.stop()
})

describe('a move that changes nothing', () => {
  test.each([
    ['acknowledged', isOk],
    ['not acknowledged', undefined],
  ])('leaves the deliveries of a room unexpected that the client is not in, %s', (_, acknowledged) => {
    const planned = [{ client: 0, atMs: 1000, join: [], leave: ['a'], send: ['leave'], acknowledged }]
    const { moves, publish, ledger } = moving({}, { planned })
    const leak = () => ledger.receive(0, (publish('a'), ledger.publications.at(-1)!), undefined, nowUs())
    vi.advanceTimersByTime(1040)
    leak()
    expect(ledger.counts(0)).toMatchObject({ unexpected: 1, optional: 0 })
    vi.advanceTimersByTime(1000)
    if (moves.isMoving(0)) moves.heard(0, ok)
    leak()
    expect([ledger.counts(0).unexpected, ledger.certainUnexpected]).toEqual([2, 2])
    moves.stop()
  })

  test('keeps the deliveries of a room expected that the client is in and joins again', () => {
    const planned = [{ client: 0, atMs: 1000, join: ['b'], leave: [], send: ['join'], acknowledged: isOk }]
    const { moves, publish } = moving({}, { planned })
    vi.advanceTimersByTime(1040)
    expect(publish('b')).toEqual(OLD.b)
    vi.advanceTimersByTime(ACKNOWLEDGE_TIMEOUT_MS)
    expect(publish('b')).toEqual(OLD.b)
    expect(moves).toMatchObject({ unacknowledged: 1, openSpans: [] })
    moves.stop()
  })
})

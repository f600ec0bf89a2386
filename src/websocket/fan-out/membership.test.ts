import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { evidenceOf } from '../../evidence/evidence.ts'
import { load, start } from '../../testing/truth-websocket.ts'
import type { Message } from '../message.ts'
import { delimited } from '../protocols/delimited.ts'
import type { FanOutOptions, Move, PublicationToSend } from './fan-out-options.ts'

interface Truth {
  readonly sent: number
  readonly firsts: number
  readonly dropped: number
  readonly duplicates: number
  readonly leaks: number
  readonly replayed: number
  readonly closed: number
  readonly subscriptions: readonly { readonly client: number; readonly rooms: readonly string[] }[]
}

/** Unequal rooms; two of ten clients are in both of the large ones. */
function roomsOf(id: number): string[] {
  const place = id % 10
  return [...(place < 7 ? ['a'] : []), ...(place >= 5 ? ['b'] : []), ...(id % 50 === 3 ? ['c'] : [])]
}

/** Some clients join the small room with a delay, and leave the large one later. */
function movesOf(id: number): Move[] {
  if (id % 25 !== 1) return []
  return [
    { time: '36%', join: 'c', send: { type: 'join', client: id, rooms: ['c'] } },
    { time: '50%', leave: 'a', send: { type: 'leave', client: id, rooms: ['a'] }, isDone: hasLeft },
  ]
}

interface Line {
  readonly type: string
  readonly id: string
  readonly sequence: number
  readonly room: string
}

function linesOf(message: Message): Line[] {
  return message
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

function hasLeft(message: Message): boolean {
  return linesOf(message).some(({ type }) => type === 'left')
}

function scenario(publications: number, rate: number): Omit<FanOutOptions, 'connections' | 'publish'> {
  return {
    path: '/',
    duration: (publications / rate) * 1000,
    lateThreshold: '4s',
    drainDuration: '5s',
    reconnect: 200,
    group: ({ id }) => roomsOf(id),
    moves: ({ id }) => movesOf(id),
    subscribe: ({ id }, rooms) => ({ type: 'subscribe', client: id, rooms, isMover: movesOf(id).length > 0 }),
    isSubscribed: (message) => linesOf(message).flatMap(({ type, room }) => (type === 'joined' ? [room] : [])),
    identify: (message) => linesOf(message).map(({ type, id }) => (type === 'price' ? { id } : 'other')),
  }
}

/** Publishers that race each other: each publication waits for another time before the target gets it. */
async function race({ sequence }: PublicationToSend): Promise<void> {
  await setTimeout([90, 0, 45][sequence % 3])
}

describe('rooms that are joined and left, leaks, batches, replays and late joins', () => {
  test.each([
    { clients: 50, processes: 1, rate: 15, framing: undefined },
    { clients: 50, processes: 2, rate: 15, framing: delimited() },
    { clients: 5000, processes: 1, rate: 5, framing: undefined },
    { clients: 50, processes: 1, rate: 15, framing: undefined, perMessageDeflate: true },
  ])(
    'are accounted for to the message: $clients clients, $processes processes',
    async ({ clients, processes, rate, framing, perMessageDeflate = false }) => {
      const publications = 30
      const server = await start('membership', String(publications))
      const run = await load(server).fanOut({
        ...scenario(publications, rate),
        ...(framing && { framing }),
        connections: clients,
        processes,
        perMessageDeflate,
        publish: { rate, send: ({ id, sequence, group }) => server.publish({ id, sequence, room: group }) },
      })

      const truth = await server.truth<Truth>()
      const { deliveries } = run
      expect(run.invalidities).toEqual([])
      expect(truth).toMatchObject({ leaks: expect.any(Number), closed: clients / 10 })
      expect(truth.replayed).toBeGreaterThan(0)
      expect(deliveries).toMatchObject({
        missing: truth.dropped,
        duplicate: truth.duplicates,
        unexpected: truth.leaks,
        unidentified: 0,
      })
      expect(deliveries.received + deliveries.optional).toBe(truth.firsts)
      expect(deliveries.received + deliveries.optional + deliveries.duplicate + deliveries.unexpected).toBe(truth.sent)
      expect(deliveries.expected).toBe(deliveries.received + truth.dropped)
      // A client that moved expects the large room until it left, and the small one from then on.
      expect(deliveries.optional).toBeLessThan(((clients / 25) * publications) / 2)
      expect(run.sockets).toMatchObject({ closed: clients / 10, reconnected: clients / 10 })
      // On a new connection a client subscribes to its current groups.
      const again = truth.subscriptions.slice(clients)
      expect(again).toHaveLength(clients / 10)
      for (const { client, rooms } of again) expect(rooms).toEqual(roomsOf(client))
      expect(run[evidenceOf]().evidenceLines.join('\n')).toMatch(
        /unexpected: client \d+ received publication #\d+ of group "[abc]", and is not in it/,
      )
      expect(run[evidenceOf]().evidenceLines.join('\n')).not.toContain('declined permessage-deflate')
      const { recoveries } = run[evidenceOf]()
      // A delivery that was dropped before is missing in the recovery too.
      expect(recoveries.lost).toBe(clients / 10)
      expect(recoveries.tookMs.length + recoveries.unfinishedMs.length).toBe(recoveries.lost)
      expect(recoveries.tookMs[0]).toBeGreaterThanOrEqual(200)
    },
    120_000,
  )

  test('are accounted for with ids and sequences of the target, and publishers that race each other', async () => {
    const [publications, rate, clients] = [30, 15, 50]
    const server = await start('membership', String(publications), 'own')
    const run = await load(server).fanOut({
      ...scenario(publications, rate),
      connections: clients,
      identify: (message) =>
        linesOf(message).map(({ type, id, sequence }) => (type === 'price' ? { id, sequence } : 'other')),
      publish: {
        rate,
        send: async (publication) => {
          await race(publication)
          const { id, sequence, group } = publication
          return server.publish({ id, sequence, room: group })
        },
      },
    })

    const truth = await server.truth<Truth>()
    const { deliveries } = run
    expect(run.invalidities).toEqual([])
    expect(truth.replayed).toBeGreaterThan(0)
    expect(deliveries).toMatchObject({
      missing: truth.dropped,
      duplicate: truth.duplicates,
      unexpected: truth.leaks,
      unidentified: 0,
      outOfOrder: 0,
    })
    expect(deliveries.received + deliveries.optional).toBe(truth.firsts)
    expect(deliveries.expected).toBe(deliveries.received + truth.dropped)
  }, 120_000)
})

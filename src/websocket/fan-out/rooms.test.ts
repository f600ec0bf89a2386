import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import { load } from '../../testing/truth-websocket.ts'
import type { FanOutOptions } from './fan-out-options.ts'
import '../../matchers/register.ts'

interface Client {
  readonly socket: WebSocket
  room: string | undefined
}

/** Behaviour of a server in which it differs from the default one. */
interface Behaviour {
  /** Called when a client requests another room. */
  readonly move?: (client: Client, room: string, acknowledge: () => void) => void
  /** Called to send a publication. @returns the id that the server assigns, if any */
  readonly publish?: (clients: readonly Client[], room: string, id: string) => unknown
}

const price = (id: unknown, room?: string) => JSON.stringify({ type: 'price', id, room })

/** A server whose clients are in the room that they requested last. */
async function rooms({ move, publish }: Behaviour) {
  const clients: Client[] = []
  const http = createServer()
  new WebSocketServer({ server: http }).on('connection', (socket) => {
    const client: Client = { socket, room: undefined }
    clients.push(client)
    const acknowledge = () => socket.send(JSON.stringify({ type: 'subscribed' }))
    socket.on('message', (data: Buffer) => {
      const { room } = JSON.parse(data.toString()) as { room: string }
      if (client.room !== undefined && move !== undefined) return move(client, room, acknowledge)
      client.room = room
      acknowledge()
    })
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    publish(room: string, id: string): unknown {
      if (publish !== undefined) return publish(clients, room, id)
      for (const client of clients) if (client.room === room) client.socket.send(price(id))
      return undefined
    },
  }
}

const roomOf = (id: number) => `room ${id % 2}`

/** Four clients in two rooms. */
async function fanOut(behaviour: Behaviour, options: Partial<FanOutOptions> = {}): Promise<FanOutRun> {
  const server = await rooms(behaviour)
  return load(server).fanOut({
    path: '/',
    connections: 4,
    group: ({ id }) => roomOf(id),
    subscribe: (_vu, [room]) => ({ room: room! }),
    isSubscribed: (message) => message.json<{ type: string }>().type === 'subscribed',
    publish: { rate: 100, send: ({ group, id }) => server.publish(group!, id) },
    identify(message) {
      const { type, id } = message.json<{ type: string; id: string }>()
      return type === 'price' ? { id } : 'other'
    },
    duration: '500ms',
    lateThreshold: '400ms',
    ...options,
  })
}

function moveAt20(movers: number): Partial<FanOutOptions> {
  return {
    moves: ({ id }) =>
      id < movers
        ? [{ time: '20%', join: roomOf(id + 1), leave: roomOf(id), send: { type: 'subscribe', room: roomOf(id + 1) } }]
        : [],
  }
}

test.each([1, 4])('is invalid if the server ignores the moves of %i of 4 clients until the end', async (movers) => {
  const run = await fanOut({ move() {} }, { ...moveAt20(movers), subscribeTimeout: 1200 })
  expect(run.invalidities).toMatchObject([
    {
      reason: 'undecided',
      finding: expect.stringMatching(
        new RegExp(
          `^${movers} of ${movers} moves were not acknowledged within .*, or by a new connection: \\d+ of \\d+ deliveries`,
        ),
      ),
    },
  ])
  expect(() => expect(run).toHaveMissingRateBelow(0.9)).toThrow(/INVALID|invalid|cannot be judged/i)
})

test('does not make moves that are due after the end of the run, and notes their number', async () => {
  let calls = 0
  const moves: FanOutOptions['moves'] = ({ id }) => [{ time: '700ms', leave: roomOf(id), send: { room: 'none' } }]
  const run = await fanOut({ move: () => void calls++ }, { moves })
  expect(calls).toBe(0)
  expect(run[evidenceOf]().evidenceLines).toContain('4 moves were due after the end of the run and were not made')
})

test('rejects a move after 100% of the run, before any socket is opened', async () => {
  const moves: FanOutOptions['moves'] = ({ id }) => [{ time: '150%', leave: roomOf(id) }]
  await expect(fanOut({}, { moves })).rejects.toThrow("for VU 0: time must be at most '100%', received '150%'")
})

test('waits for acknowledgements after the last publication, even if all deliveries were received', async () => {
  const run = await fanOut(
    {
      move(client, room, acknowledge) {
        client.room = room
        setTimeout(acknowledge, 1500)
      },
    },
    { ...moveAt20(1), subscribeTimeout: '5s' },
  )
  expect(run.invalidities).toEqual([])
  expect(run.deliveries.optional).toBeGreaterThan(0)
})

test('is invalid if its clients are joining and leaving most of the time', async () => {
  const run = await fanOut(
    {
      move(client, room, acknowledge) {
        client.room = room
        setTimeout(acknowledge, 1500)
      },
    },
    moveAt20(4),
  )
  expect(run.invalidities).toMatchObject([
    { reason: 'undecided', finding: expect.stringMatching(/^clients were joining or leaving for most of the time/) },
  ])
})

test('is invalid if clients move without a connection and do not reconnect', async () => {
  const server = { gone: false }
  const run = await fanOut(
    {
      publish(clients, room, id) {
        if (!server.gone) for (const client of clients.slice(0, 2)) client.socket.terminate()
        server.gone = true
        for (const client of clients) if (client.room === room) client.socket.send(price(id))
      },
    },
    moveAt20(2),
  )
  expect(run.invalidities).toMatchObject([{ reason: 'undecided', finding: expect.stringMatching(/^2 of 2 moves/) }])
})

/** Delivers everything, and again to all clients after a pause. */
function redelivery(afterMs: number): Behaviour {
  let timer: NodeJS.Timeout | undefined
  return {
    publish(clients, room, id) {
      for (const client of clients) if (client.room === room) client.socket.send(price(id))
      clearTimeout(timer)
      timer = setTimeout(() => {
        for (const client of clients) client.socket.send(price(id))
      }, afterMs)
    },
  }
}

test('counts duplicates within drainDuration, even after all deliveries were received', async () => {
  const run = await fanOut(redelivery(1000), { drainDuration: '1500ms' })
  expect(run.deliveries).toMatchObject({ duplicate: 2, unexpected: 2, missing: 0 })
})

test('counts duplicates within lateThreshold without settle', async () => {
  const run = await fanOut(redelivery(700), { lateThreshold: '1s' })
  expect(run.deliveries).toMatchObject({ duplicate: 2, unexpected: 2, missing: 0 })
})

/** A server with one counter for each room, or for each pair of publications of a room. */
function counting(perId: number): Behaviour {
  const counters = new Map<string, number>()
  return {
    async publish(clients, room) {
      const count = (counters.get(room) ?? 0) + 1
      counters.set(room, count)
      const id = Math.ceil(count / perId)
      for (const client of clients) if (client.room === room) client.socket.send(price(id, room))
      await new Promise((resolve) => setTimeout(resolve, 20))
      return id
    },
  }
}

test.each([false, true])(
  'finds ids that the server counts for each room; identify names the room: %s',
  async (isNamed) => {
    const run = await fanOut(counting(1), {
      identify(message) {
        const { type, id, room } = message.json<{ type: string; id: number; room: string }>()
        if (type !== 'price') return 'other'
        return isNamed ? { id, group: room } : { id }
      },
    })
    expect(run.invalidities).toEqual([])
    expect(run.deliveries).toMatchObject({ expected: 100, received: 100, missing: 0, duplicate: 0, unexpected: 0 })
  },
)

test('is invalid if the server assigns the same id twice within a room', async () => {
  const run = await fanOut(counting(2))
  expect(run.invalidities).toMatchObject([
    {
      reason: 'undecided',
      finding: expect.stringMatching(/^ids are not unique: publish\.send resolved to the same id/),
    },
  ])
})

test.each<[string, unknown, string]>([
  [
    'a number',
    1,
    'isSubscribed: the function must return true, false, the name of a group or a list of names, it returned 1',
  ],
  ['a promise', Promise.resolve(true), 'it returned a Promise; it is called for each message and cannot wait'],
])('ends the run with an error if isSubscribed returns %s', async (_, returned, words) => {
  await expect(fanOut({}, { isSubscribed: () => returned as boolean })).rejects.toThrow(words)
})

test('ends the run with an error if isSubscribed names a group and the run has none', async () => {
  const withoutGroups = { isSubscribed: () => 'welcome', subscribe: () => ({ room: 'all' }), group: undefined }
  await expect(fanOut({}, withoutGroups as unknown as Partial<FanOutOptions>)).rejects.toThrow(
    'isSubscribed: the function must return true or false, as the run has no groups, it returned "welcome"',
  )
})

test('does not judge the order if all messages have the same sequence', async () => {
  const run = await fanOut(
    {},
    {
      identify(message) {
        const { type, id } = message.json<{ type: string; id: string }>()
        return type === 'price' ? { id, sequence: 1 } : 'other'
      },
    },
  )
  expect(run.invalidities).toEqual([])
  expect(() => expect(run).toDeliverInOrder()).toThrow(/deliveries have the same sequence as the previous one/)
})

test('notes why clients could not reconnect', async () => {
  const once = { isClosed: false }
  const run = await fanOut(
    {
      publish(clients, room, id) {
        if (!once.isClosed) clients[0]!.socket.close(1012)
        once.isClosed = true
        for (const client of clients.slice(0, 4)) if (client.room === room) client.socket.send(price(id))
      },
    },
    {
      reconnect: '50ms',
      isSubscribed: (message) => message.json<{ type: string }>().type === 'subscribed' && !once.isClosed,
      subscribeTimeout: 300,
      drainDuration: '400ms',
    },
  )
  expect(run.sockets).toMatchObject({ closed: 1, reconnected: 0 })
  expect(run[evidenceOf]().evidenceLines.join('\n')).toMatch(
    /clients that had lost their connection could not connect again: \d × not acknowledged/,
  )
})

test('counts a publication as failed if its response is not ok', async () => {
  const run = await fanOut(
    {},
    { publish: { rate: 100, send: () => new Response('', { status: 503 }) }, drainDuration: '400ms' },
  )
  expect(run.publications).toMatchObject({ count: 50, failed: 50 })
  expect(run[evidenceOf]().evidenceLines).toContain('50 of 50 publications failed to be sent: the response was 503')
  expect(run[evidenceOf]().hint).toBe(
    'find out why publish.send failed: most missing deliveries belong to its 50 failed publications',
  )
})

test('closes the connection of a client that receives text other than UTF-8, and names the reason', async () => {
  const run = await fanOut({
    publish(clients, room) {
      for (const { socket, room: own } of clients)
        if (own === room) socket.send(Buffer.from('Zürich', 'latin1'), { binary: false })
    },
  })
  expect(run.sockets).toMatchObject({ subscribed: 4, closed: 4 })
  expect(run[evidenceOf]().hint).toBe(
    'find out what the target sent before the socket of 4 clients had to be closed: most missing deliveries belong to them ' +
      '(closed by this client with code 1007 (invalid data), as the target broke the protocol: invalid UTF-8 sequence)',
  )
  expect(run[evidenceOf]().evidenceLines.join()).toContain('4 closed because the target broke the protocol')
})

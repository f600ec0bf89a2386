import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import { load } from '../../testing/truth-websocket.ts'
import type { Message } from '../message.ts'
import { phoenixChannels, phoenixJoin } from '../protocols/phoenix-channels.ts'
import type { FanOutOptions, Move } from './fan-out-options.ts'

type Frame = [string | null, string | null, string, string, unknown]

/** A server of rooms. Commands are frames of Phoenix channels, and lines of JSON from clients without a framing. */
async function startRooms(isRejected: (client: number, room: string) => boolean) {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  const members = new Map<string, Map<WebSocket, string | undefined>>()
  sockets.on('connection', (socket, request) => {
    const client = Number(new URL(request.url!, 'ws://localhost').searchParams.get('client'))
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame | { join: string }
      const room = Array.isArray(frame) ? frame[2] : frame.join
      const isNo = isRejected(client, room)
      if (!isNo) {
        const ofRoom = members.get(room) ?? new Map<WebSocket, string | undefined>()
        members.set(room, ofRoom.set(socket, Array.isArray(frame) ? frame[1]! : undefined))
      }
      if (!Array.isArray(frame))
        socket.send(JSON.stringify({ type: isNo ? 'error' : 'joined', room, ...(isNo && { reason: 'full' }) }))
      else {
        const payload = isNo ? { status: 'error', response: { reason: 'full' } } : { status: 'ok', response: {} }
        socket.send(JSON.stringify([frame[1], frame[1], room, 'phx_reply', payload]))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    server.close()
  })
  const publish = (room: string, id: string) => {
    for (const [socket, ref] of members.get(room) ?? []) {
      const payload = { type: 'price', id }
      socket.send(JSON.stringify(ref === undefined ? payload : [ref, null, room, 'price', payload]))
    }
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, publish }
}

/** Six clients are in room a; clients 0 and 1 join room b, in which clients 2 to 5 are too. */
async function run(
  more: Partial<FanOutOptions>,
  isRejected = (client: number, room: string) => client < 1 && room === 'b',
) {
  const rooms = await startRooms(isRejected)
  return load(rooms).fanOut({
    path: '/',
    connections: 6,
    query: ({ id }) => ({ client: String(id) }),
    group: ({ id }) => (id < 2 ? ['a'] : ['a', 'b']),
    publish: { rate: 40, send: ({ id, group }) => rooms.publish(group!, id) },
    duration: 2000,
    identify: (message) => {
      const { type, id } = message.json<{ type?: string; id?: string }>()
      return type === 'price' ? { id: id! } : 'other'
    },
    drainDuration: 1000,
    ...more,
  })
}

const joins = (send: (room: string) => NonNullable<Move['send']>, more: Partial<Move> = {}) => ({
  moves: ({ id }: { id: number }): Move[] => (id < 2 ? [{ time: '30%', join: 'b', send: send('b'), ...more }] : []),
})

const phoenix: Partial<FanOutOptions> = {
  framing: phoenixChannels(),
  subscribe: (_, groups) => groups.map((room) => phoenixJoin(room)),
}

const isReply = (message: Message) => message.headers['event'] === 'phx_reply'
const isOk = (message: Message) => isReply(message) && message.json<{ status: string }>().status === 'ok'
/** Acknowledges each room by its name. */
const roomOf = (accepts: (message: Message) => boolean) => (message: Message) =>
  accepts(message) ? [message.headers['topic']!] : []

const hintOf = (found: FanOutRun) => found[evidenceOf]().hint

const REJECTED =
  'most missing deliveries belong to 1 join that the target rejected (the first: client 0, group "b": ' +
  'Phoenix: reply with status error: {"reason":"full"}): check whether the client may join the group, and the credentials'

test.each<[string, Partial<FanOutOptions>]>([
  ['accepts only replies with ok', { isSubscribed: roomOf(isOk) }],
  ['accepts any reply', { isSubscribed: roomOf(isReply) }],
  ['is absent', {}],
])('names a join that the target rejected, if isSubscribed %s', async (_, more) => {
  const found = await run({ ...phoenix, ...joins((room) => phoenixJoin(room)), ...more })
  // Without room b, client 0 misses every other publication of the last 70%.
  expect(found.deliveries.missing).toBeGreaterThan(15)
  expect(found.worstClients(1)[0]!.client).toBe(0)
  expect(found.invalidities).toEqual([])
  expect(hintOf(found)).toBe(REJECTED)
  expect(found[evidenceOf]().evidenceLines).toContain(
    '2 times a client joined or left groups; the target rejected 1 of these moves, the first: client 0 joins "b": ' +
      'Phoenix: reply with status error: {"reason":"full"}',
  )
})

test('counts no missing delivery if the target accepts all joins', async () => {
  const found = await run(
    { ...phoenix, ...joins((room) => phoenixJoin(room)), isSubscribed: roomOf(isOk) },
    () => false,
  )
  expect(found.deliveries).toMatchObject({ missing: 0, unexpected: 0 })
  expect(hintOf(found)).toBeUndefined()
})

const LINES: Partial<FanOutOptions> = { subscribe: (_, groups) => groups.map((room) => ({ join: room })) }

test.each<[string, Partial<FanOutOptions>]>([
  ['is not acknowledged', {}],
  [
    'counts as acknowledged by any response',
    { isSubscribed: (message) => message.json<{ room?: string }>().room ?? false },
  ],
])('names a join after which the client received nothing, with the response, if it %s', async (_, more) => {
  const found = await run({ ...LINES, ...joins((room) => ({ join: room })), ...more })
  expect(found.deliveries.missing).toBeGreaterThan(15)
  expect(hintOf(found)).toBe(
    'most missing deliveries belong to 1 join during the run after which the client received nothing of the group (the first: ' +
      'client 0, group "b", after the message text, 43 bytes: "{\\"type\\":\\"error\\",\\"room\\":\\"b\\",\\"reason\\":\\"full\\"}"): ' +
      'check whether the target accepted it',
  )
})

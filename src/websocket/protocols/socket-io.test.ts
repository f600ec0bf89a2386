import { expect, onTestFinished, test } from 'vitest'
import { startServer, type TruthServer } from '../../../fixtures/truth-websocket/start.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import type { FanOutOptions, PublishOptions } from '../fan-out/fan-out-options.ts'
import { createWebSocket } from '../websocket.ts'
import { socketIo, socketIoEvent } from './socket-io.ts'

type Update = readonly ['update', { readonly id: string; readonly sequence: number }]

async function fanOut(server: TruthServer, options: Partial<FanOutOptions> = {}): Promise<FanOutRun> {
  const ws = createWebSocket({
    baseUrl: server.url,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: () => {},
  })
  return ws.fanOut({
    path: '/socket.io/',
    framing: socketIo({ namespace: '/rooms', auth: (vu) => ({ user: `user ${vu.id}` }) }),
    connections: 30,
    group: (vu) => `room ${vu.id % 3}`,
    subscribe: (vu) => socketIoEvent('join', `room ${vu.id % 3}`),
    isSubscribed: (message) => message.json<readonly [string]>()[0] === 'joined',
    publish: {
      rate: 20,
      send: ({ id, sequence, group }) => server.publish({ id, sequence: sequence + 10, room: group }),
    },
    identify: (message) => message.json<Update>()[1],
    duration: '600ms',
    lateThreshold: '500ms',
    ...options,
  })
}

async function start(): Promise<TruthServer> {
  const server = await startServer('socket-io')
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

test('accounts for every delivery of a Socket.IO server with namespace, auth, rooms and pings', async () => {
  const server = await start()
  const run = await fanOut(server)
  expect(run.sockets).toEqual({ requested: 30, subscribed: 30, failures: {}, closed: 0, reconnected: 0 })
  expect(run.deliveries).toMatchObject({
    expected: 120,
    received: 120,
    duplicate: 0,
    outOfOrder: 0,
    unexpected: 0,
    unidentified: 0,
  })
  expect((await server.truth<{ pongs: number }>()).pongs).toBe(30)
})

test('accounts for events with a binary attachment', async () => {
  const server = await start()
  const send: PublishOptions['send'] = ({ id, group }) => server.publish({ id, sequence: 2, room: group })
  const run = await fanOut(server, { publish: { rate: 20, send } })
  expect(run.deliveries).toMatchObject({ expected: 120, received: 120, unidentified: 0 })
})

test('counts refused connections by the reason of the server', async () => {
  const run = await fanOut(await start(), { framing: socketIo({ namespace: '/rooms' }) })
  expect(run.sockets.failures).toEqual({ 'Socket.IO: who are you?, before it was ready': 30 })
})

test('counts connections to an unknown namespace by the reason of the server', async () => {
  const run = await fanOut(await start(), { framing: socketIo({ namespace: '/elsewhere' }) })
  expect(run.sockets.failures).toEqual({ 'Socket.IO: Invalid namespace, before it was ready': 30 })
})

test('counts clients that the server disconnects as closed, and their later deliveries as missing', async () => {
  const server = await start()
  const send: PublishOptions['send'] = ({ id, index, group }) =>
    server.publish({ id, sequence: index === 4 ? 3 : 10 + index, room: group })
  const run = await fanOut(server, { publish: { rate: 20, send } })
  expect(run.sockets).toMatchObject({ subscribed: 30, closed: 10 })
  expect(run.deliveries).toMatchObject({ expected: 120, received: 100, missing: 20 })
  expect(run.worstClients(1)[0]!.label).toBe('client 1 (Socket.IO: disconnected by the server)')
})

test('recovers the sessions of clients that lost their connections, with the deliveries that they missed', async () => {
  const server = await start()
  // One framing for two runs, which must not share sessions.
  const framing = socketIo({ auth: { user: 'user' } })
  const recover = async (send: PublishOptions['send']) =>
    fanOut(server, { path: '/recovery/', framing, reconnect: 100, publish: { rate: 20, send }, duration: '800ms' })
  const run = await recover(({ id, index, group }) =>
    server.publish({ id, sequence: index === 6 ? 4 : 10 + index, room: group }),
  )
  expect(run.sockets).toMatchObject({ subscribed: 30, closed: 10, reconnected: 10 })
  expect(run.deliveries).toMatchObject({ expected: 160, received: 160, missing: 0, duplicate: 0, unexpected: 0 })
  expect(await server.truth()).toMatchObject({ recovered: 10 })
  await recover(({ id, index, group }) => server.publish({ id, sequence: 10 + index, room: group }))
  expect(await server.truth()).toMatchObject({ recovered: 10 })
})

test('counts connections to a server without Socket.IO as not set up', async () => {
  const server = await startServer('rooms')
  onTestFinished(() => server[Symbol.asyncDispose]())
  const run = await fanOut(server, { subscribeTimeout: 200 })
  expect(run.sockets.failures).toEqual({ 'Socket.IO not set up': 30 })
})

import { expect, test } from 'vitest'
import type { TruthServer } from '../../fixtures/truth-websocket/start.ts'
import { constantArrivalRate } from '../load/builders.ts'
import type { FanOutRun } from '../runs/fan-out-run.ts'
import { load, start } from '../testing/truth-websocket.ts'
import type { FanOutOptions } from './fan-out/fan-out-options.ts'
import type { FramedConnection, FramedSocket, Framing } from './framing.ts'
import { Message } from './message.ts'
import { delimited } from './protocols/delimited.ts'

function fanOut(server: TruthServer, options: Partial<FanOutOptions>): Promise<FanOutRun> {
  return load(server).fanOut({
    path: '/',
    connections: 20,
    subscribe: () => 'subscribe',
    isSubscribed: (message) => message.toString() === 'subscribed',
    publish: { rate: 50, send: ({ id, sequence }) => server.publish({ id, sequence }) },
    identify: (message) => message.json<{ id: string }>(),
    duration: '1s',
    lateThreshold: '500ms',
    drainDuration: '1s',
    ...options,
  })
}

const BATCHED: Partial<FanOutOptions> = {
  isSubscribed: (message) => message.json<{ type: string }>().type === 'subscribed',
  identify: (message) => ({ id: message.json<{ id: string }>().id }),
}

const ALL_RECEIVED = { expected: 1000, received: 1000, duplicate: 0, unexpected: 0, unidentified: 0 }

test('accounts for every message of a frame that holds several', async () => {
  const server = await start('batching')
  const run = await fanOut(server, { ...BATCHED, framing: delimited() })
  expect(run.deliveries).toMatchObject(ALL_RECEIVED)
  expect((await server.truth<{ frames: number }>()).frames).toBeLessThanOrEqual(26)
})

test.each([1, 2])('accounts for messages from an iterator with %i generator processes', async (processes) => {
  const server = await start('batching')
  const framing: Framing = {
    name: 'lines',
    open(socket) {
      socket.ready()
      return {
        *receive(frame) {
          for (const line of frame.toString().split('\n')) yield new Message(Buffer.from(line), false)
        },
        send: (message) => [message as string],
      }
    },
  }
  expect((await fanOut(server, { ...BATCHED, framing, processes })).deliveries).toMatchObject(ALL_RECEIVED)
})

test('keeps sockets open with an application heartbeat if the target closes silent ones', async () => {
  // Shorter than the run, and longer than pauses of a busy machine.
  const server = await start('idle', '1500')
  const heartbeat = {
    every: '500ms',
    message: 'ping',
    response: (message: Message) => message.toString() === 'pong',
  } as const
  const run = await fanOut(server, { heartbeat })
  expect(run.sockets).toMatchObject({ subscribed: 20, closed: 0 })
  expect(run.deliveries).toMatchObject(ALL_RECEIVED)
  expect(run.heartbeats!.withoutResponse).toBeLessThanOrEqual(run.heartbeats!.sent / 10)
  expect((await server.truth<{ beats: number }>()).beats).toBe(run.heartbeats!.sent)
})

test('counts silent sockets without an application heartbeat as closed', async () => {
  const server = await start('idle', '300')
  expect((await fanOut(server, { pingInterval: '100ms' })).sockets.closed).toBe(20)
})

test('counts heartbeats without a response', async () => {
  const server = await start('idle', '300', 'silent')
  const run = await fanOut(server, { heartbeat: { every: '100ms', message: () => 'ping', response: () => false } })
  const { sent, withoutResponse } = run.heartbeats!
  // The latest of each of 20 clients is in flight, or was at the end of the run.
  expect(sent - withoutResponse!).toBeGreaterThanOrEqual(0)
  expect(sent - withoutResponse!).toBeLessThanOrEqual(20)
})

test('does not mistake the response to a heartbeat for that of a step', async () => {
  const server = await start('idle', '300')
  const heartbeat = { every: '100ms', message: 'ping', response: (it: Message) => it.toString() === 'pong' } as const
  const run = await load(server).run({
    path: '/',
    heartbeat,
    load: constantArrivalRate({ rate: 4, vus: 4, duration: '2s' }),
    steps: { send: 'hello', check: (message) => message.toString() === 'subscribed' },
  })
  expect(run).toMatchObject({ state: 'measured' })
  expect(run.errors.size).toBe(0)
  expect(await server.truth()).toMatchObject({ closed: 0 })
})

/** A connection with a handshake, a heartbeat and a last frame, which logs when it is closed. */
class GreetingConnection implements FramedConnection {
  static readonly log: string[] = []
  readonly #socket: FramedSocket

  constructor(socket: FramedSocket) {
    this.#socket = socket
    socket.send('hello')
  }

  receive(frame: Message): Message | undefined {
    if (frame.toString() === 'pong') this.#socket.heartbeatResponded()
    else if (frame.toString() === 'subscribed') this.#socket.ready()
    else return frame
    return undefined
  }

  send(message: unknown): string[] {
    return [String(message)]
  }

  close(): void {
    GreetingConnection.log.push(`closed ${this.#socket.client}`)
    this.#socket.send('bye')
  }
}

test('runs the handshake and heartbeat of a framing, and sends its last frame before the closing handshake', async () => {
  const server = await start('idle', '300')
  GreetingConnection.log.length = 0
  const framing: Framing = {
    name: 'greetings',
    heartbeat: { every: '100ms', message: 'ping', hasResponse: true },
    open: (socket) => new GreetingConnection(socket),
  }
  const nothing = { subscribe: undefined, isSubscribed: undefined } as unknown as Partial<FanOutOptions>
  const run = await fanOut(server, { framing, ...nothing })
  expect(run.sockets).toMatchObject({ subscribed: 20, closed: 0 })
  expect(run.deliveries).toMatchObject(ALL_RECEIVED)
  expect(GreetingConnection.log).toHaveLength(20)
  expect(await server.truth()).toMatchObject({ farewells: 20, closed: 0, beats: run.heartbeats!.sent })
})

test('counts a delivery under the topic of another group as unexpected, although its payload is that of the group', async () => {
  const server = await start('batching')
  const framing: Framing = {
    name: 'topics',
    open(socket) {
      socket.ready()
      return {
        receive: (frame) =>
          frame
            .toString()
            .split('\n')
            .map((line) => {
              const headers = { topic: socket.client === 5 ? 'b' : 'a' }
              return new Message(Buffer.from(line), false, { headers })
            }),
        send: (message) => [message as string],
      }
    },
  }
  const run = await fanOut(server, {
    ...BATCHED,
    framing,
    group: ({ id }) => (id === 19 ? 'b' : 'a'),
    publish: { rate: 50, send: ({ id, sequence, group }) => (group === 'a' ? server.publish({ id, sequence }) : id) },
    identify: (message) => ({ id: message.json<{ id: string }>().id, group: message.headers['topic']! }),
  })
  expect(run.deliveries).toMatchObject({ unexpected: 50 })
})

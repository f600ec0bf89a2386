import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TruthServer } from '../../../fixtures/truth-websocket/start.ts'
import { evidenceOf } from '../../evidence/evidence.ts'
import { sharedIterations } from '../../load/builders.ts'
import type { Vu } from '../../load/vu.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import type { HttpRun } from '../../runs/request-run.ts'
import { load } from '../../testing/truth-websocket.ts'
import type { ConversationOptions, ConversationStep } from '../conversation/conversation-options.ts'
import type { FanOutOptions } from '../fan-out/fan-out-options.ts'
import type { Framing } from '../framing.ts'
import type { Message, Outgoing } from '../message.ts'
import { graphqlOperation, graphqlTransportWs } from './graphql-transport-ws.ts'
import { mqtt, mqttPublish, mqttSubscribe, mqttUnsubscribe } from './mqtt.ts'
import { phoenixChannels, phoenixJoin, phoenixLeave, phoenixPush } from './phoenix-channels.ts'
import { signalR, signalRInvocation, signalRSend, signalRStream } from './signal-r.ts'
import { socketIo, socketIoEvent, socketIoRequest } from './socket-io.ts'
import { stomp, stompSend, stompSubscribe, stompUnsubscribe } from './stomp.ts'

/**
 * Servers close clients that are silent for longer: less than what a run with heartbeats takes, and more than the machine
 * may take to send one.
 */
const IDLE_MS = 2500

type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>

let server: TruthServer
beforeAll(async () => {
  server = await startServer('protocols', String(IDLE_MS))
})
afterAll(() => server[Symbol.asyncDispose]())

function fanOut(options: Pick<FanOutOptions, 'path' | 'framing' | 'subscribe' | 'identify'> & Partial<FanOutOptions>) {
  return load(server).fanOut({
    connections: 12,
    group: room,
    publish: { rate: 60, send: ({ id, sequence, group }) => server.publish({ id, sequence, room: group }) },
    isSubscribed: (message) => message.responseTo !== undefined,
    duration: '500ms',
    lateThreshold: '900ms',
    drainDuration: '1s',
    ...options,
  })
}

function talk(options: Pick<ConversationOptions, 'path' | 'framing'> & Partial<ConversationOptions>): Promise<HttpRun> {
  return load(server).run({
    // A closed model, which drops no iteration if the machine is busy.
    load: sharedIterations({ iterations: 20, vus: 5 }),
    timeout: '3s',
    abortWhen: false,
    steps: { send: 'nothing' },
    ...options,
  })
}

const room = (vu: Vu<unknown>) => `room-${vu.id % 3}`
const saying = (send: ConversationStep<undefined>['send'], check: (message: Message) => boolean) => ({
  steps: { send, check },
})

/** Expects every delivery of 30 publications, each to 4 of 12 clients, and no closed client. */
function expectAll(run: FanOutRun): void {
  expect(run.sockets).toEqual({ requested: 12, subscribed: 12, failures: {}, closed: 0, reconnected: 0 })
  expect(run.deliveries).toMatchObject({ expected: 120, received: 120, duplicate: 0, unexpected: 0, unidentified: 0 })
}

const countsOf = async (name: string) => (await server.truth<Counts>())[name]!

async function subscribedNone(options: Parameters<typeof fanOut>[0]): Promise<Readonly<Record<string, number>>> {
  return (await fanOut({ subscribeTimeout: '2s', ...options })).sockets.failures
}

describe('Socket.IO (socket.io)', () => {
  const path = '/socket.io/'

  test('delivers events with attachments, and sends the acknowledgements that the server requests', async () => {
    const before = (await countsOf('socketIo'))['acknowledged']!
    const run = await fanOut({
      path,
      framing: socketIo(),
      subscribe: (vu) => socketIoRequest('join', room(vu)),
      identify: (message) => ({ id: message.json<[string, { image: Buffer }]>()[1].image.toString() }),
    })
    expectAll(run)
    expect((await countsOf('socketIo'))['acknowledged']! - before).toBe(120)
  })

  test('accepts the acknowledgement of an emit as its response, also after other events', async () => {
    const bytes = Buffer.from([1, 2, 3])
    const run = await talk({
      path,
      framing: socketIo(),
      onOpen: () => socketIoEvent('join', 'main'),
      ...saying(
        () => (server.publish({ id: 'chatter', sequence: 1 }), socketIoRequest('say', { bytes })),
        (message) => message.json<[{ text: { bytes: Buffer } }]>()[0].text.bytes.equals(bytes),
      ),
    })
    expect([...run.errors]).toEqual([])
  })

  test('accepts the acknowledgement of a packet that was numbered by hand as its response', async () => {
    const send: ConversationStep<undefined>['send'] = ({ iteration }) => `${iteration}["say","hello"]`
    const run = await talk({
      path,
      framing: socketIo(),
      ...saying(send, (message) => message.toString() === '[{"text":"hello"}]'),
    })
    expect([...run.errors]).toEqual([])
  })

  test('counts an emit that is never acknowledged as a time-out', async () => {
    const options = {
      path,
      framing: socketIo(),
      timeout: 200,
      ...saying(
        () => socketIoRequest('quiet'),
        () => true,
      ),
    }
    expect([...(await talk(options)).errors.keys()]).toEqual(['timeout'])
  })
})

describe('graphql-transport-ws (graphql-ws)', () => {
  const path = '/graphql'
  interface Price {
    readonly data: { readonly prices: { readonly id: string | null } }
  }
  const options = {
    path,
    framing: graphqlTransportWs({ pingInterval: '100ms', connectionParams: (vu) => ({ token: `token ${vu.id}` }) }),
    subscribe: (vu: Vu<unknown>) => {
      const query = 'subscription ($room: String!) { prices(room: $room) { id amount } }'
      return graphqlOperation({ query, variables: { room: room(vu) } })
    },
    isSubscribed: (message: Message) => message.json<Price>().data.prices.id === null,
    identify: (message: Message) => ({ id: message.json<Price>().data.prices.id! }),
  }

  test('delivers the results of a subscription, and pings', async () => {
    const before = (await countsOf('graphql'))['pings']!
    const run = await fanOut(options)
    expectAll(run)
    expect((await countsOf('graphql'))['pings']! - before).toBe(run.heartbeats!.sent)
    expect(run.heartbeats!.withoutResponse).toBeLessThan(run.heartbeats!.sent / 2)
  })

  test('accepts the result of a query as its response, also one with errors', async () => {
    const say = (query: string, check: (message: Message) => boolean) =>
      talk({ path, framing: graphqlTransportWs(), ...saying(() => graphqlOperation({ query }), check) })
    const good = await say('{ say(text: "hello") }', (message) => message.toString() === '{"data":{"say":"hello"}}')
    expect([...good.errors]).toEqual([])
    const bad = await say('{ nothing }', (message) => message.json<{ errors: unknown[] }>().errors.length === 1)
    expect([...bad.errors]).toEqual([])
  })

  test('names the reason if the server refuses the connection', async () => {
    const framing = graphqlTransportWs({ connectionParams: { token: 'nobody' } })
    expect(await subscribedNone({ ...options, framing })).toEqual({
      'closed with code 4403: Forbidden, before it was ready': 12,
    })
  })
})

describe('STOMP (a broker on the parser of @stomp/stompjs)', () => {
  const path = '/stomp'
  const options = {
    path,
    framing: stomp({ heartbeat: '200ms' }),
    subscribe: (vu: Vu<unknown>) => stompSubscribe(`/topic/${room(vu)}`, { ack: 'client-individual' }),
    identify: (message: Message) => message.json<{ id: string }>(),
  }

  test('delivers messages with their headers, sends heart-beats and acknowledgements, and disconnects', async () => {
    const before = await countsOf('stomp')
    const destinations = new Set<string>()
    const identify = (message: Message) => {
      destinations.add(message.headers['destination']!)
      return options.identify(message)
    }
    const run = await fanOut({ ...options, identify, drainDuration: '2500ms' })
    expectAll(run)
    expect([...destinations].toSorted()).toEqual(['/topic/room-0', '/topic/room-1', '/topic/room-2'])
    const after = await countsOf('stomp')
    expect(after['acknowledged']! - before['acknowledged']!).toBe(120)
    expect(after['farewells']! - before['farewells']!).toBe(12)
    expect(after['heartbeats']! - before['heartbeats']!).toBe(run.heartbeats!.sent)
    expect(run.heartbeats!.sent).toBeGreaterThan(12)
  })

  test('accepts the receipt as the response to a message or, without a receipt, the first message', async () => {
    const confirmed = await talk({
      path,
      framing: stomp(),
      ...saying(
        () => stompSend('/topic/nobody', { text: 'a:b\n' }, { isConfirmed: true, headers: { 'x-name': 'a:b\\\n' } }),
        (message) => message.headers['receipt-id'] !== undefined,
      ),
    })
    expect([...confirmed.errors]).toEqual([])
    const echoed = await talk({
      path,
      framing: stomp(),
      onOpen: (vu) => stompSubscribe(`/topic/${vu.id}`),
      isReady: (message) => message.responseTo !== undefined,
      ...saying(
        ({ vu, iteration }) => stompSend(`/topic/${vu.id}`, `${iteration} \0 ä`),
        (message) => message.toString().endsWith('\0 ä'),
      ),
    })
    expect([...echoed.errors]).toEqual([])
  })

  test('unsubscribes from a destination', async () => {
    const run = await fanOut({
      ...options,
      subscribe: (vu) => [stompSubscribe(`/topic/${room(vu)}`), stompUnsubscribe(`/topic/${room(vu)}`)],
    })
    expect(run.deliveries).toMatchObject({ received: 0, missing: 120 })
  })

  test('names the message of an ERROR frame if no client was connected', async () => {
    const framing = stomp({ connectHeaders: { login: 'guest', passcode: 'wrong' } })
    expect(await subscribedNone({ ...options, framing })).toEqual({ 'STOMP: access refused, before it was ready': 12 })
  })
})

describe('Phoenix channels (a server on the serializer of phoenix)', () => {
  const path = '/socket/websocket'
  const options = {
    path,
    framing: phoenixChannels({ heartbeat: '200ms' }),
    subscribe: (vu: Vu<unknown>) => phoenixJoin(`room:${room(vu)}`),
    isSubscribed: (message: Message) => message.json<{ status?: string }>().status === 'ok',
    identify: (message: Message) =>
      message.headers['event'] === 'phx_reply' ? ('other' as const) : message.json<{ id: string }>(),
  }

  test('delivers broadcasts, and sends heartbeats that get a response', async () => {
    const before = (await countsOf('phoenix'))['heartbeats']!
    const run = await fanOut({ ...options, drainDuration: '2500ms' })
    expectAll(run)
    expect((await countsOf('phoenix'))['heartbeats']! - before).toBe(run.heartbeats!.sent)
    expect(run.heartbeats!.sent).toBeGreaterThan(12)
  })

  test('accepts the reply as the response to a push, as JSON or bytes', async () => {
    const joined = {
      path,
      framing: options.framing,
      onOpen: () => phoenixJoin('room:main'),
      isReady: options.isSubscribed,
    }
    const replied = await talk({
      ...joined,
      ...saying(
        ({ iteration }) => phoenixPush('room:main', 'say', { iteration }),
        (message) => message.json<{ status: string }>().status === 'ok',
      ),
    })
    expect([...replied.errors]).toEqual([])
    const shouted = await talk({
      ...joined,
      steps: {
        send: () => phoenixPush('room:main', 'shout', Buffer.from([1, 2, 3])),
        isResponse: (message) => message.isBinary,
        check: (message) => message.headers['event'] === 'shout' && message.data.equals(Buffer.from([1, 2, 3])),
      },
    })
    expect([...shouted.errors]).toEqual([])
  })

  test('keeps its connection after it left a channel', async () => {
    const topic = 'room:main'
    const run = await fanOut({ ...options, subscribe: () => [phoenixJoin(topic), phoenixLeave(topic)] })
    expect(run.sockets).toMatchObject({ subscribed: 12, closed: 0 })
    expect((await countsOf('phoenix'))['left']).toBe(12)
  })

  test('closes the connection of a channel that crashes, and names the reason', async () => {
    const run = await talk({
      path,
      framing: options.framing,
      onOpen: () => phoenixJoin('room:main'),
      ...saying(
        () => phoenixPush('room:main', 'crash'),
        () => true,
      ),
    })
    expect([...run.errors.keys()]).toEqual(['reset'])
  })
})

describe('MQTT (the broker aedes)', () => {
  const path = '/mqtt'
  const options = {
    path,
    framing: mqtt({ keepAlive: '2s' }),
    subscribe: (vu: Vu<unknown>) => mqttSubscribe(`rooms/${room(vu)}`, { qos: 1 }),
    identify: (message: Message) => message.json<{ id: string }>(),
  }

  test('delivers and acknowledges publications, pings, and disconnects', async () => {
    const before = await countsOf('mqtt')
    const run = await fanOut({ ...options, drainDuration: '2500ms' })
    expectAll(run)
    const after = await countsOf('mqtt')
    expect(after['acknowledged']! - before['acknowledged']!).toBe(120)
    expect(after['farewells']! - before['farewells']!).toBe(12)
    expect(after['pings']! - before['pings']!).toBe(run.heartbeats!.sent)
    expect(run.heartbeats).toMatchObject({ withoutResponse: 0 })
  })

  test.each([1, 2] as const)('accepts the acknowledgement of quality %i as the response', async (qos) => {
    const options = {
      path,
      framing: mqtt(),
      ...saying(
        () => mqttPublish('nobody', { text: 'hello' }, { qos }),
        () => true,
      ),
    }
    expect([...(await talk(options)).errors]).toEqual([])
  })

  test('accepts the message of the client itself as the response with quality 0, for any quality of delivery', async () => {
    const run = await talk({
      path,
      framing: mqtt(),
      onOpen: (vu) => mqttSubscribe([`own/${vu.id}`, 'other'], { qos: 2 }),
      isReady: (message) => message.responseTo !== undefined,
      ...saying(
        ({ vu }) => mqttPublish(`own/${vu.id}`, Buffer.from([1, 2, 3])),
        (message) => message.headers['topic']!.startsWith('own/') && message.data.length === 3,
      ),
    })
    expect([...run.errors]).toEqual([])
  })

  test('unsubscribes from topics', async () => {
    const topic = 'rooms/room-0'
    const run = await fanOut({ ...options, subscribe: () => [mqttSubscribe(topic), mqttUnsubscribe(topic)] })
    expect(run.deliveries).toMatchObject({ received: 0, missing: 120 })
  })

  test('names the reason if the broker refuses a connection or a subscription', async () => {
    expect(await subscribedNone({ ...options, framing: mqtt({ username: 'nobody', password: 'x' }) })).toEqual({
      'MQTT: connection refused (code 5), before it was ready': 12,
    })
    expect(await subscribedNone({ ...options, subscribe: () => mqttSubscribe('secret') })).toEqual({
      'MQTT: a subscription was refused, before it was ready': 12,
    })
  })
})

describe('SignalR (a hub that writes by @microsoft/signalr)', () => {
  const path = '/hub'
  const options = {
    path,
    framing: signalR({ pingInterval: '200ms' }),
    subscribe: (vu: Vu<unknown>) => signalRInvocation('Subscribe', room(vu)),
    identify: (message: Message) => message.json<[{ id: string }]>()[0],
  }

  test('delivers invocations that share a frame with others, and pings', async () => {
    const before = (await countsOf('signalR'))['pings']!
    const run = await fanOut({ ...options, drainDuration: '2500ms' })
    expectAll(run)
    expect((await countsOf('signalR'))['pings']! - before).toBe(run.heartbeats!.sent)
  })

  test.each([
    ['a result', () => signalRInvocation('Say', 'hello'), '"hello"'],
    ['an error', () => signalRInvocation('Fail'), '{"error":"it failed"}'],
    ['the first item of a stream', () => signalRStream('Count'), '1'],
  ])('accepts %s as the response', async (_, send, text) => {
    const run = await talk({ path, framing: signalR(), ...saying(send, (message) => message.toString() === text) })
    expect([...run.errors]).toEqual([])
  })

  test('fails a step whose invocation failed, unless a check accepts it', async () => {
    const run = await talk({ path, framing: signalR(), steps: { send: () => signalRInvocation('Fail') } })
    expect(Object.fromEntries(run.errors)).toEqual({ body: run.offered })
  })

  test('sends the result that the server waits for', async () => {
    const before = (await countsOf('signalR'))['results']!
    const run = await talk({
      path,
      framing: signalR({ result: () => ({ name: 'me' }) }),
      ...saying(
        () => signalRSend('Ask'),
        (message) => message.headers['target'] === 'Who',
      ),
    })
    expect([...run.errors]).toEqual([])
    expect((await countsOf('signalR'))['results']! - before).toBe(20)
  })
})

describe('a client whose subscription the target rejects', () => {
  const graphql = graphqlOperation({ query: 'subscription { nothing }' })
  const rejections: readonly (readonly [string, string, Framing, Outgoing, RegExp])[] = [
    [
      'Phoenix',
      '/socket/websocket',
      phoenixChannels(),
      phoenixJoin('lobby'),
      /^Phoenix: reply with status error: .*unmatched/,
    ],
    ['GraphQL', '/graphql', graphqlTransportWs(), graphql, /^graphql-transport-ws: the operation failed: Cannot query/],
    ['SignalR', '/hub', signalR(), signalRInvocation('Fail'), /^SignalR: it failed/],
  ]

  test.each(rejections)(
    'is not subscribed, whatever isSubscribed accepts: %s',
    async (_, path, framing, sent, reason) => {
      const identify = () => 'other' as const
      const failures = await subscribedNone({
        path,
        framing,
        subscribe: () => sent,
        isSubscribed: () => true,
        identify,
      })
      expect(failures).toEqual({ [Object.keys(failures)[0]!]: 12 })
      expect(Object.keys(failures)[0]).toMatch(reason)
    },
  )

  test.each(rejections)(
    'has no good iteration, with isReady or without: %s',
    async (_, path, framing, sent, reason) => {
      const step = saying(
        () => sent,
        () => true,
      )
      for (const ready of [{ isReady: () => true }, {}]) {
        const run = await talk({ path, framing, onOpen: () => sent, ...ready, ...step })
        expect(run.errors.values().reduce((sum, count) => sum + count, 0)).toBe(run.offered)
        expect(run[evidenceOf]().evidenceLines.join('\n')).toMatch(new RegExp(reason.source.slice(1)))
      }
    },
  )
})

test.each([
  ['Socket.IO', socketIo(), { type: 'subscribe' }],
  ['GraphQL', graphqlTransportWs(), 'subscribe'],
  ['STOMP', stomp(), 'subscribe'],
  ['Phoenix', phoenixChannels(), { type: 'subscribe' }],
  ['MQTT', mqtt(), 'subscribe'],
  ['SignalR', signalR(), 'subscribe'],
])('rejects a message that %s cannot send, and names functions that make one', (_, framing, message) => {
  const nothing = () => {}
  const socket = {
    client: 0,
    vu: { id: 0, data: undefined, vars: {} },
    send: nothing,
    ready: nothing,
    heartbeatResponded: nothing,
    fail: nothing,
  }
  expect(() => framing.open(socket).send(message)).toThrowErrorMatchingSnapshot()
})

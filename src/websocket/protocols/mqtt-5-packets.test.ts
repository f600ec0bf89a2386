import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mqtt5Broker } from '../../../fixtures/protocols/mqtt-5.ts'
import { sharedIterations } from '../../load/builders.ts'
import { load } from '../../testing/truth-websocket.ts'
import type { ConversationOptions } from '../conversation/conversation-options.ts'
import { mqtt, mqttPublish, mqttSubscribe, mqttUnsubscribe } from './mqtt.ts'

/** A simulated broker, as Mosquitto, which `mqtt-5.test.ts` uses, is not installed on every machine. */
describe('MQTT 5 (a broker on the parser and the writer of mqtt-packet)', () => {
  const server = createServer()
  const broker = mqtt5Broker(server)
  let url: string
  beforeAll(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  const target = { path: '/mqtt-5', framing: mqtt({ protocolVersion: 5, keepAlive: '1s' }) }

  const fanOut = (options: { readonly framing?: typeof target.framing; readonly topic?: string } = {}) =>
    load({ url }).fanOut({
      ...target,
      ...(options.framing === undefined ? {} : { framing: options.framing }),
      connections: 6,
      group: (vu) => `room-${vu.id % 3}`,
      subscribe: (vu) => mqttSubscribe(options.topic ?? `rooms/room-${vu.id % 3}`, { qos: 1 }),
      isSubscribed: (message) => message.responseTo !== undefined,
      publish: { rate: 10, send: ({ id, group }) => broker.publish({ id, room: group! }) },
      identify: (message) => message.json<{ id: string }>(),
      duration: '1s',
      drainDuration: '1s',
    })

  const talk = (options: Partial<ConversationOptions> & Pick<ConversationOptions, 'steps'>) =>
    load({ url }).run({
      ...target,
      load: sharedIterations({ iterations: 10, vus: 2 }),
      timeout: '3s',
      abortWhen: false,
      ...options,
    })

  test('delivers publications to the clients of each topic, acknowledges them, pings, and disconnects', async () => {
    const before = { ...broker.counts }
    const run = await fanOut()
    expect(run.sockets).toMatchObject({ subscribed: 6, failures: {}, closed: 0 })
    expect(run.deliveries).toMatchObject({ expected: 20, received: 20, duplicate: 0, unexpected: 0, unidentified: 0 })
    expect(run.heartbeats!.sent).toBeGreaterThan(0)
    expect(run.heartbeats).toMatchObject({ withoutResponse: 0 })
    expect(broker.counts).toEqual({
      acknowledged: before['acknowledged']! + 20,
      pings: before['pings']! + run.heartbeats!.sent,
      farewells: before['farewells']! + 6,
    })
    const [connect] = broker.received.filter(({ cmd }) => cmd === 'connect')
    expect(connect).toMatchObject({ protocolId: 'MQTT', protocolVersion: 5, clean: true, keepalive: 1 })
  })

  test('names the reason if the broker refuses a connection or a subscription', async () => {
    const framing = mqtt({ protocolVersion: 5, username: 'nobody', password: 'x' })
    expect((await fanOut({ framing })).sockets.failures).toEqual({
      'MQTT: connection refused (code 138), before it was ready': 6,
    })
    expect((await fanOut({ topic: 'secret' })).sockets.failures).toEqual({
      'MQTT: a subscription was refused, before it was ready': 6,
    })
  })

  test.each([1, 2] as const)('accepts the acknowledgement of quality %i as the response', async (qos) => {
    const run = await talk({
      steps: {
        send: ({ vu }) => mqttPublish('own/x', { vu: vu.id }, { qos }),
        check: (message) => message.headers['packet'] === (qos === 1 ? 'puback' : 'pubcomp'),
      },
    })
    expect([...run.errors]).toEqual([])
    expect(run.completed).toBe(10)
  })

  test.each([
    ['a publication of quality 1', mqttPublish('secret', 'x', { qos: 1 })],
    ['a publication of quality 2', mqttPublish('secret', 'x', { qos: 2 })],
    ['the release of a publication of quality 2', mqttPublish('forgotten', 'x', { qos: 2 })],
    ['the end of a subscription', mqttUnsubscribe('forever')],
  ])('counts %s that the broker refuses as an error', async (_, send) => {
    const run = await talk({ steps: { send } })
    expect([...run.errors]).toEqual([['reset', 10]])
  })

  test('unsubscribes from topics, and receives the acknowledgement', async () => {
    const run = await talk({
      onOpen: () => mqttSubscribe('own/y'),
      isReady: (message) => message.responseTo !== undefined,
      steps: [
        { send: () => mqttUnsubscribe('own/y'), check: (message) => message.headers['packet'] === 'unsuback' },
        {
          send: () => mqttPublish('own/y', 'x', { qos: 1 }),
          check: (message) => message.headers['packet'] === 'puback',
        },
      ],
    })
    expect([...run.errors]).toEqual([])
  })
})

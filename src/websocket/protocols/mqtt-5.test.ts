import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import mqttPacket from 'mqtt-packet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { constantArrivalRate } from '../../load/builders.ts'
import { freePort } from '../../services/ports.ts'
import { load } from '../../testing/truth-websocket.ts'
import { mqtt, mqttPublish, mqttSubscribe } from './mqtt.ts'

const isInstalled = spawnSync('mosquitto', ['-h']).error === undefined
if (!isInstalled) console.info('MQTT 5 is skipped: mosquitto is not on the path')

const ACL = 'topic readwrite rooms/#\ntopic readwrite own/#\n'

/** The broker Mosquitto behind a bridge from WebSocket to TCP, as not every build of it has WebSocket. */
class Broker {
  readonly url: string
  /** A client over TCP that publishes. */
  readonly #publisher: Socket
  readonly #close: () => Promise<void>

  private constructor(url: string, publisher: Socket, close: () => Promise<void>) {
    this.url = url
    this.#publisher = publisher
    this.#close = close
  }

  static async start(): Promise<Broker> {
    const directory = mkdtempSync(join(tmpdir(), 'mosquitto-'))
    const port = await freePort()
    writeFileSync(join(directory, 'acl'), ACL)
    writeFileSync(
      join(directory, 'conf'),
      `listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\nacl_file ${join(directory, 'acl')}\n`,
    )
    const broker = spawn('mosquitto', ['-c', join(directory, 'conf')], { stdio: 'ignore' })
    const exited = once(broker, 'exit')
    const server = createServer()
    new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
      const [outer, inner] = [createWebSocketStream(socket), connect(port, '127.0.0.1')]
      outer.pipe(inner).pipe(outer)
      for (const end of [outer, inner]) end.on('error', () => socket.terminate())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const publisher = await connected(port)
    publisher.write(mqttPacket.generate({ cmd: 'connect', clientId: 'publisher', protocolVersion: 5, keepalive: 0 }))
    return new Broker(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, publisher, async () => {
      publisher.destroy()
      server.closeAllConnections()
      server.close()
      broker.kill()
      await exited
      rmSync(directory, { recursive: true })
    })
  }

  publish(topic: string, payload: string): void {
    const packet = { cmd: 'publish', topic, payload, qos: 0, dup: false, retain: false } as const
    this.#publisher.write(mqttPacket.generate(packet, { protocolVersion: 5 }))
  }

  close(): Promise<void> {
    return this.#close()
  }
}

/** Resolves once a server listens on the port. */
async function connected(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    if (isOpen) return socket.on('error', () => {})
    await delay(20)
  }
}

describe.skipIf(!isInstalled)('MQTT 5 (the broker Mosquitto)', () => {
  let broker: Broker
  beforeAll(async () => {
    broker = await Broker.start()
  })
  afterAll(() => broker.close())

  const framing = mqtt({ protocolVersion: 5, keepAlive: '1s' })

  const fanOut = (topic: (room: string) => string) =>
    load(broker).fanOut({
      path: '/',
      framing,
      connections: 12,
      group: (vu) => `room-${vu.id % 3}`,
      subscribe: (vu) => mqttSubscribe(topic(`room-${vu.id % 3}`), { qos: 1 }),
      isSubscribed: (message) => message.responseTo !== undefined,
      publish: { rate: 30, send: ({ id, group }) => broker.publish(`rooms/${group}`, JSON.stringify({ id })) },
      identify: (message) => message.json<{ id: string }>(),
      duration: '2s',
      drainDuration: '1s',
    })

  const published = (topic: string, qos: 1 | 2) =>
    load(broker).run({
      path: '/',
      framing,
      load: constantArrivalRate({ rate: 20, vus: 5, duration: '1s' }),
      timeout: '3s',
      abortWhen: false,
      steps: { send: ({ vu }) => mqttPublish(topic, { vu: vu.id }, { qos }) },
    })

  test('delivers publications to the clients of each topic, and responds to pings', async () => {
    const run = await fanOut((room) => `rooms/${room}`)
    expect(run.sockets).toMatchObject({ subscribed: 12, failures: {}, closed: 0 })
    expect(run.deliveries).toMatchObject({ expected: 240, received: 240, duplicate: 0, unexpected: 0, unidentified: 0 })
    expect(run.heartbeats!.sent).toBeGreaterThanOrEqual(12)
    expect(run.heartbeats).toMatchObject({ withoutResponse: 0 })
  })

  test('counts deliveries of a topic filter that is too wide as unexpected', async () => {
    const run = await fanOut(() => 'rooms/#')
    expect(run.deliveries).toMatchObject({ expected: 240, received: 240, unexpected: 480 })
  })

  test.each([1, 2] as const)('accepts the acknowledgement of quality %i as the response', async (qos) => {
    expect([...(await published('own/x', qos)).errors]).toEqual([])
  })

  test.each([1, 2] as const)('counts a publication of quality %i that the broker refuses as an error', async (qos) => {
    const run = await published('secret', qos)
    expect([...run.errors]).toEqual([['reset', 20]])
  })
})

import { randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import type mqttPacket from 'mqtt-packet'
import type { IConnectPacket, Packet, Parser } from 'mqtt-packet'
import type { Vu } from '../../load/vu.ts'
import type { Duration } from '../../options/checks.ts'
import { MissingPackageError } from '../../options/optional-package.ts'
import { choose, object, optional, readOptions } from '../../options/schema.ts'
import { duration, flag, func, matching } from '../../options/values.ts'
import type { FramedConnection, FramedSocket, Framing } from '../framing.ts'
import { Message, request, type Outgoing } from '../message.ts'
import { checkHelperOptions } from './helper-options.ts'
import { Pending } from './pending.ts'
import { textPerVu } from './per-vu.ts'

/** Options of {@link mqtt}. */
export interface MqttOptions<D = unknown> {
  /** Version of the protocol: 4 is MQTT 3.1.1. @default 4 */
  readonly protocolVersion?: 4 | 5
  /** Identifier of each client. @default a unique one */
  readonly clientId?: (vu: Vu<D>) => string
  /** User name of each client. @default none */
  readonly username?: string | ((vu: Vu<D>) => string)
  /** Password of each client. @default none */
  readonly password?: string | ((vu: Vu<D>) => string)
  /** Keep-alive interval of the connection: how often a PINGREQ is sent, which the broker has to respond to. @default '30s' */
  readonly keepAlive?: Duration
  /** Whether each connection begins a new session, without earlier subscriptions and messages. @default true */
  readonly isClean?: boolean
}

const CLIENT_ID = '(vu) => `client-${vu.id}`'

const mqttOptions = <D>() =>
  object<MqttOptions<D>>()(
    {
      protocolVersion: optional(
        matching<4 | 5>((value) => value === 4 || value === 5, 'must be 4 (MQTT 3.1.1) or 5', '4'),
        4,
      ),
      clientId: optional(
        choose((value) =>
          typeof value === 'function'
            ? textPerVu<D>('mqtt({ clientId })', CLIENT_ID)
            : func<(vu: Vu<D>) => string>(CLIENT_ID, 'must be a function, as each client needs an id of its own'),
        ),
      ),
      username: optional(textPerVu<D>('mqtt({ username })', "'load'")),
      password: optional(textPerVu<D>('mqtt({ password })', 'process.env.MQTT_PASSWORD')),
      keepAlive: optional(duration({ min: 1000, max: 65_535_000 }), 30_000),
      isClean: optional(flag(false), true),
    },
    { example: "mqtt({ username: 'load' })" },
  )

/** Options of {@link mqttPublish}. */
export interface MqttPublishOptions {
  /** Quality of service; 2 exchanges all four packets. @default 0 */
  readonly qos?: 0 | 1 | 2
  /** Whether the broker keeps the message for later subscribers. @default false */
  readonly isRetained?: boolean
}

/**
 * MQTT over WebSocket; requires the package `mqtt-packet`. A message is the payload of a PUBLISH packet, with `topic`, `qos`
 * and `retain` in its `headers`. Send with {@link mqttSubscribe}, {@link mqttUnsubscribe} and {@link mqttPublish}. The client
 * acknowledges deliveries of quality 1 and 2, and sends DISCONNECT at the end of the run. A subscription or, with MQTT 5, a
 * publication that the broker refuses closes the connection.
 *
 * @throws {MissingPackageError} if `mqtt-packet` is not installed
 *
 * @example
 * const framing = mqtt({ username: 'load', password: 'secret' })
 */
export function mqtt<D = unknown>(options: MqttOptions<D> = {}): Framing {
  const { protocolVersion, keepAliveMs, clientId, username, password, isClean } = readOptions(
    'mqtt()',
    mqttOptions<D>(),
    options,
  )
  const codec = loadCodec()
  const prefix = `vitest-slo-${randomUUID().slice(0, 8)}`
  return {
    name: 'MQTT',
    subprotocols: ['mqtt'],
    heartbeat: { every: keepAliveMs, message: codec.generate({ cmd: 'pingreq' }), hasResponse: true },
    open(socket) {
      const vu = socket.vu as Vu<D>
      const connect: IConnectPacket = {
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion,
        clean: isClean,
        clientId: clientId?.(vu) ?? `${prefix}-${vu.id}`,
        keepalive: Math.floor(keepAliveMs / 1000),
        ...(username === undefined ? {} : { username: username(vu) }),
        ...(password === undefined ? {} : { password: Buffer.from(password(vu)) }),
      }
      return new MqttConnection(socket, codec, connect)
    },
  }
}

/**
 * A subscription to one or several topic filters. The message whose `responseTo` is this one is the SUBACK.
 *
 * @example
 * const subscribe = () => mqttSubscribe('prices/#', { qos: 1 })
 */
export function mqttSubscribe(
  topics: string | readonly string[],
  options: Pick<MqttPublishOptions, 'qos'> = {},
): Outgoing {
  checkHelperOptions('mqttSubscribe()', options, SUBSCRIBE)
  const { qos = 0 } = options
  return request({ cmd: 'subscribe', subscriptions: listOf(topics).map((topic) => ({ topic, qos })) })
}

/**
 * The end of one or several subscriptions. The message whose `responseTo` is this one is the UNSUBACK.
 *
 * @example
 * const leave = mqttUnsubscribe('prices/#')
 */
export function mqttUnsubscribe(topics: string | readonly string[]): Outgoing {
  return request({ cmd: 'unsubscribe', unsubscriptions: listOf(topics) })
}

/**
 * A publication: text or bytes unchanged, an object as JSON. In `ws.run()` the acknowledgement of quality 1 or 2 is the
 * response, unless the step has an `isResponse`; with quality 0 there is no acknowledgement.
 *
 * @example
 * const steps = [{ name: 'publish', send: () => mqttPublish('prices/7', { price: 12 }, { qos: 1 }) }]
 */
export function mqttPublish(
  topic: string,
  payload: string | Uint8Array | Readonly<Record<string, unknown>>,
  options: MqttPublishOptions = {},
): Outgoing {
  checkHelperOptions('mqttPublish()', options, PUBLISH)
  const { qos = 0, isRetained = false } = options
  const bytes = typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload)
  const packet = { cmd: 'publish', topic, payload: Buffer.from(bytes as string), qos, retain: isRetained, dup: false }
  return qos === 0 ? packet : request(packet)
}

const SUBSCRIBE = {
  qos: {
    isValid: (value: unknown) => value === 0 || value === 1 || value === 2,
    rule: 'must be 0, 1 or 2',
    example: 'qos: 1',
  },
}
const PUBLISH = {
  ...SUBSCRIBE,
  isRetained: {
    isValid: (value: unknown) => typeof value === 'boolean',
    rule: 'must be true or false',
    example: 'isRetained: true',
  },
}

type Codec = typeof mqttPacket
type Received = Packet & { readonly messageId?: number; readonly reasonCode?: number }

/** Packet identifiers have 16 bits. */
const MAX_MESSAGE_ID = 65_535
/** The lowest code by which a broker refuses a subscription or, with MQTT 5, a publication. */
const REFUSED = 0x80
/** Packets that end a request. */
const RESPONSES: Readonly<Record<string, readonly string[]>> = {
  subscribe: ['suback'],
  unsubscribe: ['unsuback'],
  publish: ['puback', 'pubcomp'],
}

class MqttConnection implements FramedConnection {
  readonly #socket: FramedSocket
  readonly #codec: Codec
  readonly #parser: Parser
  readonly #options: { readonly protocolVersion: number }
  readonly #pending = new Pending()
  /** Ids of received messages of quality 2 that the broker has not released yet. */
  readonly #unreleased = new Set<number>()
  #messages: Message[] = []
  #lastId = 0
  #isConnected = false

  constructor(socket: FramedSocket, codec: Codec, connect: IConnectPacket) {
    this.#socket = socket
    this.#codec = codec
    this.#options = { protocolVersion: connect.protocolVersion! }
    this.#parser = codec.parser(this.#options)
    this.#parser.on('packet', (packet: Packet) => this.#receivePacket(packet))
    this.#parser.on('error', (error: Error) => socket.fail(`MQTT: ${error.message}`))
    socket.send(codec.generate(connect))
  }

  receive({ data }: Message): readonly Message[] {
    this.#messages = []
    this.#parser.parse(data)
    return this.#messages
  }

  send(message: Outgoing): readonly Uint8Array[] {
    const { cmd, qos } = message as { cmd?: unknown; qos?: number }
    if (typeof cmd !== 'string')
      throw new TypeError(`mqtt() sends packets only, received ${JSON.stringify(message).slice(0, 80)}
Fix: make the message with mqttSubscribe('topic') or mqttPublish('topic', payload)`)
    if (qos === 0) return [this.#bytesOf(message)]
    this.#lastId = (this.#lastId % MAX_MESSAGE_ID) + 1
    const messageId = Number(this.#pending.add(message, String(this.#lastId)))
    return [this.#bytesOf({ ...(message as object), messageId })]
  }

  close(): void {
    if (this.#isConnected) this.#reply({ cmd: 'disconnect' })
  }

  #bytesOf(packet: unknown): Uint8Array {
    return this.#codec.generate(packet as Packet, this.#options)
  }

  #reply(packet: { readonly cmd: string; readonly messageId?: number | undefined }): void {
    this.#socket.send(this.#bytesOf(packet))
  }

  #receivePacket(packet: Received): void {
    const { cmd, reasonCode = 0 } = packet
    if ((cmd === 'puback' || cmd === 'pubrec' || cmd === 'pubcomp') && reasonCode >= REFUSED)
      return this.#socket.fail(`MQTT: a publication was refused (reason ${reasonCode})`)
    switch (packet.cmd) {
      case 'publish':
        return this.#published(packet)
      case 'pubrec':
        return this.#reply({ cmd: 'pubrel', messageId: packet.messageId })
      case 'pubrel':
        this.#unreleased.delete(packet.messageId!)
        return this.#reply({ cmd: 'pubcomp', messageId: packet.messageId })
      case 'suback':
        if (packet.granted.some((granted) => Number(granted) >= REFUSED))
          return this.#socket.fail('MQTT: a subscription was refused')
        return this.#responded(packet, packet.granted.length)
      case 'unsuback':
        // MQTT 3.1.1 has no reason codes here.
        if (packet.granted?.some((granted) => granted >= REFUSED))
          return this.#socket.fail('MQTT: the end of a subscription was refused')
        return this.#responded(packet, packet.granted?.length)
      case 'puback':
      case 'pubcomp':
        return this.#responded(packet)
      case 'connack':
        return this.#connected(packet.returnCode ?? packet.reasonCode ?? 0)
      case 'pingresp':
        return this.#socket.heartbeatResponded()
      case 'disconnect':
        return this.#socket.fail(`MQTT: disconnected by the broker (reason ${packet.reasonCode ?? 0})`)
    }
  }

  #connected(code: number): void {
    this.#isConnected = code === 0
    if (this.#isConnected) this.#socket.ready()
    else this.#socket.fail(`MQTT: connection refused (code ${code})`)
  }

  #published({ topic, payload, qos, retain, messageId }: Received & { cmd: 'publish' }): void {
    const data = Buffer.isBuffer(payload) ? payload : Buffer.from(payload)
    const headers = { topic, qos: String(qos), retain: String(retain) }
    // Until the broker releases the id, a repeated message of quality 2 is the same delivery (MQTT 3.1.1, 4.3.3).
    if (qos === 2) {
      this.#reply({ cmd: 'pubrec', messageId })
      if (this.#unreleased.has(messageId!)) return
      this.#unreleased.add(messageId!)
    }
    // Messages are compared by all that a scenario can read of them.
    const packet = Buffer.concat([Buffer.from(`${topic}\0${qos}${retain}\0`), data])
    this.#messages.push(new Message(data, true, { headers, packet }))
    if (qos === 1) this.#reply({ cmd: 'puback', messageId })
  }

  /** @param codes number of reason codes; `undefined` if the packet has none */
  #responded({ cmd, messageId = 0 }: Received, codes?: number): void {
    const responseTo = this.#pending.take(String(messageId))
    if (responseTo === undefined) return
    const sent = responseTo as { readonly cmd: string; readonly subscriptions?: []; readonly unsubscriptions?: [] }
    if (!RESPONSES[sent.cmd]?.includes(cmd)) return this.#socket.fail(`MQTT: ${cmd} as the response to ${sent.cmd}`)
    const topics = (sent.subscriptions ?? sent.unsubscriptions)?.length
    if (codes !== undefined && codes !== topics)
      return this.#socket.fail(`MQTT: a response with ${codes} codes to a request with ${topics} topics`)
    this.#messages.push(new Message(Buffer.alloc(0), true, { headers: { packet: cmd }, responseTo }))
  }
}

function loadCodec(): Codec {
  try {
    return createRequire(import.meta.url)('mqtt-packet') as Codec
  } catch (error) {
    throw new MissingPackageError('mqtt()', 'mqtt-packet', 'mqtt-packet', error)
  }
}

function listOf(topics: string | readonly string[]): readonly string[] {
  return typeof topics === 'string' ? [topics] : topics
}

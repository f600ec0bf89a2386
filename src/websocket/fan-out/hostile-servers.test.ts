import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import { load } from '../../testing/truth-websocket.ts'

const PUBLICATIONS = 60
const RATE = 30
/** The publication at which faults begin. */
const FAULT = 20

/** What a server does to one of its clients. Counts are those of deliveries that it makes or leaves out. */
interface Client {
  socket: WebSocket | undefined
  wire: Duplex
  /** Messages that were published while the client had no connection. */
  missed: Buffer[]
  received: Buffer[]
  truth: Partial<Record<'missing' | 'duplicate' | 'outOfOrder', number>>
}

/** A frame as a server sends it: not masked. Payloads have at most 125 bytes. */
function frame(payload: Buffer, { opcode = 1, isLast = true, reserved = 0 } = {}): Buffer {
  return Buffer.concat([Buffer.of((isLast ? 0x80 : 0) | reserved | opcode, payload.length), payload])
}

const TEXT = 1
const CONTINUATION = 0
const CLOSE = 8
const PING = 9
const COMPRESSED = 0x40

/** One frame for each byte, which splits characters, with pings between them. */
function bytewise(message: Buffer): Buffer {
  return Buffer.concat(
    [...message].flatMap((byte, at) => [
      frame(Buffer.of(byte), { opcode: at === 0 ? TEXT : CONTINUATION, isLast: at === message.length - 1 }),
      frame(Buffer.from('still there?'), { opcode: PING }),
    ]),
  )
}

/** Leaves a client without deliveries until it has a new connection. */
function sendLast(client: Client, bytes: Buffer, end = () => {}): void {
  client.wire.write(bytes, end)
  client.socket = undefined
}

interface Fault {
  /** Sends the publication {@link FAULT}. @default as all others */
  readonly begin?: (client: Client, message: Buffer) => void
  /** Sends a publication after that. @default as all others */
  readonly later?: (client: Client, message: Buffer, nth: number) => void
  /** Sends something in the packet of the new handshake. @default nothing, and what was missed stays missing */
  readonly back?: (client: Client) => void
}

const send = ({ wire }: Client, message: Buffer) => void wire.write(frame(message))
const lose = (client: Client, count: number) => {
  client.truth.missing = (client.truth.missing ?? 0) + count
}
const breakOff = (client: Client, message: Buffer) => {
  client.missed.push(message)
  sendLast(client, Buffer.alloc(0), () => client.wire.destroy())
}

/** Faults by client. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'has no fault': {},
  'frames single bytes, which splits characters': {
    begin: (client, message) => void client.wire.write(bytewise(message)),
    later: (client, message) => void client.wire.write(bytewise(message)),
  },
  'subscribes the client twice': {
    later(client, message) {
      send(client, message)
      send(client, message)
      client.truth.duplicate = (client.truth.duplicate ?? 0) + 1
    },
  },
  'breaks off within a frame, and replays everything with the new handshake': {
    begin(client, message) {
      client.missed.push(message)
      sendLast(client, frame(message).subarray(0, 20), () => client.wire.destroy())
    },
    back: (client) => client.missed.forEach((message) => send(client, message)),
  },
  'breaks off within a message of several frames, and replays everything': {
    begin(client, message) {
      client.missed.push(message)
      sendLast(client, frame(message.subarray(0, 9), { isLast: false }), () => client.wire.destroy())
    },
    back: (client) => client.missed.forEach((message) => send(client, message)),
  },
  'replays in reverse': {
    begin: breakOff,
    back(client) {
      client.missed.toReversed().forEach((message) => send(client, message))
      client.truth.outOfOrder = client.missed.length - 1
    },
  },
  'replays five messages too many': {
    begin: breakOff,
    back(client) {
      for (const message of [...client.received.slice(-5), ...client.missed]) send(client, message)
      client.truth.duplicate = 5
    },
  },
  'replays all but the first': {
    begin: breakOff,
    back(client) {
      client.missed.slice(1).forEach((message) => send(client, message))
      lose(client, 1)
    },
  },
  'closes in the packet of a message': {
    begin(client, message) {
      const code = Buffer.alloc(2)
      code.writeUInt16BE(1012)
      sendLast(client, Buffer.concat([frame(message), frame(code, { opcode: CLOSE })]))
    },
    back: (client) => lose(client, client.missed.length),
  },
  'sends text that is not UTF-8': {
    begin: (client, message) => sendLast(client, Buffer.concat([frame(message), frame(Buffer.of(0xc3, 0x28))])),
    back: (client) => lose(client, client.missed.length),
  },
  'compresses although that was not agreed': {
    begin(client, message) {
      client.missed.push(message)
      sendLast(client, frame(message, { reserved: COMPRESSED }))
    },
    back: (client) => lose(client, client.missed.length),
  },
  'stalls, and then delivers everything': {
    begin: (client, message) => void client.missed.push(message),
    later(client, message, nth) {
      client.missed.push(message)
      if (nth < 45) return
      client.missed.splice(0).forEach((each) => send(client, each))
    },
  },
}

const NAMES = Object.keys(FAULTS)

async function startHostile() {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  const clients: Client[] = []
  server.on('upgrade', (request, wire, head) => {
    const id = Number(new URL(request.url!, 'ws://localhost').searchParams.get('client'))
    wire.on('error', () => {})
    // Corked, so that the response of the handshake and what follows it are one packet.
    wire.cork()
    sockets.handleUpgrade(request, wire, head, (socket) => {
      socket.on('error', () => {})
      const client = (clients[id] ??= { socket, wire, missed: [], received: [], truth: {} })
      if (client.wire !== wire) {
        client.socket = socket
        client.wire = wire
        FAULTS[NAMES[id]!]!.back?.(client)
        client.missed = []
      }
      process.nextTick(() => wire.uncork())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const { wire } of clients) wire.destroy()
    sockets.close()
    server.close()
  })
  const publish = (id: string, nth: number) => {
    const message = Buffer.from(JSON.stringify({ id, text: 'Zürich 😀' }))
    for (const [at, client] of clients.entries()) {
      const { begin = send, later = send } = FAULTS[NAMES[at]!]!
      if (client.socket === undefined) client.missed.push(message)
      else if (nth < FAULT) {
        client.received.push(message)
        send(client, message)
      } else if (nth === FAULT) begin(client, message)
      else later(client, message, nth)
    }
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, publish, clients }
}

describe.each([1, 2])('a server whose faults are known, with %i processes of sockets', (processes) => {
  test('has each of them counted for the client that it affects, to the message', async () => {
    const server = await startHostile()
    const run = await load(server).fanOut({
      ...{ path: '/', connections: NAMES.length, processes, reconnect: 200, lateThreshold: '5s' },
      query: ({ id }) => ({ client: String(id) }),
      duration: (PUBLICATIONS / RATE) * 1000,
      publish: { rate: RATE, send: ({ id, sequence }) => server.publish(id, sequence) },
      identify: (message) => {
        const { id, text } = message.json<{ id: string; text: string }>()
        return text === 'Zürich 😀' ? { id } : undefined
      },
    })
    const none = { missing: 0, duplicate: 0, outOfOrder: 0 }
    const byClient = new Map(run.worstClients(NAMES.length).map((each) => [each.client, each]))
    const found = NAMES.map((name, at) => {
      const { missing, duplicate, outOfOrder } = { ...none, ...byClient.get(at) }
      return [name, { missing, duplicate, outOfOrder }]
    })
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(NAMES.map((name, at) => [name, { ...none, ...server.clients[at]!.truth }])),
    )
    expect(run.deliveries).toMatchObject({ expected: NAMES.length * PUBLICATIONS, unexpected: 0, unidentified: 0 })
    expect(run.invalidities).toEqual([])
    // Faults that break the connection.
    expect(run.sockets).toMatchObject({ closed: 8, reconnected: 8 })
    const { recoveries, evidenceLines } = run[evidenceOf]()
    expect(recoveries.lost).toBe(8)
    expect(evidenceLines.join('\n')).toContain(
      '8 closed, some of them because the target broke the protocol, 8 reconnected',
    )
  })
})

describe('a server that closes a fifth of its sockets before they are subscribed', () => {
  test.each([
    [1013, '1013 (try again later)', 'target'],
    [4001, '4001', undefined],
  ])('with code %i, described as %s, is blamed as: %s', async (code, name, blame) => {
    const server = createServer()
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket, request) => {
      if (request.url!.endsWith('client=0')) socket.close(code, 'later')
      else socket.on('message', () => socket.send('joined'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      sockets.clients.forEach((socket) => socket.terminate())
      sockets.close()
      server.close()
    })
    const run = await load({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }).fanOut({
      ...{ path: '/', connections: 5, duration: 300, subscribe: () => 'join', drainDuration: 1000 },
      query: ({ id }) => ({ client: String(id) }),
      isSubscribed: (message) => message.toString() === 'joined',
      publish: { rate: 20, send: ({ id }) => sockets.clients.forEach((socket) => socket.send(id)) },
      identify: (message) => ({ id: message.toString() }),
    })
    expect(run.sockets.failures).toEqual({ [`closed with code ${name}: later, before it was ready`]: 1 })
    expect(run.invalidities.map((each) => [each.reason, each.blame])).toEqual([['offered-rate-missed', blame]])
  })
})

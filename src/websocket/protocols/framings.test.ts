import { generate, type Packet } from 'mqtt-packet'
import { describe, expect, test } from 'vitest'
import type { Duration } from '../../options/checks.ts'
import type { Framing, FramingHeartbeat } from '../framing.ts'
import { Message, type Outgoing } from '../message.ts'
import { graphqlOperation, graphqlTransportWs } from './graphql-transport-ws.ts'
import { mqtt, mqttSubscribe, mqttUnsubscribe } from './mqtt.ts'
import { phoenixChannels, phoenixJoin, phoenixLeave, phoenixPush } from './phoenix-channels.ts'
import { signalR, signalRInvocation, signalRStream } from './signal-r.ts'
import { socketIo, socketIoEvent, socketIoRequest } from './socket-io.ts'
import { stomp, stompSend, stompSubscribe } from './stomp.ts'

/** A connection of a framing with the test as its server, for behaviour that real servers rarely show. */
function open(framing: Framing) {
  const sent: string[] = []
  const events: string[] = []
  const write = (frame: string | Uint8Array) => void sent.push(String(Buffer.from(frame as string)))
  const connection = framing.open({
    client: 0,
    vu: { id: 0, data: undefined, vars: {} },
    send: write,
    ready: () => void events.push('ready'),
    heartbeatResponded: () => void events.push('heartbeat responded'),
    fail: (why) => void events.push(why),
  })
  return {
    /** Frames that the protocol itself sent. */
    sent,
    events,
    heartbeat: (): FramingHeartbeat | undefined => connection.heartbeat,
    send: (message: Outgoing) => [...connection.send(message)].map((frame) => String(Buffer.from(frame as string))),
    /** Messages of a frame of text or bytes. */
    receive(frame: string | Buffer): readonly Message[] {
      const data = typeof frame === 'string' ? Buffer.from(frame) : frame
      const received = connection.receive(new Message(data, typeof frame !== 'string'))
      if (received === undefined) return []
      return Symbol.iterator in received ? [...received] : [received]
    },
  }
}

const textOf = (messages: readonly Message[]) => messages.map(String)

describe('Socket.IO', () => {
  const connected = (framing = socketIo()) => {
    const connection = open(framing)
    connection.receive('0{"sid":"x"}')
    connection.receive('40{"sid":"y"}')
    return connection
  }

  test('delivers an event once all of its attachments have arrived, each in its place', () => {
    const { receive } = connected()
    expect(receive('452-["photos",{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}]')).toEqual([])
    expect(receive(Buffer.from('first'))).toEqual([])
    const [event] = receive(Buffer.from('second'))
    expect(event!.json()).toEqual(['photos', Buffer.from('second'), Buffer.from('first')])
    // Bytes that no packet announced are ignored.
    expect(receive(Buffer.from('third'))).toEqual([])
    expect(textOf(receive('450-["none"]'))).toEqual(['["none"]'])
  })

  test('compares events by their attachments too', () => {
    const { receive } = connected()
    const photo = (bytes: string) => {
      receive('451-["photo",{"_placeholder":true,"num":0}]')
      return receive(Buffer.from(bytes))[0]!.packet
    }
    expect(photo('a').equals(photo('a'))).toBe(true)
    expect(photo('a').equals(photo('b'))).toBe(false)
  })

  test('links an acknowledgement to the event with its number, and ignores any other', () => {
    const { send, receive } = connected()
    const [first, second] = [socketIoRequest('say', 1), socketIoRequest('say', Buffer.from('2'))]
    expect(send(first)).toEqual(['421["say",1]'])
    expect(send(second)).toEqual(['451-2["say",{"_placeholder":true,"num":0}]', '2'])
    expect(receive('432["two"]').map(({ responseTo }) => responseTo)).toEqual([second])
    receive('461-1[{"_placeholder":true,"num":0}]')
    expect(receive(Buffer.from('one')).map(({ responseTo }) => responseTo)).toEqual([first])
    for (const again of ['431["one"]', '439[]', '43[]']) expect(receive(again)).toEqual([])
  })

  test('acknowledges an event only if the server requests it, with the number of the event', () => {
    const { sent, receive } = connected(socketIo({ acknowledgement: (event) => [event.json<[string]>()[0]] }))
    sent.length = 0
    expect(receive('42["quiet"]')[0]!.responseTo).toBeUndefined()
    expect(textOf(receive('4217["loud"]'))).toEqual(['["loud"]'])
    expect(sent).toEqual(['4317["loud"]'])
    const silent = connected(socketIo({ acknowledgement: () => undefined }))
    silent.sent.length = 0
    silent.receive('4217["loud"]')
    expect(silent.sent).toEqual([])
  })

  test('responds to pings, and closes its connection with the reason of the server', () => {
    const { sent, events, receive } = connected()
    expect(sent).toEqual(['40'])
    receive('2')
    expect(sent).toEqual(['40', '3'])
    for (const end of ['1', '41', '44{"message":"who are you?"}', '44"?"']) receive(end)
    expect(events).toEqual([
      'ready',
      'Socket.IO: closed by the server',
      'Socket.IO: disconnected by the server',
      'Socket.IO: who are you?',
      'Socket.IO: connection refused',
    ])
  })

  test.each(['40', '40{}', '40/rooms,{"sid":7}', '40"y"', '40?'])('does not take %s for a connection', (frame) => {
    const { events, receive } = open(socketIo())
    receive('0{"sid":"x"}')
    receive(frame)
    expect(events).toEqual(['Socket.IO: connected without a session id, as by a server before version 3'])
  })

  test('sends events and acknowledgements to its namespace', () => {
    const { sent, send, receive } = open(socketIo({ namespace: '/rooms', auth: { user: 7 } }))
    receive('0{}')
    expect(sent).toEqual(['40/rooms,{"user":7}'])
    expect(send(socketIoEvent('join', 'a'))).toEqual(['42/rooms,["join","a"]'])
    expect(textOf(receive('42/rooms,5["price"]'))).toEqual(['["price"]'])
    expect(sent).toEqual(['40/rooms,{"user":7}', '43/rooms,5[]'])
  })
})

describe('STOMP', () => {
  const connected = (heartBeat = '0,0', options?: Parameters<typeof stomp>[0]) => {
    const connection = open(stomp(options))
    connection.receive(`CONNECTED\nversion:1.2\nheart-beat:${heartBeat}\n\n\0`)
    return connection
  }

  test.each<[string, Duration, string, number | undefined]>([
    ['as often as the client can, if the server wants them more often', '200ms', '0,100', 200],
    ['as often as the server wants them, if the client could send more often', '200ms', '0,500', 500],
    ['never if the server wants none', '200ms', '500,0', undefined],
    ['never if the client sends none', 0, '0,500', undefined],
  ])('sends heart-beats %s', (_, heartbeat, offered, every) => {
    const beat = connected(offered, { heartbeat }).heartbeat()
    expect(beat).toEqual(every === undefined ? undefined : { every, message: '\n' })
  })

  test('offers heart-beats, and sends none to a server that does not request any', () => {
    const connection = open(stomp({ heartbeat: '3s' }))
    expect(connection.sent[0]).toContain('\nheart-beat:3000,3000\n')
    connection.receive('CONNECTED\nversion:1.1\n\n\0')
    expect(connection.events).toEqual(['ready'])
    expect(connection.heartbeat()).toBeUndefined()
  })

  test('links a receipt to the frame with its number, and to no other', () => {
    const { send, receive } = connected()
    const [first, second] = [1, 2].map((nth) => stompSend('/topic/a', { nth }, { isConfirmed: true }))
    for (const message of [first!, second!]) send(message)
    const responseTo = (receipt: string) => receive(`RECEIPT\nreceipt-id:${receipt}\n\n\0`)[0]!.responseTo
    expect([responseTo('2'), responseTo('2'), responseTo('9'), responseTo('1')]).toEqual([
      second,
      undefined,
      undefined,
      first,
    ])
  })

  test('acknowledges messages only of subscriptions that require it, in the form of the version', () => {
    const { sent, send, receive } = connected()
    for (const [destination, ack] of Object.entries({ '/a': 'client', '/b': 'auto', '/c': 'client-individual' }))
      send(stompSubscribe(destination, { ack }))
    sent.length = 0
    const message = (subscription: string, more: string) =>
      receive(`MESSAGE\nsubscription:${subscription}\nmessage-id:m-1\n${more}\n{}\0`)
    message('sub-0', 'ack:a-1\n')
    message('sub-1', 'ack:a-2\n')
    message('sub-2', '')
    expect(sent).toEqual(['ACK\nid:a-1\n\n\0', 'ACK\nsubscription:sub-2\nmessage-id:m-1\n\n\0'])
  })

  test('closes its connection after an ERROR frame or bytes that are not STOMP', () => {
    const { events, receive } = connected()
    receive('ERROR\nmessage:no such topic\n\nbody\0')
    receive('ERROR\n\n\0')
    expect(receive('MESSAGE\nno colon\n\n\0')).toEqual([])
    expect(receive('MESSAGE\ncontent-length:1\n\nab\0')).toEqual([])
    expect(events).toEqual([
      'ready',
      'STOMP: no such topic',
      'STOMP: error',
      'STOMP: a STOMP header without a colon',
      'STOMP: a STOMP frame MESSAGE that does not end with NUL',
    ])
  })

  test('parses frames split at any byte, bodies with NUL, heart-beats between frames, and escaped headers', () => {
    const stream =
      '\n\nMESSAGE\ncontent-length:3\nx\\cy:a\\nb\\\\\nx\\cy:again\n\na\0b\0\r\n\nMESSAGE\r\ndestination:/t\r\n\r\nzwei\0\n'
    for (let cut = 0; cut <= stream.length; cut++) {
      const { receive } = connected()
      const messages = [...receive(stream.slice(0, cut)), ...receive(stream.slice(cut))]
      expect(textOf(messages)).toEqual(['a\0b', 'zwei'])
      expect(messages.map(({ headers }) => headers)).toMatchObject([{ 'x:y': 'a\nb\\' }, { destination: '/t' }])
    }
  })
})

describe('graphql-transport-ws', () => {
  const connected = () => {
    const connection = open(graphqlTransportWs())
    connection.receive('{"type":"connection_ack"}')
    return connection
  }
  const operation = () => graphqlOperation({ query: '{ a }' })

  test('links results to their operation until it is complete or has failed', () => {
    const { send, receive } = connected()
    const [first, second] = [operation(), operation()]
    for (const each of [first, second]) send(each)
    const next = (id: string) => receive(`{"type":"next","id":"${id}","payload":{"data":{}}}`)[0]!.responseTo
    expect([next('2'), next('1'), next('1')]).toEqual([second, first, first])
    expect(receive('{"type":"complete","id":"1"}')).toEqual([])
    const [failed] = receive('{"type":"error","id":"2","payload":[{"message":"no"}]}')
    expect(failed!.responseTo).toBe(second)
    expect(failed!.json()).toEqual({ errors: [{ message: 'no' }] })
    expect([next('1'), next('2'), next('7')]).toEqual([undefined, undefined, undefined])
  })

  test('is ready once the server has accepted it, responds to pings with their payload, and reports pongs', () => {
    const connection = open(graphqlTransportWs({ pingInterval: '1s', connectionParams: { token: 'a' } }))
    expect(connection.sent).toEqual(['{"type":"connection_init","payload":{"token":"a"}}'])
    expect(connection.events).toEqual([])
    connection.receive('{"type":"connection_ack"}')
    connection.receive('{"type":"ping","payload":{"n":1}}')
    expect(connection.sent.slice(1)).toEqual(['{"type":"pong","payload":{"n":1}}'])
    connection.receive('{"type":"pong"}')
    connection.receive('no JSON')
    expect(connection.events).toEqual([
      'ready',
      'heartbeat responded',
      'graphql-transport-ws: a message that is not JSON',
    ])
  })
})

describe('Phoenix channels', () => {
  const TOPIC = 'room:a'
  const joined = () => {
    const connection = open(phoenixChannels())
    const join = phoenixJoin(TOPIC)
    connection.send(join)
    return { ...connection, join }
  }
  const reply = (ref: string, topic = TOPIC) => `["1","${ref}","${topic}","phx_reply",{"status":"ok","response":{}}]`

  test('links a reply, as text or bytes, to the push with its reference, and to no other', () => {
    const { send, receive, join } = joined()
    const [first, second] = [phoenixPush(TOPIC, 'say'), phoenixPush(TOPIC, 'say', Buffer.from('x'))]
    expect(send(first)).toEqual(['["1","2","room:a","say",{}]'])
    send(second)
    const binary = Buffer.concat([Buffer.from([1, 1, 1, 6, 2]), Buffer.from('13room:aokbytes')])
    const [bytes] = receive(binary)
    expect(bytes!.responseTo).toBe(second)
    expect(bytes!.headers).toEqual({ topic: TOPIC, event: 'phx_reply', status: 'ok' })
    expect(String(bytes)).toBe('bytes')
    // A push of the server may carry any reference.
    expect(receive('["1","2","room:a","price",{}]')[0]!.responseTo).toBeUndefined()
    expect(['2', '2', '9', '1'].map((ref) => receive(reply(ref))[0]!.responseTo)).toEqual([
      first,
      undefined,
      undefined,
      join,
    ])
  })

  test('parses binary pushes and broadcasts, and ignores other kinds', () => {
    const { receive } = joined()
    const push = Buffer.concat([Buffer.from([0, 1, 6, 5]), Buffer.from('1room:apricex')])
    const broadcast = Buffer.concat([Buffer.from([2, 6, 5]), Buffer.from('room:apricey')])
    const found = [push, broadcast].flatMap((frame) => receive(frame))
    expect(found.map(({ headers }) => headers)).toEqual([
      { topic: TOPIC, event: 'price' },
      { topic: TOPIC, event: 'price' },
    ])
    expect(textOf(found)).toEqual(['x', 'y'])
    expect(receive(Buffer.from([3, 0, 0]))).toEqual([])
  })

  test('numbers its heartbeats, and reports only replies to them as their responses', () => {
    const { heartbeat, events, receive } = joined()
    const { message } = heartbeat()!
    const next = message as (client: number) => Outgoing
    expect([next(0), next(0)]).toEqual(['[null,"2","phoenix","heartbeat",{}]', '[null,"3","phoenix","heartbeat",{}]'])
    expect(receive(reply('2', 'phoenix'))).toEqual([])
    expect(receive('[null,null,"phoenix","other",{}]')).toEqual([])
    receive(reply('1'))
    expect(events).toEqual(['ready', 'heartbeat responded'])
  })

  test('closes its connection if a channel crashes or is closed, unless the channel was left or joined again', () => {
    const ended = (act: (send: (message: Outgoing) => unknown) => void, frame: string) => {
      const { send, events, receive } = joined()
      act(send)
      expect(receive(frame)).toEqual([])
      return events.slice(1)
    }
    const nothing = () => {}
    expect(ended(nothing, '["1",null,"room:a","phx_error",{}]')).toEqual(['Phoenix: channel crashed'])
    expect(ended(nothing, '[null,null,"room:a","phx_error",{}]')).toEqual(['Phoenix: channel crashed'])
    expect(ended(nothing, '["1",null,"room:a","phx_close",{}]')).toEqual(['Phoenix: channel closed by the server'])
    expect(ended(nothing, '["1",null,"room:b","phx_close",{}]')).toEqual([])
    expect(ended((send) => send(phoenixLeave(TOPIC)), '["1",null,"room:a","phx_close",{}]')).toEqual([])
    expect(ended((send) => send(phoenixJoin(TOPIC)), '["1",null,"room:a","phx_close",{}]')).toEqual([])
    expect(ended(nothing, 'no JSON')).toEqual(['Phoenix: a message that is not JSON'])
  })
})

describe('SignalR', () => {
  const END = '\u001e'
  const connected = (framing = signalR()) => {
    const connection = open(framing)
    connection.receive(`{}${END}`)
    return connection
  }
  const completion = (invocationId: string, more: object) => JSON.stringify({ type: 3, invocationId, ...more }) + END

  test('links a completion to the invocation with its number, and ignores any other', () => {
    const { send, receive } = connected()
    const [first, second] = [signalRInvocation('Say', 1), signalRInvocation('Say', 2)]
    for (const message of [first, second]) send(message)
    expect(receive(completion('2', { result: 'two' })).map(({ responseTo }) => responseTo)).toEqual([second])
    expect(receive(completion('2', { result: 'two' }))).toEqual([])
    expect(receive(completion('9', { result: 'nine' }))).toEqual([])
    const [failed] = receive(completion('1', { error: 'it failed' }))
    expect(failed!.responseTo).toBe(first)
    expect(failed!.json()).toEqual({ error: 'it failed' })
  })

  test('links the items and the error of a stream to its invocation, and ignores its completion', () => {
    const { send, receive } = connected()
    const [good, bad] = [signalRStream('Count'), signalRStream('Count')]
    for (const message of [good, bad]) send(message)
    const item = (invocationId: string) => receive(JSON.stringify({ type: 2, invocationId, item: 7 }) + END)[0]!
    expect([item('1').responseTo, item('1').responseTo, item('2').responseTo]).toEqual([good, good, bad])
    expect(item('1').json()).toBe(7)
    expect(receive(completion('1', {}))).toEqual([])
    expect(item('1').responseTo).toBeUndefined()
    const [failed] = receive(completion('2', { error: 'broken' }))
    expect(failed!.responseTo).toBe(bad)
  })

  test('parses records that share a frame, also with the handshake, and records split at any byte', () => {
    const price = (n: number) => JSON.stringify({ type: 1, target: 'Price', arguments: [n, 'ä'] }) + END
    const stream = Buffer.from(`{}${END}{"type":6}${END}${price(1)}${price(2)}`)
    for (let cut = 0; cut <= stream.length; cut++) {
      const { events, receive } = open(signalR())
      const parts = [stream.subarray(0, cut), stream.subarray(cut)]
      expect(textOf(parts.flatMap((part) => receive(part)))).toEqual(['[1,"ä"]', '[2,"ä"]'])
      expect(events).toEqual(['ready'])
    }
  })

  test('sends the result that the server waits for, or an error if there is no result', () => {
    const invocation = `{"type":1,"target":"Who","arguments":[],"invocationId":"q"}${END}`
    const responses = (framing: Framing) => {
      const { sent, receive } = connected(framing)
      receive(`{"type":1,"target":"Price","arguments":[]}${END}`)
      receive(invocation)
      return sent.slice(1)
    }
    expect(responses(signalR({ result: () => undefined }))).toEqual([
      `{"type":3,"invocationId":"q","result":null}${END}`,
    ])
    expect(responses(signalR())).toEqual([
      `{"type":3,"invocationId":"q","error":"the client has no result for Who"}${END}`,
    ])
  })

  test.each(['{"type":6}', '{"type":1,"target":"Price"}', 'null', '[]'])(
    'does not take %s for a handshake',
    (record) => {
      const { events, receive } = open(signalR())
      receive(record + END)
      expect(events).toEqual(['SignalR: the first record is no response to the handshake'])
    },
  )

  test('closes its connection with the reason of the server', () => {
    const refused = open(signalR())
    refused.receive(`{"error":"unknown protocol"}${END}`)
    expect(refused.events).toEqual(['SignalR: unknown protocol'])
    const { events, receive } = connected()
    for (const record of ['{"type":7}', '{"type":7,"error":"going down"}', 'no JSON']) receive(record + END)
    expect(events).toEqual([
      'ready',
      'SignalR: closed by the server',
      'SignalR: closed by the server (going down)',
      'SignalR: a message that is not JSON',
    ])
  })
})

describe('MQTT', () => {
  test.each([4, 5] as const)('requires a code for each requested topic, with version %d', (protocolVersion) => {
    const failuresFor = (packet: Packet) => {
      const { events, send, receive } = open(mqtt({ protocolVersion }))
      send(mqttSubscribe(['a', 'b']))
      send(mqttUnsubscribe(['a', 'b']))
      const received = receive(generate(packet, { protocolVersion }))
      return [...events, ...received.map(({ headers }) => headers['packet'])]
    }
    expect(failuresFor({ cmd: 'suback', messageId: 1, granted: [0, 0] })).toEqual(['suback'])
    expect(failuresFor({ cmd: 'suback', messageId: 1, granted: [0] })).toEqual([
      'MQTT: a response with 1 codes to a request with 2 topics',
    ])
    expect(failuresFor({ cmd: 'unsuback', messageId: 2, granted: [0, 0] })).toEqual(['unsuback'])
    expect(failuresFor({ cmd: 'unsuback', messageId: 2, granted: [0] })).toEqual(
      protocolVersion === 4 ? ['unsuback'] : ['MQTT: a response with 1 codes to a request with 2 topics'],
    )
  })

  test('does not take a confirmation of another kind for the response to a subscription', () => {
    const { events, send, receive } = open(mqtt())
    send(mqttSubscribe('a'))
    expect(receive(generate({ cmd: 'puback', messageId: 1 }))).toEqual([])
    expect(events).toEqual(['MQTT: puback as the response to subscribe'])
  })

  const publish = (messageId: number, dup: boolean) =>
    generate({ cmd: 'publish', topic: 'prices', payload: '7', qos: 2, messageId, dup, retain: false })

  test('counts a repeated publication of quality 2 as one delivery until the broker releases its id', () => {
    const { receive } = open(mqtt())
    expect(textOf(receive(publish(1, false)))).toEqual(['7'])
    expect(receive(publish(1, true))).toEqual([])
    expect(textOf(receive(publish(2, false)))).toEqual(['7'])
    receive(generate({ cmd: 'pubrel', messageId: 1 }))
    expect(textOf(receive(publish(1, false)))).toEqual(['7'])
  })
})

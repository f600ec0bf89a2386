import { expect, test } from 'vitest'
import { ScenarioError } from '../../execution/scenario-error.ts'
import type { FramedConnection, FramedSocket } from '../framing.ts'
import { Message } from '../message.ts'
import { FramedConnections } from './framed-connections.ts'

/** Connections of a framing with the given `open`, and their reports. */
function connections(open: (socket: FramedSocket) => FramedConnection) {
  const events: string[] = []
  const vuOf = (id: number) => ({ id, data: undefined, vars: {} })
  const framed = new FramedConnections({ name: 'test', open }, vuOf, {
    send: (client, frames) => void events.push(`${client} sends ${frames.map(String).join()}`),
    ready: (client, heartbeat) => void events.push(`${client} is ready${heartbeat === undefined ? '' : ' and beats'}`),
    heartbeatResponded: (client) => void events.push(`${client} responded`),
    failed: (client, why) => {
      events.push(`${client} failed: ${why}`)
      framed.close(client)
    },
  })
  return { events, framed }
}

const echo: FramedConnection = { receive: (frame) => frame, send: (message) => [message as string] }

test('delays reports of open() until it has returned the connection', () => {
  const { events, framed } = connections((socket) => {
    socket.send('hello')
    socket.ready()
    return { ...echo, heartbeat: { every: '1s', message: 'beat' } }
  })
  framed.open(7)
  expect(events).toEqual(['7 sends hello', '7 is ready and beats'])
  expect(framed.framesOf(7, 'text')).toEqual(['text'])
})

test('ignores frames and reports of a closed connection once its client has a new one', () => {
  const sockets: FramedSocket[] = []
  const { events, framed } = connections((socket) => {
    sockets.push(socket)
    return echo
  })
  framed.open(0)
  framed.close(0)
  framed.open(0)
  const [first, second] = sockets
  first!.send('late')
  first!.ready()
  first!.heartbeatResponded()
  first!.fail('late')
  expect(events).toEqual([])
  second!.send('now')
  second!.heartbeatResponded()
  expect(events).toEqual(['0 sends now', '0 responded'])
})

test('closes each connection once, whichever side closed it', () => {
  const closed: number[] = []
  const { events, framed } = connections((socket) => ({
    ...echo,
    close: () => {
      closed.push(socket.client)
      socket.send('bye')
    },
  }))
  for (const client of [0, 1, 2]) framed.open(client)
  framed.close(1)
  framed.close(1)
  // Frames of close() are sent only at the end of the run: before, the socket is closed or about to be terminated.
  expect(events).toEqual([])
  framed.closeAll()
  framed.closeAll()
  expect(closed).toEqual([1, 0, 2])
  expect(events).toEqual(['0 sends bye', '2 sends bye'])
})

test('ignores further messages of a frame once one of them has ended the connection', () => {
  const { framed } = connections(() => ({
    ...echo,
    receive: (frame) =>
      frame
        .toString()
        .split('')
        .map((letter) => new Message(Buffer.from(letter), false)),
  }))
  framed.open(0)
  const taken: string[] = []
  framed.receive(0, framed.of(0)!, new Message(Buffer.from('abc'), false), (message) => {
    taken.push(message.toString())
    if (message.toString() === 'b') framed.close(0)
  })
  expect(taken).toEqual(['a', 'b'])
})

test.each<[string, unknown]>([
  ['send', { receive: () => undefined }],
  ['receive', { send: () => [] }],
])('names the method of a connection that is missing: %s', (name, connection) => {
  const { framed } = connections(() => connection as FramedConnection)
  expect(() => framed.open(0)).toThrow(
    `open of the framing test: the function must return an object with receive() and send(), and ${name}() is missing, it returned an object`,
  )
})

test('ends the run if receive() returns messages without end', () => {
  const { framed } = connections(() => ({
    ...echo,
    *receive(frame) {
      for (;;) yield frame
    },
  }))
  framed.open(0)
  const receive = () => framed.receive(0, framed.of(0)!, new Message(Buffer.from('abc'), false), () => {})
  expect(receive).toThrow(ScenarioError)
  expect(receive).toThrow(
    `receive of the framing test: the function returned more than 1,000 messages for one frame, and the connection has received fewer bytes
Fix: let the iterator that it returns end with the last message of the frame`,
  )
})

test('allows a connection no messages of bytes that an earlier one of its client received', () => {
  const { framed } = connections(() => ({
    ...echo,
    receive: (frame) => Array.from({ length: frame.toString() === 'many' ? 1_500 : 0 }, () => frame),
  }))
  const receive = (text: string) => framed.receive(0, framed.of(0)!, new Message(Buffer.from(text), false), () => {})
  framed.open(0)
  receive('x'.repeat(2_000))
  framed.close(0)
  framed.open(0)
  expect(() => receive('many')).toThrow('more than 1,000 messages for one frame')
})

test('accepts messages that a connection kept from earlier frames, and empty ones', () => {
  const kept: string[] = []
  const { framed } = connections(() => ({
    ...echo,
    receive(frame) {
      if (frame.toString() !== '') return void kept.push(...frame.toString().split(''))
      return kept.splice(0).map((letter) => new Message(Buffer.from(letter), false))
    },
  }))
  framed.open(0)
  const taken: string[] = []
  const receive = (text: string) =>
    framed.receive(0, framed.of(0)!, new Message(Buffer.from(text), false), (message) => taken.push(message.toString()))
  const long = 'x'.repeat(1_500)
  for (const text of [long, 'abc', '', 'f', '']) receive(text)
  expect(taken.join('')).toBe(`${long}abcf`)
})

import { expect, test } from 'vitest'
import type { FramedConnection, FramedSocket } from '../framing.ts'
import { Message } from '../message.ts'
import { FramedConnections } from './framed-connections.ts'

/** Connections of a framing whose `open` is the test's, and what they report. */
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

test('reports what happens within open() once there is a connection', () => {
  const { events, framed } = connections((socket) => {
    socket.send('hello')
    socket.ready()
    return { ...echo, heartbeat: { every: '1s', message: 'beat' } }
  })
  framed.open(7)
  expect(events).toEqual(['7 sends hello', '7 is ready and beats'])
  expect(framed.framesOf(7, 'text')).toEqual(['text'])
})

test('a connection that has ended has no effect on the next one of its client', () => {
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

test('closes each connection once, whichever side ended it', () => {
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
  // A farewell goes out at the end of the run only: before, the socket is gone or about to be cut.
  expect(events).toEqual([])
  framed.closeAll()
  framed.closeAll()
  expect(closed).toEqual([1, 0, 2])
  expect(events).toEqual(['0 sends bye', '2 sends bye'])
})

test('takes no further message of a frame from a connection that one of them has ended', () => {
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

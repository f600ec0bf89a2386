/**
 * What does a framing cost for each message? Publications of 150 bytes, each to 1,000 clients, from the frame to the
 * identified publication, without sockets. Prints messages per second.
 *
 *     npm run bench:framing
 */
import { formatCount } from '../src/stats/units.ts'
import { FramedConnections } from '../src/websocket/conversation/framed-connections.ts'
import { Identifier } from '../src/websocket/fan-out/identifier.ts'
import type { FramedConnection, Framing } from '../src/websocket/framing.ts'
import { Message } from '../src/websocket/message.ts'
import { delimited } from '../src/websocket/protocols/delimited.ts'

const CLIENTS = 1000
const PUBLICATIONS = 500
const ROUNDS = 5

const frameOf = (id: number) => Buffer.from(JSON.stringify({ id, title: 'x'.repeat(130) }))

/** @param headers of each message; `undefined` for the frame itself */
function own(headers: Readonly<Record<string, string>> | undefined): Framing {
  return {
    name: 'own',
    open(socket) {
      socket.ready()
      const connection: FramedConnection = {
        receive: (frame) =>
          headers === undefined ? frame : new Message(frame.data, false, { headers: { ...headers } }),
        send: () => [],
      }
      return connection
    },
  }
}

const CASES: readonly (readonly [string, Framing | undefined])[] = [
  ['no framing', undefined],
  ['the frame itself', own(undefined)],
  ['a new message', own({})],
  ['a new message with 5 headers', own({ a: '1', b: '2', c: '3', d: '4', topic: 'rooms/prices' })],
  ['delimited()', delimited()],
]

function perSecond(framing: Framing | undefined): number {
  const identifier = new Identifier(
    (message) => ({ id: message.json<{ id: number }>().id }),
    ({ id }) => id,
  )
  const framed = new FramedConnections(framing, (id) => ({ id, data: undefined, vars: {} }), {
    send() {},
    ready() {},
    heartbeatResponded() {},
    failed() {},
  })
  if (framing !== undefined) for (let client = 0; client < CLIENTS; client++) framed.open(client)
  let found = 0
  const begunMs = performance.now()
  for (let id = 1; id <= PUBLICATIONS; id++) {
    const bytes = frameOf(id)
    for (let client = 0; client < CLIENTS; client++) {
      // Each client receives the bytes in a buffer of its own.
      const data = Buffer.from(bytes)
      const connection = framed.of(client)
      if (connection === undefined) found += identifier.identify(data, false).length
      else
        framed.receive(client, connection, new Message(data, false), (message) => {
          found += identifier.identify(message.packet, message.isBinary, message).length
        })
    }
  }
  if (found !== PUBLICATIONS * CLIENTS) throw new Error(`identified ${found} publications`)
  return (found / (performance.now() - begunMs)) * 1000
}

for (const [name, framing] of CASES) {
  const rates = Array.from({ length: ROUNDS }, () => perSecond(framing)).toSorted((a, b) => a - b)
  console.log(`${name.padEnd(30)} ${formatCount(Math.round(rates[2]! / 1000) * 1000).padStart(12)} messages/s`)
}

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { reuseFragments } from './fragments.ts'
import { LocalPool } from './local-pool.ts'

/** Messages of a server, some of them in several frames, also with a ping between them. */
async function sending(): Promise<string> {
  const http = createServer()
  new WebSocketServer({ server: http, perMessageDeflate: { threshold: 0 } }).on('connection', (socket) => {
    socket.send('one')
    socket.send('tw', { fin: false })
    socket.ping()
    socket.send('', { fin: false })
    socket.send('o', { fin: true })
    socket.send(Buffer.from([1]), { fin: false, binary: true })
    socket.send(Buffer.from([2]), { fin: true, binary: true })
    socket.send('')
    socket.send('three')
    socket.send('end')
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`
}

const EXPECTED = ['one', 'two', '\u0001\u0002', '', 'three', 'end']

test.each([false, true])('messages of several frames stay whole, compressed: %s', async (perMessageDeflate) => {
  const url = await sending()
  const received: string[] = []
  const ended = Promise.withResolvers<void>()
  const pool = new LocalPool(
    {
      clients: 1,
      handshakeTimeoutMs: 5000,
      pingIntervalMs: undefined,
      perMessageDeflate,
      tls: {},
      addresses: [undefined],
    },
    {
      opened() {},
      failed: (_, kind) => ended.reject(new Error(kind)),
      closed: (_, why) => ended.reject(new Error(why)),
      message(_, data) {
        received.push(data.toString())
        if (received.at(-1) === 'end') ended.resolve()
      },
    },
  )
  pool.connect(0, { url, headers: {}, subprotocols: [] })
  await ended.promise
  await pool.close(1000)
  expect(received).toEqual(EXPECTED)
})

test('the receiver of ws uses one array for all messages, which is empty after each', async () => {
  const socket = new WebSocket(await sending())
  const arrays: unknown[] = []
  let kept: unknown[] | undefined
  socket.on('message', (data: Buffer) => {
    kept = reuseFragments(socket, kept)
    arrays.push(kept)
    if (data.toString() === 'end') socket.close()
  })
  await once(socket, 'close')
  const [first] = arrays
  expect(arrays).toHaveLength(EXPECTED.length)
  expect(first).toEqual([])
  for (const each of arrays) expect(each).toBe(first)
  expect((socket as unknown as { _receiver: { _fragments: unknown } })._receiver._fragments).toBe(first)
})

test('a socket without the array is left as it is', () => {
  expect(reuseFragments({}, undefined)).toBeUndefined()
  expect(reuseFragments({ _receiver: { _fragments: 5 } }, [])).toBeUndefined()
})

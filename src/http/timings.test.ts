import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'

const load = sharedIterations({ iterations: 6, vus: 2 })
const timingsOf = (run: { result(): object }) =>
  (run.result() as { metrics?: readonly { kind: string; name: string; count: number; min?: number; mean?: number }[] })
    .metrics ?? []

test('measures the time to the first byte apart from that to the last', async () => {
  await using server = await scriptedServer({
    onRequest(socket) {
      const text = response('slow body')
      setTimeout(() => {
        socket.write(text.slice(0, 10))
        setTimeout(() => socket.write(text.slice(10)), 60)
      }, 30)
    },
  })
  const { http } = engineFor(server.url)
  const run = await http.run({ load, request: { path: '/' }, timings: true })
  if (run.state === 'empty') throw new Error('nothing measured')
  const [firstByte, connect, tls] = timingsOf(run)
  expect([firstByte, connect, tls].map((part) => [part!.kind, part!.name, part!.count])).toEqual([
    ['timing', 'first byte', 6],
    // The connections are opened before the load.
    ['timing', 'connect', 0],
    ['timing', 'TLS', 0],
  ])
  expect(firstByte!.min).toBeGreaterThanOrEqual(29)
  expect(run.serviceTime.meanMs - firstByte!.mean!).toBeGreaterThanOrEqual(58)
})

test.each([
  ['103 Early Hints', ['HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n']],
  ['100 Continue in parts', ['HTTP/1.1 100 Cont', 'inue\r\n\r\n']],
  ['two interim responses', ['HTTP/1.1 103 Early Hints\r\n\r\n', 'HTTP/1.1 102 Processing\r\n\r\n']],
  [
    'an interim response that ends with the beginning of the next',
    ['HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 ', 'Early Hints\r\n\r\n'],
  ],
])('the first byte is that of the final response, after %s', async (_, interim) => {
  const text = response('ok')
  const parts = [...interim, text.slice(0, 20), text.slice(20)]
  const firstMs = 10 * (interim.length - 1) + 40
  const sendFrom = (socket: Socket, at: number): void => {
    if (at === parts.length) return
    socket.write(parts[at]!)
    setTimeout(sendFrom, at === interim.length - 1 ? 40 : 10, socket, at + 1)
  }
  await using server = await scriptedServer({ onRequest: (socket) => sendFrom(socket, 0) })
  const { http } = engineFor(server.url)
  const run = await http.run({ load, request: { path: '/' }, timings: true })
  if (run.state === 'empty') throw new Error('nothing measured')
  expect(run.errorRate).toBe(0)
  const [firstByte] = timingsOf(run)
  expect(firstByte!.min).toBeGreaterThanOrEqual(firstMs - parts.length)
  expect(run.serviceTime.meanMs - firstByte!.mean!).toBeGreaterThanOrEqual(8)
})

test('measures nothing unless the option is set', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => void socket.write(response()) })
  const { http } = engineFor(server.url)
  expect(timingsOf(await http.run({ load, request: { path: '/' } }))).toEqual([])
})

test('measures the connections that requests open, and their TLS handshakes', async () => {
  const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url))
  const server = https.createServer({ cert: pem('server'), key: pem('server-key') }, (_, outgoing) =>
    outgoing.end('ok'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { http } = engineFor(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const run = await http.run({
    ...{ load, request: { path: '/' }, timings: true, connections: 'per-request' },
    tls: { ca: pem('authority') },
  })
  expect(run.errorRate).toBe(0)
  const [firstByte, connect, tls] = timingsOf(run)
  expect([firstByte!.count, connect!.count, tls!.count]).toEqual([6, 6, 6])
  expect(tls!.min).toBeGreaterThan(0)
})

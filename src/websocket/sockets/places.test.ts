import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { sharedIterations } from '../../load/builders.ts'
import { setHostPolicy } from '../../machine/allowed-hosts.ts'
import { parallel } from '../../runs/parallel.ts'
import { engineFor, response, scriptedServer } from '../../testing/scripted-server.ts'
import { createWebSocket, type WebSocketContext, type WebSocketLoad } from '../websocket.ts'

const authorization = `Basic ${btoa('ann:s3cret')}`

/** A server that echoes. @returns its handshakes and its port; listens on the socket if one is named */
async function echoing(socketPath?: string): Promise<{ handshakes: IncomingMessage[]; port: number }> {
  const handshakes: IncomingMessage[] = []
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    handshakes.push(request)
    socket.on('message', (data) => socket.send(data))
  })
  if (socketPath === undefined) server.listen(0, '127.0.0.1')
  else server.listen(socketPath)
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    server.close()
  })
  return { handshakes, port: socketPath === undefined ? (server.address() as AddressInfo).port : 0 }
}

function load(context: Partial<WebSocketContext>): WebSocketLoad {
  const { signal } = new AbortController()
  const scale = { name: 'full', users: 1, time: 1 } as const
  return createWebSocket({ signal, scale, seed: 1, onRun: () => {}, ...context })
}

const options = {
  path: '/ws',
  load: sharedIterations({ iterations: 4, vus: 2 }),
  steps: { send: 'hello' },
} as const

test('connects to the baseUrl of a run without a target, and sends its credentials', async () => {
  const { handshakes, port } = await echoing()
  const run = await load({}).run({ ...options, baseUrl: `http://ann:s3cret@127.0.0.1:${port}/api` })
  expect(run.errors.size).toBe(0)
  expect(handshakes.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ['/api/ws', authorization],
    ['/api/ws', authorization],
  ])
})

test('sends the credentials of the target, unless the scenario sets authorization', async () => {
  const { handshakes, port } = await echoing()
  const ws = load({ baseUrl: `http://ann:s3cret@127.0.0.1:${port}` })
  await ws.run(options)
  await ws.run({ ...options, baseUrl: `ws://127.0.0.1:${port}` })
  await ws.run({ ...options, headers: { Authorization: 'Bearer x' } })
  const seen = handshakes.map(({ headers }) => headers.authorization)
  expect(seen).toEqual([authorization, authorization, authorization, authorization, 'Bearer x', 'Bearer x'])
})

test('connects to a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'places-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'app.sock')
  const { handshakes } = await echoing(path)
  const run = await load({ baseUrl: `unix:${path}` }).run({ ...options, query: { a: 'b' } })
  expect([run.errors.size, run.completed, handshakes[0]?.url]).toEqual([0, 4, '/ws?a=b'])
})

test('rejects a run without a target and a base URL', async () => {
  await expect(load({}).run(options)).rejects.toThrow(/baseUrl: this run has no target: add target\(/)
  const fanOut = {
    path: '/',
    connections: 1,
    duration: '1s',
    publish: { rate: 1, send: () => {} },
    identify: () => 'other',
  }
  await expect(load({}).fanOut(fanOut as never)).rejects.toThrow(/baseUrl: this run has no target/)
  await expect(load({}).run({ ...options, baseUrl: 'ftp://a' })).rejects.toThrow(
    /baseUrl: must be an http or https URL/,
  )
})

test('refuses a host for which the environment names a proxy, unless proxy is false', async () => {
  setHostPolicy({ allowRemote: ['live.example.com'] })
  vi.stubEnv('HTTPS_PROXY', 'http://proxy.example.com:3128')
  vi.stubEnv('NO_PROXY', undefined)
  vi.stubEnv('no_proxy', undefined)
  onTestFinished(() => {
    setHostPolicy({ allowRemote: [] })
    vi.unstubAllEnvs()
  })
  const baseUrl = 'wss://live.example.com'
  await expect(load({}).run({ ...options, baseUrl })).rejects.toThrow(
    'baseUrl: must not be a host for which HTTPS_PROXY names a proxy',
  )
  await expect(load({ baseUrl }).run(options)).rejects.toThrow('HTTPS_PROXY')
  // With proxy: false, only the other mistake is reported.
  const error: unknown = await load({ baseUrl })
    .run({ ...options, proxy: false, timeout: -1 })
    .catch((thrown: unknown) => thrown)
  expect(String(error)).toContain('timeout')
  expect(String(error)).not.toContain('HTTPS_PROXY')
})

test('runs in parallel with HTTP begin together, and have the names of their keys', async () => {
  const { port } = await echoing()
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
  const { http } = engineFor(server.url)
  const ws = load({ baseUrl: `http://127.0.0.1:${port}` })
  const { pages, chat } = await parallel({
    pages: http.run({ load: sharedIterations({ iterations: 2, vus: 1 }), request: { path: '/' } }),
    chat: ws.run({ ...options, startAfter: 50 }),
  })
  expect([pages.name, pages.completed, chat.name, chat.completed]).toEqual(['pages', 2, 'chat', 4])
  expect([pages.result().parallelTo, chat.result().parallelTo]).toEqual([['chat'], ['pages']])
  expect(await ws.run(options)).toMatchObject({ name: 'conversation 1' })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { evidenceOf } from '../evidence/evidence.ts'
import { sharedIterations } from '../load/builders.ts'
import type { SocketOptions } from './sockets/socket-options.ts'
import { createWebSocket, type WebSocketLoad } from './websocket.ts'

/** A server that returns every message to its sender. */
async function startServer(): Promise<{ url: string; publish: (text: string) => void }> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (ws) => ws.on('message', (data: Buffer) => ws.send(data.toString())))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    sockets.close()
    for (const ws of sockets.clients) ws.terminate()
    server.close()
  })
  const publish = (text: string) => {
    for (const ws of sockets.clients) ws.send(text)
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, publish }
}

/** No limits, so that other work on the machine does not decide these tests. */
const UNLIMITED = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, serviceTimeRatio: 1, busyUtilization: 2 }

function load(baseUrl: string): WebSocketLoad {
  const scale = { name: 'full', users: 1, time: 1 }
  return createWebSocket({
    ...{ baseUrl, seed: 1, limits: UNLIMITED, onRun: () => {} },
    ...{ signal: new AbortController().signal, scale },
  })
}

const VALUES: Pick<SocketOptions<unknown>, 'path' | 'query' | 'headers' | 'cookies'> & { readonly path: string } = {
  ...{ path: '/', query: { a: 'b' }, headers: { a: 'b' }, cookies: { a: 'b' } },
}
const NAMES = ['path', 'query', 'headers', 'cookies', 'subprotocols'] as const

/** The option as a function whose promise never settles for one VU; `undefined` for no such VU. */
function pendingFor(unresolved: number | undefined, name: (typeof NAMES)[number]): { path: string } {
  const value = name === 'subprotocols' ? [] : VALUES[name]
  const option = ({ id }: { id: number }) => (id === unresolved ? new Promise(() => {}) : Promise.resolve(value))
  return { ...VALUES, [name]: option }
}

describe.each(NAMES)('a promise of %s that does not settle', (name) => {
  const kind = `${name} did not resolve within 1.00 s for VU 3`

  async function fanOut(unresolved: number | undefined) {
    const { url, publish } = await startServer()
    return load(url).fanOut({
      ...pendingFor(unresolved, name),
      ...{
        connections: 5,
        handshakeTimeout: '1s',
        duration: 200,
        joinDelay: 0,
        lateThreshold: 500,
        drainDuration: 500,
      },
      publish: { rate: 20, send: ({ id }) => publish(id) },
      identify: (message) => ({ id: message.toString() }),
    })
  }

  test('fails the handshake of its client in a fan-out', async () => {
    const run = await fanOut(3)
    expect(run.sockets.failures).toEqual({ [kind]: 1 })
    expect(run.sockets.subscribed).toBe(4)
    expect(run.invalidities).toMatchObject([{ finding: expect.stringContaining(`1 × ${kind}`) }])
    expect((await fanOut(undefined)).sockets.failures).toEqual({})
  })

  test('fails what its VU would have sent in a conversation', async () => {
    const { url } = await startServer()
    const talk = (unresolved: number | undefined) =>
      load(url).run({
        ...pendingFor(unresolved, name),
        ...{ load: sharedIterations({ vus: 5, iterations: 50, maxDuration: '1s' }), warmup: 0, abortWhen: false },
        ...{ handshakeTimeout: '1s', timeout: 500, steps: { send: 'hello' } },
      })
    const run = await talk(3)
    expect(run.warnings).toContain(`1 of 5 VUs had no connection when the load began (1 × ${kind})`)
    expect((await talk(undefined))[evidenceOf]().invalidities).toEqual([])
  })
})

test('counts all clients of one function as one kind of failure', async () => {
  const { url } = await startServer()
  const run = await load(url).fanOut({
    ...{ path: '/', query: () => new Promise(() => {}), headers: () => new Promise(() => {}) },
    ...{ connections: 40, handshakeTimeout: 100, duration: 100 },
    ...{ publish: { rate: 20, send: () => {} }, identify: () => 'other' as const },
  })
  expect(run.sockets.failures).toEqual({ 'query and headers did not resolve within 100 ms for VU 0': 40 })
})

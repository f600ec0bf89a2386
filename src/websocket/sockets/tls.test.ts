import dns from 'node:dns'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import { sharedIterations } from '../../load/builders.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import type { FanOutOptions } from '../fan-out/fan-out-options.ts'
import { createWebSocket, type WebSocketLoad } from '../websocket.ts'

const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url))
const ca = pem('authority')
const server = createServer({ cert: pem('server'), key: pem('server-key') })
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
let port = 0

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(() => {
  sockets.close()
  server.close()
})

function webSocket(host = '127.0.0.1'): WebSocketLoad {
  return createWebSocket({
    baseUrl: `https://${host}:${port}`,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    onRun: () => {},
  })
}

async function fanOut(options: Partial<FanOutOptions>, host = '127.0.0.1'): Promise<FanOutRun> {
  return webSocket(host).fanOut({
    path: '/',
    connections: 6,
    publish: {
      rate: 10,
      send({ id }) {
        for (const client of sockets.clients) client.send(JSON.stringify({ id }))
      },
    },
    identify: (message) => message.json<{ id: string }>(),
    duration: '500ms',
    ...options,
  })
}

test.each([1, 2])('trusts the authority in tls.ca, with the sockets in %d processes', async (processes) => {
  const run = await fanOut({ tls: { ca }, processes })
  expect(run.deliveries).toMatchObject({ expected: 30, received: 30, missing: 0 })
})

test('looks up a name once, and sends it as the server name', async () => {
  const found = [{ address: '127.0.0.1', family: 4 }]
  const lookup = vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((
      _name: string,
      { all }: dns.LookupOptions,
      done: (error: null, address: unknown, family: number) => void,
    ) => process.nextTick(done, null, all === true ? found : '127.0.0.1', 4)) as never)
  onTestFinished(() => lookup.mockRestore())
  const run = await fanOut({ tls: { ca } }, 'localhost')
  expect(lookup).toHaveBeenCalledTimes(1)
  expect(run.deliveries).toMatchObject({ expected: 30, received: 30 })
})

test('names an untrusted certificate as the reason why no socket was subscribed', async () => {
  const run = await fanOut({})
  expect(run.sockets.failures).toEqual({ 'TLS (UNABLE_TO_VERIFY_LEAF_SIGNATURE)': 6 })
})

test('names a certificate for another name as the reason why no socket was subscribed', async () => {
  const run = await fanOut({ tls: { ca, servername: 'elsewhere.example' } })
  expect(run.sockets.failures).toEqual({ 'TLS (ERR_TLS_CERT_ALTNAME_INVALID)': 6 })
})

test('does not attribute http:// to a port with TLS to the target, and names the fix', async () => {
  const baseUrl = `http://127.0.0.1:${port}`
  const run = await fanOut({ baseUrl })
  expect(run.sockets.failures).toEqual({ reset: 6 })
  expect(run.invalidities).toMatchObject([{ fix: 'its port speaks TLS: write https:// in the URL' }])
  expect(run.invalidities[0]).not.toHaveProperty('blame')
  const conversation = await webSocket().run({
    path: '/',
    baseUrl,
    load: sharedIterations({ iterations: 4, vus: 2 }),
    steps: { send: 'hello' },
  })
  expect(conversation[evidenceOf]().hint).toBe(
    'no connection was opened (reset): its port speaks TLS: write https:// in the URL',
  )
})

test('names https:// to a port without TLS as the reason why no socket was subscribed', async () => {
  const plain = createPlainServer()
  plain.listen(0, '127.0.0.1')
  await once(plain, 'listening')
  onTestFinished(() => void plain.close())
  const baseUrl = `https://127.0.0.1:${(plain.address() as AddressInfo).port}`
  const run = await fanOut({ baseUrl })
  expect(run.sockets.failures).toEqual({ 'TLS (EPROTO)': 6 })
  expect(run.invalidities).toMatchObject([{ fix: expect.stringMatching(/^the target does not speak TLS/) }])
  const conversation = await webSocket().run({
    path: '/',
    baseUrl,
    load: sharedIterations({ iterations: 4, vus: 2 }),
    steps: { send: 'hello' },
  })
  expect(conversation[evidenceOf]().hint).toMatch(/^no connection was opened \(TLS \(EPROTO\)\): the target does not/)
})

test('accepts any certificate with rejectUnauthorized: false', async () => {
  const run = await fanOut({ tls: { rejectUnauthorized: false } })
  expect(run.deliveries).toMatchObject({ expected: 30, received: 30 })
})

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { setHostPolicy } from '../machine/allowed-hosts.ts'
import { engineFor } from '../testing/scripted-server.ts'

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url))
const ca = pem('authority')
const load = sharedIterations({ iterations: 6, vus: 2 })
const request = { path: '/' }

/** Responds with the name requested by SNI and the name in the client's certificate. */
const server = https.createServer(
  { cert: pem('server'), key: pem('server-key'), ca, requestCert: true, rejectUnauthorized: false },
  (incoming, outgoing) => {
    const socket = incoming.socket as TLSSocket & { servername: string | false }
    const client = socket.getPeerCertificate()
    outgoing.end(JSON.stringify({ sni: socket.servername, client: client.subject?.CN, isTrusted: socket.authorized }))
  },
)
let port = 0

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})

afterAll(() => {
  server.close()
  server.closeAllConnections()
})

test('rejects a certificate of an unknown authority before any load, with a fix', async () => {
  const { http, results } = engineFor(`https://127.0.0.1:${port}`)
  await expect(http.run({ load, request })).rejects.toThrow(
    /handshake with https:\/\/127\.0\.0\.1:\d+ failed: its certificate is not trusted: SELF_SIGNED_CERT_IN_CHAIN.*tls: \{ ca: .*rejectUnauthorized: false/s,
  )
  expect(results).toEqual([])
})

test('rejects a certificate for another name', async () => {
  const { http } = engineFor(`https://127.0.0.1:${port}`)
  const tls = { ca, servername: 'elsewhere.example' }
  await expect(http.run({ load, request, tls })).rejects.toThrow(
    /ERR_TLS_CERT_ALTNAME_INVALID \(requested name: elsewhere\.example\)/,
  )
})

test('trusts the given authority', async () => {
  const { http } = engineFor(`https://127.0.0.1:${port}`)
  const run = await http.run({ load, request, tls: { ca } })
  expect(run.completed).toBe(6)
  expect(run.errors.size).toBe(0)
  expect(run.connections.opened).toBe(2)
})

test('accepts any certificate if rejectUnauthorized is false', async () => {
  const { http } = engineFor(`https://127.0.0.1:${port}`)
  const run = await http.run({ load, request, tls: { rejectUnauthorized: false } })
  expect(run.errors.size).toBe(0)
})

test("sends the base URL's host as SNI, and a client certificate", async () => {
  setHostPolicy({ allowRemote: ['app.internal'] })
  onTestFinished(() => setHostPolicy({ allowRemote: [] }))
  const { http } = engineFor(`https://app.internal:${port}`)
  const run = await http.run({
    load,
    connectTo: { host: '127.0.0.1', port },
    request: { path: '/', check: { json: { sni: 'app.internal', client: 'load-generator', isTrusted: true } } },
    tls: { ca, cert: pem('client'), key: pem('client-key') },
  })
  expect([...run.errors]).toEqual([])
  expect(run.completed).toBe(6)
})

test('plain HTTP to a TLS port is an error of each request', async () => {
  const plain = engineFor(`http://127.0.0.1:${port}`)
  const run = await plain.http.run({ load, request })
  expect(run.errors.size).toBe(1)
  expect(run.completed).toBe(6)
})

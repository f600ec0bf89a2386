import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { setHostPolicy } from '../machine/allowed-hosts.ts'
import { engineFor } from '../testing/scripted-server.ts'
import type { Flow } from './types.ts'

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

describe('a further host', () => {
  const target = engineFor('http://127.0.0.1:1')
  const flow: Flow<undefined> = async ({ request: send }) => {
    const { sni, client } = (await send({ host: 'a', path: '/' })).json<{ sni: string; client?: string }>()
    expect([sni, client]).toEqual([false, undefined])
  }
  const baseUrlOf = () => `https://127.0.0.1:${port}`

  test('has TLS options of its own, and gets no client certificate of the target', async () => {
    const run = await target.http.run({
      ...{ load, flow, tls: { ca, cert: pem('client'), key: pem('client-key') } },
      hosts: { a: { baseUrl: baseUrlOf(), tls: { ca } } },
    })
    expect([...run.errors]).toEqual([])
    expect(run.completed).toBe(6)
  })

  test('with an unknown authority is an error that names its option', async () => {
    const error: unknown = await target.http
      .run({ load, flow, tls: { ca }, hosts: { a: baseUrlOf() } })
      .catch((thrown: unknown) => thrown)
    expect(String(error).replaceAll(String(port), 'PORT')).toMatchInlineSnapshot(`
      "PreflightError: the TLS handshake with https://127.0.0.1:PORT failed: its certificate is not trusted: SELF_SIGNED_CERT_IN_CHAIN.
      Fix: trust its authority with hosts: { a: { baseUrl, tls: { ca: readFileSync('ca.pem') } } }, check another name with hosts: { a: { baseUrl, tls: { servername } } }, or, for a staging system of your own, accept any certificate with hosts: { a: { baseUrl, tls: { rejectUnauthorized: false } } }"
    `)
  })

  test('reports all mistakes in its options', async () => {
    const hosts = { a: { baseUrl: 'ws://127.0.0.1', tls: { ca: 'ca.pem' }, url: 1 } } as never
    const error: unknown = await target.http.run({ load, flow, hosts }).catch((thrown: unknown) => thrown)
    expect(String(error)).toMatchInlineSnapshot(`
      "OptionsError: http.run() received 3 invalid options:

        hosts.a: must be an http or https URL without query and fragment
          Received: 'ws://127.0.0.1'
          Fix:      write, for example, hosts: { identity: 'https://login.example.com' }
        hosts.a.tls.ca: must be PEM, as a string or bytes, and not the path of a file
          Received: '…'
          Fix:      write, for example, ca: readFileSync('ca.pem')
        hosts.a.url: is not an option: a host has baseUrl and tls
          Received: 1
          Fix:      write, for example, hosts: { identity: { baseUrl: 'https://login.example.com', tls: { ca: readFileSync('ca.pem') } } }"
    `)
  })
})

test('plain HTTP to a TLS port is an error of each request', async () => {
  const plain = engineFor(`http://127.0.0.1:${port}`)
  const run = await plain.http.run({ load, request })
  expect(run.errors.size).toBe(1)
  expect(run.completed).toBe(6)
})

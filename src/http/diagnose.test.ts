import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net, { type AddressInfo, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantVus, sharedIterations } from '../load/builders.ts'
import { response, engineFor, scriptedServer } from '../testing/scripted-server.ts'
import type { HttpLoadOptions, OneRequest } from './types.ts'

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url))
const keys = { key: pem('server-key'), cert: pem('server') }
const tls = { rejectUnauthorized: false }
const load = sharedIterations({ iterations: 20, vus: 2 })

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function hintAt(
  url: string,
  options: Partial<HttpLoadOptions & OneRequest<undefined>> = {},
): Promise<string | undefined> {
  const { http } = engineFor(url)
  const run = await http.run({ load, request: { path: '/' }, timeout: '2s', ...options })
  return run[evidenceOf]().hint
}

test('names the protocol if http:// is used for a TLS port', async () => {
  const port = await portOf(https.createServer(keys, (_, response) => response.end()))
  expect(await hintAt(`http://127.0.0.1:${port}`)).toBe(
    `no response from http://127.0.0.1:${port} was HTTP/1.1: its port speaks TLS: write https:// in the URL`,
  )
})

test('names the protocol if http:// is used for HTTP/2 over TLS', async () => {
  const port = await portOf(http2.createSecureServer(keys))
  expect(await hintAt(`http://127.0.0.1:${port}`)).toContain('write https:// in the URL')
})

test('names the protocol if http:// is used for HTTP/2 without TLS', async () => {
  const port = await portOf(http2.createServer())
  expect(await hintAt(`http://127.0.0.1:${port}`)).toContain('it speaks HTTP/2 without TLS (h2c)')
})

test('rejects a target that speaks only HTTP/2 over TLS, before any load and not because of its certificate', async () => {
  const port = await portOf(http2.createSecureServer({ ...keys, allowHTTP1: false }))
  const { http } = engineFor(`https://127.0.0.1:${port}`)
  const { message } = (await http.run({ load, request: { path: '/' }, tls }).catch((it: unknown) => it)) as Error
  expect(message).toBe(
    `the TLS handshake with https://127.0.0.1:${port} failed: it speaks HTTP/2 only and refuses http/1.1 (ALPN).\n` +
      'Fix: let it accept http/1.1 as well, or use a listener that does: the load speaks HTTP/1.1',
  )
})

test('names a missing client certificate, which TLS 1.3 checks after the handshake', async () => {
  const port = await portOf(
    https.createServer({ ...keys, requestCert: true, rejectUnauthorized: true }, (_, response) => response.end()),
  )
  expect(await hintAt(`https://127.0.0.1:${port}`, { tls, abortWhen: false })).toBe(
    `no request to https://127.0.0.1:${port} got a response: it refused the handshake ` +
      '(ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED), as it does if it requires a client certificate\n' +
      "pass one with tls: { cert: readFileSync('client.pem'), key: readFileSync('client-key.pem') }",
  )
})

test('reports no TLS problem if a target with TLS resets connections', async () => {
  const port = await portOf(https.createServer(keys, ({ socket }) => void socket.destroy()))
  expect(await hintAt(`https://127.0.0.1:${port}`, { tls, abortWhen: false })).toMatch(/^20 requests were reset/)
})

test('rejects https:// for a port without TLS', async () => {
  const port = await portOf(createServer((_, response) => response.end()))
  const { http } = engineFor(`https://127.0.0.1:${port}`)
  const { message } = (await http.run({ load, request: { path: '/' }, tls }).catch((it: unknown) => it)) as Error
  expect(message).toContain('failed: nothing speaks TLS on that port.\nFix: write http:// in the URL')
})

test('names no other protocol if the target is broken, silent or down', async () => {
  await using resets = await scriptedServer({ onRequest: (socket) => socket.destroy() })
  expect((await hintAt(resets.url)) ?? '').not.toContain('HTTP/1.1')
  await using silent = await scriptedServer({ onRequest: () => {} })
  expect(await hintAt(silent.url, { timeout: '50ms' })).toContain('20 requests timed out')
  expect(await hintAt('http://127.0.0.1:1')).toContain('ECONNREFUSED')
})

const moved = response('', { status: '302 Found', headers: 'Location: /login\r\n' })
const REDIRECTED =
  'redirects are followed only with the option redirects: set redirects: 5, request the URL in the Location header, or add the status to expectStatus if it is expected'

test('names redirects in every response, and warns of them if nothing else is wrong', async () => {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(moved) })
  const finding = `100% of the responses were redirects. ${REDIRECTED}`
  const { http, warnings } = engineFor(server.url)
  const run = await http.run({ load, request: { path: '/' } })
  expect([run[evidenceOf]().hint, warnings]).toEqual([finding, [`http 1: ${finding}`]])
  expect(await hintAt(server.url, { request: { path: '/', check: { text: 'welcome' } } })).toBe(finding)
  expect(await hintAt(server.url, { expectStatus: 200 })).toBe(`every response was 302: ${REDIRECTED}`)
  expect(await hintAt(server.url, { expectStatus: 302 })).toBe(undefined)
})

test('does not warn of a few redirects', async () => {
  await using server = await scriptedServer({
    onRequest: (socket, _, number) => socket.write(number % 2 === 0 ? moved : response()),
  })
  const { http, warnings } = engineFor(server.url)
  await http.run({ load: constantVus({ vus: 1, duration: '100ms', thinkTime: '5ms' }), request: { path: '/' } })
  expect(warnings).toEqual([])
})

test('probes a target without HTTP/1.1 responses once per run, and does not count it', async () => {
  const received: string[] = []
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (bytes) => {
      received.push(bytes[0] === 0x16 ? 'TLS' : bytes.toString('latin1', 0, 3))
      socket.end('garbage\r\n\r\n')
    })
  })
  const { http } = engineFor(`http://127.0.0.1:${await portOf(server)}`)
  const run = await http.run({ load, request: { path: '/' }, timeout: '2s', abortWhen: false })
  expect(run.sent).toBe(20)
  expect(received.filter((start) => start === 'GET')).toHaveLength(20)
  expect(received.slice(20)).toEqual(['PRI', 'TLS'])
})

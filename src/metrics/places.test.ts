import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { expect, onTestFinished, test } from 'vitest'
import { createMetrics, type MetricsContext } from './metrics.ts'

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url))
const { signal } = new AbortController()
const respond: RequestListener = (_, response) => response.setHeader('content-type', 'text/plain').end('n 7\n')

async function valueAt(url: string, context: Partial<MetricsContext> = {}): Promise<number | undefined> {
  await using metrics = await createMetrics({ urls: [url], signal, ...context })
  return metrics.readings('n')[0]?.value
}

test('reads metrics over TLS with the target’s own options', async () => {
  const keys = { cert: pem('server'), key: pem('server-key'), ca: pem('authority'), requestCert: true }
  const server = createSecureServer(keys, respond).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  const own = { cert: pem('client'), key: pem('client-key') }
  expect(await valueAt(url, { tls: { ca: pem('authority'), ...own } })).toBe(7)
  await expect(valueAt(url)).rejects.toThrow(
    /did not respond: its certificate is not trusted: [A-Z_]+\nFix: in target\(\), or in metrics if they have a certificate of their own: trust its authority with tls: \{ ca/,
  )
})

test('reads metrics from a Unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'metrics-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'app.sock')
  const server = createServer(respond).listen(path)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  expect(await valueAt(`unix:${path}:/metrics`)).toBe(7)
})

test('follows a redirect within the same origin, with credentials', async () => {
  const seen: unknown[] = []
  const server = createServer((request, response) => {
    seen.push([request.url, request.headers.authorization])
    if (request.url === '/metrics') response.writeHead(307, { location: '/metrics/' }).end()
    else if (request.url === '/away') response.writeHead(302, { location: 'http://127.0.0.1:1/metrics' }).end()
    else respond(request, response)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const base = `http://ann:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}`
  expect(await valueAt(`${base}/metrics`)).toBe(7)
  const authorization = `Basic ${btoa('ann:s3cret')}`
  expect(seen).toEqual([
    ['/metrics', authorization],
    ['/metrics/', authorization],
  ])
  await expect(valueAt(`${base}/away`)).rejects.toThrow('/away responded with 302')
})

test('sends headers, and reports a fix if the route rejects them', async () => {
  const server = createServer((request, response) => {
    if (request.headers.authorization === 'Bearer s3cret') respond(request, response)
    else response.writeHead(401).end()
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  expect(await valueAt(url, { headers: { authorization: 'Bearer s3cret' } })).toBe(7)
  const refused = valueAt(url, { headers: { authorization: 'Bearer wrong' } })
  await expect(refused).rejects.toThrow(
    /responded with 401\nFix: set credentials for the scrapes: definePerfConfig\(\{ metrics: \{ bearerToken/,
  )
  await expect(refused).rejects.not.toThrow('wrong')
})

test.each([
  ['gzip', gzipSync],
  ['br', brotliCompressSync],
])('reads what is sent with content-encoding %s', async (encoding, compress) => {
  const server = createServer((_, response) => {
    response.setHeader('content-encoding', encoding).end(compress('n 7\n'))
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  expect(await valueAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)).toBe(7)
})

test('rejects incomplete OpenMetrics, and an unknown encoding', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/zip') response.setHeader('content-encoding', 'pkzip').end('n 7\n')
    else if (request.url === '/broken') response.setHeader('content-encoding', 'gzip').end('n 7\n')
    else response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0').end('n 7\n')
  }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await expect(valueAt(`${base}/cut`)).rejects.toThrow('is incomplete: OpenMetrics must end with # EOF')
  await expect(valueAt(`${base}/zip`)).rejects.toThrow(
    'responded with 200, but its content-encoding pkzip is not supported',
  )
  await expect(valueAt(`${base}/broken`)).rejects.toThrow(
    `${base}/broken responded with 200, but its body is not valid gzip, its content-encoding (Z_DATA_ERROR)\nFix: send the metrics uncompressed`,
  )
})

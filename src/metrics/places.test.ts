import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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
    /did not answer: its certificate is not trusted: [A-Z_]+\. In target\(\): trust its authority with tls: \{ ca/,
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
  await expect(valueAt(`${base}/away`)).rejects.toThrow('/away answered 302')
})

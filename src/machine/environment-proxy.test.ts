import { once } from 'node:events'
import http, { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { containerCpu } from '../capacity/container-cpu.ts'
import { requestReset, targetExits, targetPidsNow } from '../control/control-client.ts'
import { targetHandle } from '../fixtures/target-handle.ts'
import { createHttp } from '../http/http.ts'
import { sharedIterations } from '../load/builders.ts'
import { MetricsExporter } from '../metrics/exporter.ts'
import { scrape } from '../metrics/scrape.ts'
import { waitUntilReady } from '../services/target/readiness.ts'

const { signal } = new AbortController()
const stats = { cpu_stats: { cpu_usage: { total_usage: 1 }, online_cpus: 2 } }
const inspection = { HostConfig: { NanoCpus: 0, CpuQuota: 0, CpuPeriod: 0, CpusetCpus: '' } }

const received: string[] = []
const viaProxy: string[] = []
const target = createServer((request, response) => {
  received.push(`${request.method} ${request.url}`)
  request.resume().on('end', () => response.end(JSON.stringify({ pids: [4], exits: [], ...stats, ...inspection })))
})
const proxy = createTcpServer((socket) => {
  socket.on('error', () => {})
  socket.once('data', (head) => {
    viaProxy.push(head.toString('latin1').split('\r')[0]!)
    socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
})
let port = 0
let restore = () => {}

// As with NODE_USE_ENV_PROXY=1 and `node --use-env-proxy`, which earlier releases of Node do not have.
const isSupported = typeof http.setGlobalProxyFromEnv === 'function'

beforeAll(async () => {
  const listening = async (server: Server) => {
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return (server.address() as AddressInfo).port
  }
  port = await listening(target)
  const url = `http://127.0.0.1:${await listening(proxy)}`
  if (isSupported) restore = http.setGlobalProxyFromEnv({ http_proxy: url, https_proxy: url })
})

afterAll(() => {
  restore()
  target.close()
  proxy.close()
})

beforeEach(() => {
  received.length = 0
  viaProxy.length = 0
})

/** Everything that sends a request with a client of Node. */
const REQUESTS: Readonly<Record<string, (base: string) => Promise<unknown>>> = {
  'a reset': (url) => requestReset({ url, token: 'sesame' }, undefined, signal),
  'the processes of the target': (url) => targetPidsNow({ url, token: 'sesame' }, signal),
  'the exits of the target': (url) => targetExits({ url, token: 'sesame' }, signal),
  readiness: (url) => waitUntilReady(`${url}/`, { timeoutMs: 5_000, signal }),
  'a scrape': (url) => scrape(`${url}/metrics`, 5_000, { signal }),
  'target.get()': (url) => targetHandle({ urls: [url], internalUrls: [], pids: [], isExternal: false }).get('/'),
  'the CPU of containers': (url) => containerCpu(['api'], { DOCKER_HOST: url.replace('http:', 'tcp:') }),
  'the load': (baseUrl) => {
    const scale = { name: 'full', users: 1, time: 1 }
    const { run } = createHttp({ baseUrl, signal, scale, seed: 1, onRun() {} })
    return run({ load: sharedIterations({ iterations: 1, vus: 1 }), request: { path: '/' } })
  },
  'the Pushgateway': async (url) => {
    const exporter = new MetricsExporter({ pushgateway: url, log: () => {} })
    await exporter.onStart()
    await exporter.onEnd()
  },
}

test.skipIf(!isSupported)('a request of Node itself is sent through the proxy of the environment', async () => {
  expect((await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.status).not.toBe(200)
  expect(viaProxy).toHaveLength(1)
})

test.skipIf(!isSupported).each(Object.entries(REQUESTS))(
  '%s bypasses the proxy of the environment',
  async (_, send) => {
    await send(`http://127.0.0.1:${port}`)
    expect(received).not.toEqual([])
    expect(viaProxy).toEqual([])
  },
)

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { failureOf, testContext } from '../../../fixtures/services/context.ts'
import { listenersOn } from '../../machine/listeners.ts'
import { isFree } from '../ports.ts'
import { isSameProcess, startTimeOf } from '../reaper/process-identity.ts'
import type { TargetExit } from './started-target.ts'
import type { TargetOptions } from './target-options.ts'
import { target, type TargetContext } from './target.ts'

const SMALL = ['node', new URL('../../../fixtures/services/small-target.ts', import.meta.url).pathname]

let base: Awaited<ReturnType<typeof testContext>>
let context: TargetContext
beforeAll(async () => {
  base = await testContext({ env: { ...process.env, PERF_TARGET_URL: '' } })
  context = { ...base, services: [], fullScale: false }
})
afterAll(() => base[Symbol.asyncDispose]())

async function get(url: string, path: string): Promise<string> {
  return (await fetch(url + path)).text()
}

async function messageOf(options: TargetOptions, overrides: Partial<TargetContext> = {}): Promise<string> {
  const { message } = await failureOf(() => target(options).start({ ...context, ...overrides }))
  expect(message).toMatch(/^target: /)
  expect(message).toContain('\nFix: ')
  return message
}

describe('a started target', () => {
  test('receives free ports, the environment of the services and its own, and not that of Vitest', async () => {
    const service = {
      name: 'postgres',
      provider: 'embedded',
      summary: 'a database',
      connection: { url: 'postgres://user:s3cret-password@127.0.0.1:1/db' },
      env: { DATABASE_URL: 'postgres://user:s3cret-password@127.0.0.1:1/db' },
      async [Symbol.asyncDispose]() {},
    }
    const env: TargetOptions['env'] = ({ index, services }) => ({
      NODE: `node-${index}`,
      DB: services['postgres']?.['url'] ?? '',
    })
    await using started = await target({ command: SMALL, env }).start({ ...context, services: [service] })
    const [instance] = started.instances
    const seen = JSON.parse(await get(instance?.baseUrl ?? '', '/env'))
    expect(seen).toMatchObject({ NODE: 'node-0', NODE_ENV: 'production', DATABASE_URL: service.connection.url })
    expect(seen).toMatchObject({ DB: service.connection.url })
    expect(instance?.baseUrl).toBe(`http://127.0.0.1:${seen.PORT}`)
    expect(instance?.internalUrl).toBe(`http://127.0.0.1:${seen.INTERNAL_PORT}`)
    expect(Object.keys(seen).filter((name) => name.startsWith('VITEST'))).toEqual([])
    const { promise: exited, resolve } = Promise.withResolvers<TargetExit>()
    started.onExit(resolve)
    await get(instance?.baseUrl ?? '', '/exit')
    const { message, reason } = await exited
    expect(message).toContain('small target, database postgres://user:***@127.0.0.1:1/db')
    expect(reason).toMatch(/^exit code \d+, with ".+"$/)
    expect(reason).not.toContain('s3cret')
  })

  test('runs in several instances, and is cleaned up with its children', async () => {
    const started = await target({ command: SMALL, instances: 2, env: { WITH_CHILD: '1' } }).start(context)
    const pids = started.instances.map(({ pid }) => pid ?? 0)
    const children = await Promise.all(started.instances.map(({ baseUrl }) => get(baseUrl, '/child')))
    const running = [...pids, ...children.map(Number)].map((pid) => ({ pid, startedAt: startTimeOf(pid) ?? '' }))
    expect(new Set(running.map(({ pid }) => pid)).size).toBe(4)
    expect(running.every(({ pid, startedAt }) => isSameProcess(pid, startedAt))).toBe(true)
    await started[Symbol.asyncDispose]()
    expect(running.filter(({ pid, startedAt }) => isSameProcess(pid, startedAt))).toEqual([])
  })

  const DAEMON = ['sh', '-c', `(setsid node ${SMALL[1]} &); exec sleep 600`]

  test.runIf(process.platform === 'linux')('is cleaned up with a server outside of its process group', async () => {
    const lines: string[] = []
    const started = await target({ command: DAEMON }).start({ ...context, log: (line) => lines.push(line) })
    const port = Number(new URL(started.instances[0]!.baseUrl).port)
    const [first] = listenersOn(port).pids
    await started.restart()
    const [second] = listenersOn(port).pids
    expect(second).toBeGreaterThan(0)
    expect(second).not.toBe(first)
    const revive = await started.kill(0)
    expect(await isFree(port)).toBe(true)
    await revive()
    await started[Symbol.asyncDispose]()
    expect(await isFree(port)).toBe(true)
    expect(lines).toEqual([])
  })

  test.runIf(process.platform === 'linux')('warns of a server that it cannot recognize as its own', async () => {
    const lines: string[] = []
    const code = `(env -u PERF_STARTED_AS setsid node ${SMALL[1]} &); exec sleep 600`
    const started = await target({ command: ['sh', '-c', code] }).start({ ...context, log: (line) => lines.push(line) })
    const port = Number(new URL(started.instances[0]!.baseUrl).port)
    const [pid] = listenersOn(port).pids
    onTestFinished(() => void process.kill(pid!, 'SIGKILL'))
    await started[Symbol.asyncDispose]()
    expect(lines).toEqual([
      `target: process ${pid} still listens on port ${port} of the stopped target, and cannot be recognized as started by it\n` +
        `Fix: stop it (kill ${pid}), and make the command of the target stop its server`,
    ])
  })

  test('restarts on the same ports', async () => {
    await using started = await target({ command: SMALL, env: { WITH_CHILD: '1' } }).start(context)
    const [before] = started.instances
    await started.restart()
    const [after] = started.instances
    expect(after?.baseUrl).toBe(before?.baseUrl)
    expect(after?.pid).not.toBe(before?.pid)
    expect(await get(after?.baseUrl ?? '', '/healthz')).toBe('ok')
  })

  test('stops its children when it exits unexpectedly', async () => {
    await using started = await target({ command: SMALL, env: { WITH_CHILD: '1' } }).start(context)
    const baseUrl = started.instances[0]?.baseUrl ?? ''
    const child = Number(await get(baseUrl, '/child'))
    const startedAt = startTimeOf(child) ?? ''
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    started.onExit(() => resolve())
    await get(baseUrl, '/exit')
    await exited
    await expect.poll(() => isSameProcess(child, startedAt), { timeout: 20_000 }).toBe(false)
  })

  test('reports an unexpected exit with its last lines, but not a restart', async () => {
    await using started = await target({ command: SMALL, env: { DATABASE_URL: 'postgres://u:s3cret@h/db' } }).start(
      context,
    )
    const exits: TargetExit[] = []
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    started.onExit((exit) => {
      exits.push(exit)
      resolve()
    })
    await started.restart()
    expect(exits).toEqual([])
    expect(started.running).toBe(true)
    await get(started.instances[0]?.baseUrl ?? '', '/exit')
    await exited
    expect(started.running).toBe(false)
    expect(exits).toMatchObject([{ instance: 0, code: 7, signal: null }])
    expect(exits[0]?.message).toContain('target exited unexpectedly: exit code 7')
    expect(exits[0]?.message).toContain('| received the signal')
    expect(exits[0]?.message).not.toContain('s3cret')
  })
})

describe('a target that does not start', () => {
  test('reports exit code and last lines if it exits immediately', async () => {
    const message = await messageOf({ command: SMALL, env: { EXIT_CODE: '3' } })
    expect(message).toContain('exited before it was ready: exit code 3')
    expect(message).toContain('| cannot go on: the configuration is wrong')
  })

  test('reports that it listens on another address', async () => {
    const source = "require('node:http').createServer().listen({ port: process.env.PORT, host: '::1', ipv6Only: true })"
    const message = await messageOf({ command: ['node', '-e', source], readyTimeout: '2s' })
    expect(message).toMatch(/ listens on port \d+ of ::1 only, not of 127\.0\.0\.1, where requests are sent\n/)
    expect(message).toContain('\nFix: make it listen on 127.0.0.1 or on all addresses')
  })

  test('reports the last response and its last lines if it is not ready in time', async () => {
    const message = await messageOf({ command: SMALL, readyTimeout: '4s', env: { READY_STATUS: '500' } })
    expect(message).toContain('was not ready within 4 s: GET /healthz on port')
    expect(message).toContain('Received: status 500: no database yet')
    expect(message).toContain('| small target, database none')
  })

  test('reports a command that cannot be run', async () => {
    expect(await messageOf({ command: ['no-such-program'] })).toContain(
      'no-such-program cannot be run: spawn no-such-program ENOENT',
    )
  })

  test('reports that its fixed port is in use', async () => {
    await using occupied = await serve(200)
    const message = await messageOf({ command: SMALL, port: occupied.port })
    expect(message).toContain(`port ${occupied.port} is in use`)
    expect(message).toContain('remove port to use a free port')
  })

  test('is aborted with the run', async () => {
    const controller = new AbortController()
    const starting = target({ command: SMALL, env: { READY_STATUS: '500' } }).start({
      ...context,
      signal: controller.signal,
    })
    controller.abort(new Error('stopped by SIGINT'))
    await expect(starting).rejects.toThrow('stopped by SIGINT')
  })

  test('reports both ports if it listens on another port than the given one', async () => {
    const source = `require('node:http').createServer().listen(0, '127.0.0.1', function () {
      console.log('listening on http://localhost:' + this.address().port) })`
    const message = await messageOf({ command: ['node', '-e', source], readyTimeout: '1s' })
    const [, port] = /listening on http:\/\/localhost:(\d+)/.exec(message)!
    expect(message).toMatch(new RegExp(`listens on port ${port} instead of \\d+, the port in its environment`))
    expect(message).toContain(`target({ port: ${port} })`)
  })

  test('reports that it has neither a command nor a URL', async () => {
    expect(await messageOf({})).toContain('neither a command nor a URL')
  })
})

test('a started target with TLS is reached by https, and must be trusted', async () => {
  const file = (name: string) => new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url).pathname
  const code = `const { readFileSync } = require('node:fs')
    const keys = { cert: readFileSync('${file('server')}'), key: readFileSync('${file('server-key')}') }
    require('node:https').createServer(keys, (_, response) => response.end()).listen(process.env.PORT, '127.0.0.1')`
  const command = ['node', '-e', code]
  await using started = await target({ command, tls: { ca: readFileSync(file('authority')) } }).start(context)
  expect(started.instances[0]?.baseUrl).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
  const untrusted = await messageOf({ command, tls: { ca: readFileSync(file('client')) }, readyTimeout: '1h' })
  expect(untrusted).toContain('its certificate is not trusted')
})

describe('an external target', () => {
  test('is used unchanged, and keeps running', async () => {
    await using host = await serve(200)
    const PERF_TARGET_URL = `http://127.0.0.1:${host.port}/api/`
    const env = { PERF_TARGET_URL, PERF_TARGET_INTERNAL_URL: 'http://127.0.0.1:1' }
    const started = await target({ command: SMALL }).start({ ...context, env })
    expect(started.provider).toBe('external')
    expect(started.instances).toEqual([
      { baseUrl: `http://127.0.0.1:${host.port}/api`, internalUrl: 'http://127.0.0.1:1' },
    ])
    expect((await failureOf(() => started.restart())).message).toContain('an external target cannot be restarted')
    await started[Symbol.asyncDispose]()
    expect(await isFree(host.port)).toBe(false)
  })

  test('may take longer to respond to the readiness check than the time between two requests', async () => {
    const waiting: ServerResponse[] = []
    const server = createServer((_, response) => {
      waiting.push(response)
      waiting.at(-2)?.end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close().closeAllConnections()
    })
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await using started = await target({ url, readyTimeout: '10s' }).start(context)
    expect({ running: started.running, requests: waiting.length }).toEqual({ running: true, requests: 2 })
  })

  test('reports the longest wait for a response', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1')
    onTestFinished(() => {
      server.close().closeAllConnections()
    })
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await messageOf({ url, readyTimeout: '2.5s' })).toMatch(/Received: no response within 2\.[45]\d*s/)
  })

  test('reports that it is not ready in time', async () => {
    await using host = await serve(503)
    const message = await messageOf({ url: `http://127.0.0.1:${host.port}`, readyTimeout: 300 })
    expect(message).toContain('/healthz was not ready within 0.3 s')
    expect(message).toContain('Received: status 503')
  })

  test('reports an untrusted certificate immediately, with a fix', async () => {
    const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url))
    const server = createSecureServer({ cert: pem('server'), key: pem('server-key') }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const message = await messageOf({ url, readyTimeout: '1h' })
    expect(message).toContain(`the TLS handshake with ${url} failed: its certificate is not trusted`)
    expect(message).toContain('Received: UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(message).toContain("Fix: in target(): trust its authority with tls: { ca: readFileSync('ca.pem') }")
  })

  test('receives the credentials of its URL, which are not shown', async () => {
    const server = createServer(({ headers }, response) => {
      response.writeHead(headers.authorization === `Basic ${btoa('ann:s3cret')}` ? 200 : 401).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://ann:s3cret@127.0.0.1:${port}`
    await using started = await target({ url, ready: '/' }).start(context)
    expect(started.instances).toEqual([{ baseUrl: url }])
    expect(started.summary).not.toContain('s3cret')
    const wrong = await messageOf({ url: url.replace('s3cret', 'wr0ng-one'), readyTimeout: 200 })
    expect(wrong).toContain('Received: status 401')
    expect(wrong).not.toContain('wr0ng-one')
  })

  test('is reached with its TLS options', async () => {
    const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url))
    const ca = pem('authority')
    const keys = { cert: pem('server'), key: pem('server-key'), ca, requestCert: true, rejectUnauthorized: true }
    const alpn: unknown[] = []
    const server = createSecureServer(keys, (_, response) => response.end()).listen(0, '127.0.0.1')
    server.on('secureConnection', (socket) => alpn.push(socket.alpnProtocol))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const own = { cert: pem('client'), key: pem('client-key') }
    await using started = await target({ url, tls: { ca, ...own } }).start(context)
    await using unverified = await target({ url, tls: { rejectUnauthorized: false, ...own } }).start(context)
    expect([started.provider, unverified.provider, alpn]).toEqual(['external', 'external', ['http/1.1', 'http/1.1']])
    const without = await messageOf({ url, tls: { ca }, readyTimeout: '1h' })
    expect(without).toContain('as it does if it requires a client certificate')
    expect(without).toContain("pass one with tls: { cert: readFileSync('client.pem')")
  })

  test('reports a port with TLS if its URL has http', async () => {
    const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url))
    const server = createSecureServer({ cert: pem('server'), key: pem('server-key') }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await messageOf({ url, readyTimeout: 300 })).toContain('its port speaks TLS: write https:// in the URL')
  })

  test('listens on a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'target-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const url = `unix:${join(folder, 'app.sock')}`
    const server = createServer((_, response) => response.end()).listen(url.slice('unix:'.length))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    await using started = await target({ url }).start({ ...context, fullScale: true })
    expect(started.instances).toEqual([{ baseUrl: url }])
    expect(await messageOf({ url: `${url}.gone`, readyTimeout: 200 })).toContain('ENOENT')
  })

  test.each(['127.0.0.1:3000', 'ftp://127.0.0.1/', 'nonsense'])('rejects %s, which is not an http URL', async (url) => {
    expect(await messageOf({}, { env: { PERF_TARGET_URL: url } })).toContain('PERF_TARGET_URL is not an http URL')
  })

  test('on another machine requires its host to be allowed, at full scale twice', async () => {
    // A name that cannot be resolved: an allowed host gets as far as the look-up.
    const url = 'http://shop.invalid'
    const allowed: TargetOptions = { url, allowRemote: ['shop.invalid'], readyTimeout: 200 }
    expect(await messageOf({ url })).toContain(`allowRemote: ['shop.invalid']`)
    expect(await messageOf(allowed)).toContain('was not ready')
    const once = await messageOf(allowed, { fullScale: true })
    expect(once).toContain('full load on shop.invalid must be allowed twice')
    expect(once).toContain('PERF_ALLOW_FULL_LOAD_ON=shop.invalid')
    const env = { PERF_ALLOW_FULL_LOAD_ON: 'other.invalid, shop.invalid' }
    expect(await messageOf(allowed, { fullScale: true, env })).toContain('was not ready')
    const onlyByVariable = await messageOf({ url, readyTimeout: 200 }, { fullScale: true, env })
    expect(onlyByVariable).toContain(`allowRemote: ['shop.invalid']`)
  })
})

test('names every invalid option', () => {
  const wrong = {
    tls: { cert: 'c' },
    command: [],
    ready: 'healthz',
    readyTimeout: 'soon',
    instances: 0,
    port: 70_000,
    colour: 'red',
  }
  const { problems } = target(wrong as unknown as TargetOptions)
  expect(problems.map(({ path }) => path)).toEqual([
    'colour',
    'command',
    'ready',
    'readyTimeout',
    'instances',
    'port',
    'tls.cert',
  ])
  expect(target({ command: SMALL, instances: 2, port: 3000, internalPort: 3001 }).problems).toMatchObject([
    { path: 'internalPort', received: 3001 },
  ])
})

async function serve(status: number) {
  const server = createServer((_, response) => response.writeHead(status).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

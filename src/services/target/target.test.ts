import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { failureOf, testContext } from '../../../fixtures/services/context.ts'
import { isFree } from '../ports.ts'
import { isSameProcess, startTimeOf } from '../reaper/process-identity.ts'
import type { TargetExit } from './started-target.ts'
import type { TargetOptions } from './target-options.ts'
import { target, type TargetContext } from './target.ts'

const SMALL = ['node', new URL('../../../fixtures/services/small-target.ts', import.meta.url).pathname]

let base: Awaited<ReturnType<typeof testContext>>
let context: TargetContext
beforeEach(async () => {
  base = await testContext({ env: { ...process.env, PERF_TARGET_URL: '' } })
  context = { ...base, services: [], fullScale: false }
})
afterEach(() => base[Symbol.asyncDispose]())

async function ask(url: string, path: string): Promise<string> {
  return (await fetch(url + path)).text()
}

async function messageOf(options: TargetOptions, overrides: Partial<TargetContext> = {}): Promise<string> {
  const { message } = await failureOf(() => target(options).start({ ...context, ...overrides }))
  expect(message).toMatch(/^target: /)
  expect(message).toContain('\nFix: ')
  return message
}

describe('a target that is started', () => {
  test('gets free ports, the environment of the services and its own, and not that of Vitest', async () => {
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
    const seen = JSON.parse(await ask(instance?.baseUrl ?? '', '/env'))
    expect(seen).toMatchObject({ NODE: 'node-0', NODE_ENV: 'production', DATABASE_URL: service.connection.url })
    expect(seen).toMatchObject({ DB: service.connection.url })
    expect(instance?.baseUrl).toBe(`http://127.0.0.1:${seen.PORT}`)
    expect(instance?.internalUrl).toBe(`http://127.0.0.1:${seen.INTERNAL_PORT}`)
    expect(Object.keys(seen).filter((name) => name.startsWith('VITEST'))).toEqual([])
    const { promise: exited, resolve } = Promise.withResolvers<TargetExit>()
    started.onExit(resolve)
    await ask(instance?.baseUrl ?? '', '/exit')
    expect((await exited).message).toContain('small target, database postgres://user:***@127.0.0.1:1/db')
  })

  test('runs several times at once, and is cleaned up with its children', async () => {
    const started = await target({ command: SMALL, instances: 2, env: { WITH_CHILD: '1' } }).start(context)
    const pids = started.instances.map(({ pid }) => pid ?? 0)
    const children = await Promise.all(started.instances.map(({ baseUrl }) => ask(baseUrl, '/child')))
    const running = [...pids, ...children.map(Number)].map((pid) => ({ pid, startedAt: startTimeOf(pid) ?? '' }))
    expect(new Set(running.map(({ pid }) => pid)).size).toBe(4)
    expect(running.every(({ pid, startedAt }) => isSameProcess(pid, startedAt))).toBe(true)
    await started[Symbol.asyncDispose]()
    expect(running.filter(({ pid, startedAt }) => isSameProcess(pid, startedAt))).toEqual([])
  })

  test('is started again on the same ports', async () => {
    await using started = await target({ command: SMALL, env: { WITH_CHILD: '1' } }).start(context)
    const [before] = started.instances
    await started.restart()
    const [after] = started.instances
    expect(after?.baseUrl).toBe(before?.baseUrl)
    expect(after?.pid).not.toBe(before?.pid)
    expect(await ask(after?.baseUrl ?? '', '/healthz')).toBe('ok')
  })

  test('takes its children with it when it ends unasked', async () => {
    await using started = await target({ command: SMALL, env: { WITH_CHILD: '1' } }).start(context)
    const baseUrl = started.instances[0]?.baseUrl ?? ''
    const child = Number(await ask(baseUrl, '/child'))
    const startedAt = startTimeOf(child) ?? ''
    const { promise: exited, resolve } = Promise.withResolvers<void>()
    started.onExit(() => resolve())
    await ask(baseUrl, '/exit')
    await exited
    await expect.poll(() => isSameProcess(child, startedAt), { timeout: 20_000 }).toBe(false)
  })

  test('tells when it ends unasked, with its last lines; a restart is no such end', async () => {
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
    await ask(started.instances[0]?.baseUrl ?? '', '/exit')
    await exited
    expect(started.running).toBe(false)
    expect(exits).toMatchObject([{ instance: 0, code: 7, signal: null }])
    expect(exits[0]?.message).toContain('target ended unasked: exit code 7')
    expect(exits[0]?.message).toContain('| asked to end')
    expect(exits[0]?.message).not.toContain('s3cret')
  })
})

describe('a target that does not start', () => {
  test('ends at once: its exit code and last lines', async () => {
    const message = await messageOf({ command: SMALL, env: { EXIT_CODE: '3' } })
    expect(message).toContain('ended before it was ready: exit code 3')
    expect(message).toContain('| cannot go on: the configuration is wrong')
  })

  test('never gets ready: the last response and its last lines, in the time given', async () => {
    const message = await messageOf({ command: SMALL, readyTimeout: '4s', env: { READY_STATUS: '500' } })
    expect(message).toContain('was not ready within 4 s: GET /healthz on port')
    expect(message).toContain('Received: status 500: no database yet')
    expect(message).toContain('| small target, database none')
  })

  test('cannot be run', async () => {
    expect(await messageOf({ command: ['no-such-program'] })).toContain(
      'no-such-program cannot be run: spawn no-such-program ENOENT',
    )
  })

  test('finds its fixed port taken', async () => {
    await using occupied = await serve(200)
    const message = await messageOf({ command: SMALL, port: occupied.port })
    expect(message).toContain(`port ${occupied.port} is taken`)
    expect(message).toContain('leave port out: a free port is chosen')
  })

  test('is given up when the run is', async () => {
    const controller = new AbortController()
    const starting = target({ command: SMALL, env: { READY_STATUS: '500' } }).start({
      ...context,
      signal: controller.signal,
    })
    controller.abort(new Error('stopped by SIGINT'))
    await expect(starting).rejects.toThrow('stopped by SIGINT')
  })

  test('listens on another port than the one it was given: both are named', async () => {
    const source = `require('node:http').createServer().listen(0, '127.0.0.1', function () {
      console.log('listening on http://localhost:' + this.address().port) })`
    const message = await messageOf({ command: ['node', '-e', source], readyTimeout: '1s' })
    const [, port] = /listening on http:\/\/localhost:(\d+)/.exec(message)!
    expect(message).toMatch(new RegExp(`listens on port ${port}, and not on \\d+, the port it was given`))
    expect(message).toContain(`target({ port: ${port} })`)
  })

  test('is not described at all', async () => {
    expect(await messageOf({})).toContain('neither a command nor a URL')
  })
})

test('a target that is started and speaks TLS is reached by https, and must be trusted', async () => {
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

describe('a target that runs elsewhere', () => {
  test('is used as it is, and left as it was', async () => {
    await using elsewhere = await serve(200)
    const PERF_TARGET_URL = `http://127.0.0.1:${elsewhere.port}/api/`
    const env = { PERF_TARGET_URL, PERF_TARGET_INTERNAL_URL: 'http://127.0.0.1:1' }
    const started = await target({ command: SMALL }).start({ ...context, env })
    expect(started.provider).toBe('external')
    expect(started.instances).toEqual([
      { baseUrl: `http://127.0.0.1:${elsewhere.port}/api`, internalUrl: 'http://127.0.0.1:1' },
    ])
    expect((await failureOf(() => started.restart())).message).toContain('runs elsewhere')
    await started[Symbol.asyncDispose]()
    expect(await isFree(elsewhere.port)).toBe(false)
  })

  test('does not respond in time', async () => {
    await using elsewhere = await serve(503)
    const message = await messageOf({ url: `http://127.0.0.1:${elsewhere.port}`, readyTimeout: 300 })
    expect(message).toContain('/healthz was not ready within 0.3 s')
    expect(message).toContain('Received: status 503')
  })

  test('shows a certificate that is not trusted: said at once, with what to do', async () => {
    const pem = (name: string) => readFileSync(new URL(`../../../fixtures/tls/${name}.pem`, import.meta.url))
    const server = createSecureServer({ cert: pem('server'), key: pem('server-key') }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const message = await messageOf({ url, readyTimeout: '1h' })
    expect(message).toContain(`the TLS handshake with ${url} failed: its certificate is not trusted`)
    expect(message).toContain('Received: UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    expect(message).toContain("In target(): trust its authority with tls: { ca: readFileSync('ca.pem') }")
  })

  test('is asked with the credentials of its URL, which are not shown', async () => {
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

  test('is asked with its TLS options', async () => {
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
    expect(without).toContain('as it does if it wants a client certificate')
    expect(without).toContain("pass one with tls: { cert: readFileSync('client.pem')")
  })

  test('speaks TLS where its URL says http', async () => {
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

  test.each(['127.0.0.1:3000', 'ftp://127.0.0.1/', 'nonsense'])('%s is no http URL', async (url) => {
    expect(await messageOf({}, { env: { PERF_TARGET_URL: url } })).toContain('PERF_TARGET_URL is no http URL')
  })

  test('on another machine needs its host to be allowed, at full scale twice', async () => {
    // A name that leads nowhere: what is allowed gets as far as looking it up.
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

test('every option that cannot be used is named', () => {
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
    'tls',
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

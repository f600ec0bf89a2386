import { writeFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { failureOf, testContext } from '../../fixtures/services/context.ts'
import { unusableEngine } from './engine.ts'
import { freePort } from './ports.ts'
import { redis } from './redis/redis.ts'

/** Port of the engine: Testcontainers reads the address only once. */
let port = 0
beforeAll(async () => {
  port = await freePort()
  vi.stubEnv('DOCKER_HOST', `tcp://127.0.0.1:${port}`)
})
afterAll(() => void vi.unstubAllEnvs())

async function engine(server: Server): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => void sockets.add(socket.on('error', () => {}))).listen(port, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  return {
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((closed) => server.close(closed))
    },
  }
}

async function startRedis(provider?: 'container') {
  const { PATH, DOCKER_HOST } = process.env
  const context = await testContext({ env: { PATH, DOCKER_HOST } })
  onTestFinished(() => context[Symbol.asyncDispose]())
  const starting = redis(provider && { provider }).start(context)
  return { context, starting }
}

/** The provider in use, and the printed lines. */
async function started() {
  const { context, starting } = await startRedis()
  await using service = await starting
  return { provider: service.provider, lines: context.lines }
}

test('uses the embedded server and prints one line if the engine does not respond', async () => {
  const line = `redis: no Docker engine responds at DOCKER_HOST=tcp://127.0.0.1:${port}; the embedded server is used instead`
  {
    await using _silent = await engine(createServer())
    expect(await started()).toEqual({ provider: 'embedded', lines: [line] })
  }
  expect(await started()).toEqual({ provider: 'embedded', lines: [line] })
})

test('reports an unusable engine only if something indicates that it exists', async () => {
  expect(await unusableEngine({}, ['/nowhere/docker.sock'])).toBeUndefined()
  const socket = join(tmpdir(), `slo-${crypto.randomUUID()}.sock`)
  writeFileSync(socket, '', { mode: 0o000 })
  onTestFinished(() => rmSync(socket))
  expect(await unusableEngine({}, [socket])).toBe(
    process.getuid?.() === 0
      ? `no Docker engine responds at ${socket}`
      : `this user has no permission to use the Docker engine at ${socket}`,
  )
})

test('uses the embedded server if the image cannot be pulled, unless the provider is explicit', async () => {
  const message = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host'
  const replies: Readonly<Record<string, [number, object]>> = {
    info: [200, { ServerVersion: '27.0.0', OperatingSystem: 'test', MemTotal: 1, Labels: [] }],
    version: [200, { Version: '27.0.0', ApiVersion: '1.46' }],
    create: [500, { message }],
  }
  await using _engine = await engine(
    createHttpServer((request, response) => {
      const name = /\/(info|version|create)\b/.exec(request.url ?? '')?.[1] ?? ''
      const isList = request.url?.includes('/containers/json') ?? false
      const [status, body] = replies[name] ?? [isList ? 200 : 404, isList ? [] : { message: 'no such image' }]
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }),
  )
  const fallback = await started()
  expect(fallback).toEqual({
    provider: 'embedded',
    lines: [
      'redis: pulling redis:8',
      expect.stringMatching(
        /^redis: the Docker engine has no image redis:8, and it cannot be pulled: .*no such host.*; the embedded server is used instead$/,
      ),
    ],
  })
  const { message: failure } = await failureOf(async () => (await startRedis('container')).starting)
  expect(failure).toMatch(/^redis: the Docker engine has no image redis:8, and it cannot be pulled: .*no such host/)
})

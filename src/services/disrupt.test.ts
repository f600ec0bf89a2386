import { describe, expect, test } from 'vitest'
import { containersSkipped } from '../../fixtures/services/containers.ts'
import { targetPidsNow } from '../control/control-client.ts'
import type { Disruption } from '../control/disruption.ts'
import { startControlServer, type Controlled } from './control-server.ts'
import { startEnvironment, type Environment } from './environment.ts'
import { connectPostgres } from './postgres/postgres-client.ts'
import { postgres } from './postgres/postgres.ts'
import { connectRedis } from './redis/redis-client.ts'
import { redis } from './redis/redis.ts'
import { target } from './target/target.ts'

const skipped = await containersSkipped()
if (skipped) console.info(`disruptions of containers are skipped: ${skipped}`)

const SMALL = new URL('../../fixtures/services/small-target.ts', import.meta.url).pathname
const never = new AbortController().signal

function urlOf({ details }: Environment, service: string): string {
  return details.services[service]!.connection['url']!
}

async function ask(environment: Environment, ...words: readonly string[]): Promise<unknown> {
  await using connection = await connectRedis('redis', urlOf(environment, 'redis'))
  return await connection.command(...words)
}

describe.each([
  { provider: 'embedded', skip: false },
  { provider: 'container', skip: skipped !== undefined },
] as const)('redis, $provider', ({ provider, skip }) => {
  const start = () => startEnvironment({ services: [redis({ provider, maxmemory: '32mb' })] })

  test.skipIf(skip)('restarts empty at its address, with its settings, and closes every connection', async () => {
    await using environment = await start()
    const url = urlOf(environment, 'redis')
    await using before = await connectRedis('redis', url)
    await before.command('SET', 'key', 'value')
    expect(await environment.disrupt({ kind: 'restart', service: 'redis' })).toMatch(
      /^redis restarted empty, ready after \S+ m?s$/,
    )
    await expect(before.command('GET', 'key')).rejects.toThrow(/clos/i)
    expect(urlOf(environment, 'redis')).toBe(url)
    expect(await ask(environment, 'GET', 'key')).toBeNull()
    expect(await ask(environment, 'CONFIG', 'GET', 'maxmemory')).toEqual(['maxmemory', String(32 * 2 ** 20)])
  })

  test.skipIf(skip)('sends no response while it is paused, and every response afterwards', async () => {
    await using environment = await start()
    await using connection = await connectRedis('redis', urlOf(environment, 'redis'))
    const resume = new AbortController()
    const pause = environment.disrupt({ kind: 'pause', service: 'redis', forMs: 600_000 }, resume.signal)
    await frozen(connection)
    let responded = false
    const echo = connection.command('ECHO', 'hello').then((response) => {
      responded = true
      return response
    })
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(responded).toBe(false)
    resume.abort()
    expect(await pause).toMatch(/^redis paused for \S+ m?s$/)
    expect(await echo).toBe('hello')
  })

  test.skipIf(skip)('is cleaned up while it is paused', async () => {
    const environment = await start()
    const url = urlOf(environment, 'redis')
    await using connection = await connectRedis('redis', url)
    const pause = environment.disrupt({ kind: 'pause', service: 'redis', forMs: 600_000 })
    await frozen(connection)
    await environment[Symbol.asyncDispose]()
    await pause
    await expect(connectRedis('redis', url)).rejects.toThrow('nothing listens')
  })
})

/** Resolves once a server no longer responds. */
async function frozen(connection: { command(...words: string[]): Promise<unknown> }): Promise<void> {
  for (;;) {
    const late = new Promise((resolve) => setTimeout(resolve, 300, 'late'))
    if ((await Promise.race([connection.command('PING'), late])) === 'late') return
  }
}

describe('the target', () => {
  test('is killed and restarted on its port without an exit event', async () => {
    await using environment = await startEnvironment({ target: target({ command: ['node', SMALL], instances: 2 }) })
    const exits: string[] = []
    environment.onTargetExit(({ message }) => exits.push(message))
    const [first, second] = structuredClone(environment.details.target!.instances)
    const killed = environment.disrupt({ kind: 'killTarget', instance: 1, downMs: 50 })
    expect(await killed).toMatch(/^target, instance 1 killed, ready again after \S+ m?s$/)
    const [, revived] = environment.details.target!.instances
    expect(revived?.baseUrl).toBe(second?.baseUrl)
    expect(revived?.pid).not.toBe(second?.pid)
    for (const instance of [first, revived]) expect((await fetch(`${instance?.baseUrl}/healthz`)).ok).toBe(true)
    expect(exits).toEqual([])
    process.kill(revived!.pid!, 'SIGKILL')
    await expect
      .poll(() => exits)
      .toEqual([expect.stringContaining('target, instance 1 exited unexpectedly: signal SIGKILL')])
  })

  test('cannot be killed if it does not exist', async () => {
    await using environment = await startEnvironment({ target: target({ command: ['node', SMALL] }) })
    const kill = environment.disrupt({ kind: 'killTarget', instance: 3, downMs: 0 })
    await expect(kill).rejects.toThrow(/there is no instance 3/)
    await using without = await startEnvironment({})
    await expect(without.disrupt({ kind: 'killTarget', instance: 0, downMs: 0 })).rejects.toThrow(
      'there is no target to kill',
    )
  })
})

describe('postgres', () => {
  test('closes every connection except those of the measurement', async () => {
    await using environment = await startEnvironment({ services: [postgres({ provider: 'embedded' })] })
    const url = urlOf(environment, 'postgres')
    await using ours = await connectPostgres('postgres', url)
    await using theirs = await connectPostgres('postgres', url)
    await theirs.query(`SET application_name = 'target'`)
    expect(await environment.disrupt({ kind: 'dropConnections', service: 'postgres' })).toBe(
      '1 connections to postgres dropped',
    )
    await expect(theirs.query('SELECT 1')).rejects.toThrow(/terminat|clos|not queryable/i)
    expect(await ours.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('is not disrupted if it is external', async () => {
    await using host = await startEnvironment({ services: [postgres({ provider: 'embedded' })] })
    const services = [postgres({ url: urlOf(host, 'postgres') })]
    await using environment = await startEnvironment({ services })
    const drop = environment.disrupt({ kind: 'dropConnections', service: 'postgres' })
    await expect(drop).rejects.toThrow('only be disrupted if this run started it')
    await expect(environment.disrupt({ kind: 'dropConnections' })).rejects.toThrow('only be disrupted if')
    await expect(environment.disrupt({ kind: 'restart' })).rejects.toThrow('Redis: there is no Redis to disrupt')
    await expect(environment.disrupt({ kind: 'pause', service: 'postgres', forMs: 1 })).rejects.toThrow(
      'only be disrupted',
    )
    await expect(environment.disrupt({ kind: 'restart', service: 'redis' })).rejects.toThrow(
      /there is no service with this name[^]*Fix: set the option service to one of: postgres/,
    )
  })
})

const nothingToControl: Controlled = {
  disrupt: async () => 'done',
  reset: async () => {},
  targetPids: () => [],
  targetExits: () => [],
}

describe('the control server', () => {
  test('returns the current processes of the target', async () => {
    const pids = [7]
    await using server = await startControlServer({ ...nothingToControl, targetPids: () => pids })
    expect(await targetPidsNow(server.address, never)).toEqual([7])
    pids[0] = 8
    expect(await targetPidsNow(server.address, never)).toEqual([8])
  })

  test('runs the disruptions that a worker requests, and only with the token', async () => {
    const requested: unknown[] = []
    const disrupt = async (disruption: Disruption) => {
      requested.push(disruption)
      if (requested.length > 1) throw new Error('it broke')
      return 'done'
    }
    await using server = await startControlServer({ ...nothingToControl, disrupt })
    const { url, token } = server.address
    const post = async (body: string, bearer = token, path = '/disruptions') => {
      const headers = { authorization: `Bearer ${bearer}` }
      const response = await fetch(url + path, { method: 'POST', headers, body })
      return [response.status, await response.json()]
    }
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await post('{"kind":"restart"}', 'wrong')).toEqual([401, { error: 'wrong token' }])
    expect(await post('{}', token, '/other')).toMatchObject([404, {}])
    expect(requested).toEqual([])
    expect(await post('{"kind":"restart"}')).toEqual([200, { label: 'done' }])
    expect(await post('{"kind":"pause"}')).toEqual([500, { error: 'it broke' }])
    expect(await post('x'.repeat(20_000))).toEqual([500, { error: 'the request body has more than 10000 bytes' }])
    expect(requested).toEqual([{ kind: 'restart' }, { kind: 'pause' }])
  })

  test('cuts a disruption short when the worker disconnects', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<AbortSignal>()
    const disrupt = async (_disruption: Disruption, signal: AbortSignal) => {
      begin(signal)
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return 'cut short'
    }
    await using server = await startControlServer({ ...nothingToControl, disrupt })
    const disconnect = new AbortController()
    const headers = { authorization: `Bearer ${server.address.token}` }
    const response = fetch(`${server.address.url}/disruptions`, {
      method: 'POST',
      headers,
      body: '{}',
      signal: disconnect.signal,
    })
    const signal = await begun
    expect(signal.aborted).toBe(false)
    disconnect.abort()
    await expect(response).rejects.toThrow(/abort/i)
    await expect.poll(() => signal.aborted).toBe(true)
  })
})

test('rejects a disruption once the environment is cleaned up', async () => {
  const environment = await startEnvironment({})
  await environment[Symbol.asyncDispose]()
  await expect(environment.disrupt({ kind: 'restart', service: 'redis' }, never)).rejects.toThrow('is cleaned up')
})

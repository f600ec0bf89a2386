import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { failureOf } from '../../fixtures/services/context.ts'
import { OptionsError } from '../options/problems.ts'
import { startEnvironment, StartError } from './environment.ts'
import { postgres } from './postgres/postgres.ts'
import { redis } from './redis/redis.ts'
import type { Service, StartedService } from './service.ts'
import { target } from './target/target.ts'
import { WatchedFiles } from './target/watched-files.ts'

const SMALL = new URL('../../fixtures/services/small-target.ts', import.meta.url).pathname
const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'environment-test-'))
  chmodSync(folder, 0o755)
  vi.stubEnv('TMPDIR', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true, force: true })
})

/** What was left in our temporary folder, records included. */
function left(): readonly string[] {
  return readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))
}

test('services first, in parallel; then the target with what they give; then all of it is away', async () => {
  const lines: string[] = []
  const environment = await startEnvironment(
    {
      services: [postgres({ provider: 'embedded' }), redis({ provider: 'embedded', maxmemory: '64mb' })],
      target: target({ command: ['node', SMALL] }),
    },
    { env, log: (line) => lines.push(line) },
  )
  const { services, target: running } = structuredClone(environment.details)
  const baseUrl = running?.instances[0]?.baseUrl ?? ''
  const seen: unknown = await (await fetch(`${baseUrl}/env`)).json()
  expect(seen).toMatchObject({
    DATABASE_URL: services['postgres']?.connection['url'],
    REDIS_URL: services['redis']?.connection['url'],
  })
  expect(lines).toHaveLength(3)
  expect(lines.join('\n')).toMatch(/PostgreSQL [\d.]+, embedded, 127\.0\.0\.1:\d+, fsync off \([\d.]+ s\)/)
  expect(lines.at(-1)).toMatch(/^target, started, http:/)
  expect(lines.join('\n')).not.toMatch(/:[^/@\s]+@/)

  await environment[Symbol.asyncDispose]()
  await expect(fetch(baseUrl)).rejects.toThrow('fetch failed')
  expect(left()).toEqual([])
})

describe('when something does not start', () => {
  test('all that failed is in one error, and what did start is cleaned up before', async () => {
    const stub = recordingService('stub')
    const failure = await failureOf(() =>
      startEnvironment(
        {
          services: [
            stub,
            redis({ provider: 'embedded' }),
            postgres({ url: 'postgres://user:s3cret@127.0.0.1:1/db' }),
            recordingService('other', new Error('no licence')),
          ],
          target: target({ command: ['node', SMALL] }),
        },
        { env },
      ),
    )
    expect(failure).toBeInstanceOf(StartError)
    expect(failure.message).toContain('2 things could not be started')
    expect(failure.message).toContain('nothing listens on 127.0.0.1:1')
    expect(failure.message).toContain('no licence')
    expect(failure.message).not.toContain('s3cret')
    expect(stub.events).toEqual(['started', 'away'])
    expect(left()).toEqual([])
  })

  test('a target that fails takes the services with it', async () => {
    const stub = recordingService('stub')
    const failing = target({ command: ['node', SMALL], env: { EXIT_CODE: '3' } })
    const failure = await failureOf(() =>
      startEnvironment({ services: [stub, redis({ provider: 'embedded' })], target: failing }, { env }),
    )
    expect(failure.message).toContain('exit code 3')
    expect(stub.events).toEqual(['started', 'away'])
    expect(left()).toEqual([])
  })

  test('all options that cannot be used are named, and nothing is started', async () => {
    const stub = recordingService('stub')
    const failure = await failureOf(() =>
      startEnvironment(
        {
          services: [
            stub,
            recordingService('stub'),
            redis({ maxmemory: 'lots' }),
            postgres({ provider: 'docker' as 'container' }),
          ],
          target: target({ command: ['node', SMALL], ready: 'healthz' }),
        },
        { env },
      ),
    )
    expect(failure).toBeInstanceOf(OptionsError)
    for (const path of ['services[1].name', 'services.redis.maxmemory', 'services.postgres.provider', 'target.ready']) {
      expect(failure.message).toContain(path)
    }
    expect(stub.events).toEqual([])
  })

  test.each([0, 100, 300, 500, 700])('given up after %i ms, it leaves nothing', async (delayMs) => {
    const controller = new AbortController()
    const starting = startEnvironment(
      {
        services: [postgres({ provider: 'embedded' }), redis({ provider: 'embedded' })],
        target: target({ command: ['node', SMALL], env: { READY_STATUS: '500' } }),
      },
      { env, signal: controller.signal },
    )
    setTimeout(() => controller.abort(new Error('stopped')), delayMs)
    await expect(starting).rejects.toThrow('stopped')
    expect(left()).toEqual([])
  })
})

test('reset goes to every service that can, and names all that fail', async () => {
  const stub = recordingService('stub')
  const broken = recordingService('broken', undefined, new Error('stuck'))
  await using environment = await startEnvironment({ services: [stub, broken] }, { env })
  await expect(environment.reset()).rejects.toThrow('stuck')
  expect(stub.events).toEqual(['started', 'reset'])
})

test('the target is restarted when its own files changed, or it has ended', async () => {
  const sources = join(folder, 'app', 'src')
  mkdirSync(sources, { recursive: true })
  writeFileSync(join(sources, 'main.ts'), `import ${JSON.stringify(SMALL)}`)
  writeFileSync(join(sources, 'part.ts'), 'export {}')
  const app = target({ command: ['node', 'src/main.ts'], cwd: join(folder, 'app') })
  const scope = { root: join(folder, 'app'), scenarios: [], outputs: [join(folder, 'app', 'perf-report')] }
  const watched = new WatchedFiles(app, { ...scope, isScenario: () => false })
  await using environment = await startEnvironment({ target: app, watched }, { env })
  const pid = () => environment.details.target?.instances[0]?.pid
  const first = pid()
  expect(await environment.restartTargetIfChanged()).toBeUndefined()
  mkdirSync(join(folder, 'app', 'perf-report'))
  writeFileSync(join(folder, 'app', 'perf-report', 'results.json'), '{}')
  expect(await environment.restartTargetIfChanged()).toBeUndefined()

  utimesSync(join(sources, 'part.ts'), 1, 1)
  expect(await environment.restartTargetIfChanged()).toMatch(/\/app\/src\/part\.ts changed$/)
  const second = pid()
  expect(second).not.toBe(first)
  expect(await environment.restartTargetIfChanged()).toBeUndefined()

  const { promise: exited, resolve } = Promise.withResolvers<void>()
  environment.onTargetExit(() => resolve())
  await fetch(`${environment.details.target?.instances[0]?.baseUrl}/exit`)
  await exited
  expect(await environment.restartTargetIfChanged()).toBe('it had ended')
  expect(existsSync(`/proc/${pid()}`) || process.platform !== 'linux').toBe(true)
})

test('a target that runs elsewhere: services are not started for it', async () => {
  await using elsewhere = await startEnvironment({ target: target({ command: ['node', SMALL] }) }, { env })
  const PERF_TARGET_URL = elsewhere.details.target?.instances[0]?.baseUrl ?? ''
  const lines: string[] = []
  await using environment = await startEnvironment(
    { services: [postgres(), redis()], target: target({ command: ['node', SMALL] }) },
    { env: { ...env, PERF_TARGET_URL }, log: (line) => lines.push(line) },
  )
  expect(environment.details).toEqual({
    services: {},
    stores: [
      { name: 'postgres', kind: 'postgres', isAbsent: true },
      { name: 'redis', kind: 'redis', isAbsent: true },
    ],
    target: { provider: 'external', instances: [{ baseUrl: PERF_TARGET_URL }] },
  })
  expect(lines.join('\n')).toContain('PostgreSQL, not started: the target runs elsewhere')
})

function recordingService(
  name: string,
  failure?: Error,
  resetFailure?: Error,
): Service & { readonly events: string[] } {
  const events: string[] = []
  return {
    name,
    events,
    async start(): Promise<StartedService> {
      if (failure) throw failure
      events.push('started')
      return {
        name,
        provider: 'test',
        summary: `${name} for a test`,
        connection: {},
        env: {},
        async reset() {
          if (resetFailure) throw resetFailure
          events.push('reset')
        },
        async [Symbol.asyncDispose]() {
          events.push('away')
        },
      }
    },
  }
}

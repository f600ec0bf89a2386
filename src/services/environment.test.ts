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

/** Files left in the temporary folder, including records. */
function left(): readonly string[] {
  return readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)))
}

test('starts services, then the target with their variables, and cleans up all of them', async () => {
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

describe('a failed start', () => {
  test('reports all failures in one error, after cleaning up what did start', async () => {
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
    expect(failure.message).toContain('2 services could not be started')
    expect(failure.message).toContain('nothing listens on 127.0.0.1:1')
    expect(failure.message).toContain('no licence')
    expect(failure.message).not.toContain('s3cret')
    expect(stub.events).toEqual(['started', 'cleaned up'])
    expect(left()).toEqual([])
  })

  test('cleans up the services if the target fails', async () => {
    const stub = recordingService('stub')
    const failing = target({ command: ['node', SMALL], env: { EXIT_CODE: '3' } })
    const failure = await failureOf(() =>
      startEnvironment({ services: [stub, redis({ provider: 'embedded' })], target: failing }, { env }),
    )
    expect(failure.message).toContain('exit code 3')
    expect(stub.events).toEqual(['started', 'cleaned up'])
    expect(left()).toEqual([])
  })

  test('names all invalid options and starts nothing', async () => {
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
    for (const path of ['services[1].name', 'services[2].maxmemory', 'services[3].provider', 'target.ready']) {
      expect(failure.message).toContain(path)
    }
    expect(stub.events).toEqual([])
  })

  test.each([0, 100, 300, 500, 700])('leaves nothing behind if aborted after %i ms', async (delayMs) => {
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

test('resets every service that can be reset, and names all failures', async () => {
  const stub = recordingService('stub')
  const broken = recordingService('broken', undefined, new Error('stuck'))
  await using environment = await startEnvironment({ services: [stub, broken] }, { env })
  await expect(environment.reset()).rejects.toThrow('stuck')
  expect(stub.events).toEqual(['started', 'reset'])
})

test('restarts the target if its files changed or it has exited', async () => {
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
  expect(await environment.restartTargetIfChanged()).toBe('it had exited')
  expect(existsSync(`/proc/${pid()}`) || process.platform !== 'linux').toBe(true)
})

test('starts no services for an external target', async () => {
  await using host = await startEnvironment({ target: target({ command: ['node', SMALL] }) }, { env })
  const PERF_TARGET_URL = host.details.target?.instances[0]?.baseUrl ?? ''
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
  expect(lines.join('\n')).toContain('PostgreSQL, not started: the target is external')
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
          events.push('cleaned up')
        },
      }
    },
  }
}

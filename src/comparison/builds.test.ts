import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Service } from '../services/service.ts'
import { startBuilds, type BuildContext, type CompareTargets } from './builds.ts'

const SMALL_TARGET = new URL('../../fixtures/services/small-target.ts', import.meta.url).pathname
const small = { command: [process.execPath, SMALL_TARGET] }

function start(targets: CompareTargets, more: Partial<BuildContext> = {}) {
  const lines: string[] = []
  const { PATH } = process.env
  const started = startBuilds(targets, {
    signal: new AbortController().signal,
    startable: undefined,
    scale: 1,
    log: (line) => lines.push(line),
    env: { PATH },
    ...more,
  })
  return { started, lines }
}

/** A service with a separate database per build. `started` lists those that run. */
function databaseService(started: string[], provider = 'embedded'): Service {
  return {
    name: 'postgres',
    async start() {
      const url = `postgres://127.0.0.1/${started.push('up')}`
      return {
        name: 'postgres',
        provider,
        summary: url,
        connection: { url },
        env: { DATABASE_URL: url },
        async [Symbol.asyncDispose]() {
          started.pop()
        },
      }
    },
  }
}

async function environmentOf(baseUrl: string): Promise<Record<string, string>> {
  return (await (await fetch(`${baseUrl}/env`)).json()) as Record<string, string>
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('startBuilds', () => {
  test('starts commands, each with separate services, and cleans all of them up', async () => {
    const up: string[] = []
    const env = { PATH: process.env['PATH'], PERF_TARGET_URL: 'http://127.0.0.1:1' }
    const targets = { base: { ...small, env: { BUILD: 'old' } }, head: small, services: [databaseService(up)] }
    const { started, lines } = start(targets, { env })
    const builds = await started
    const [base, head] = [await environmentOf(builds.base.baseUrl), await environmentOf(builds.head.baseUrl)]
    expect(base['BUILD']).toBe('old')
    expect(new Set([base['DATABASE_URL'], head['DATABASE_URL']]).size).toBe(2)
    const pids = [...builds.base.pids, ...builds.head.pids]
    expect(pids.map(isRunning)).toEqual([true, true])
    await builds[Symbol.asyncDispose]()
    expect([pids.map(isRunning), up, lines]).toEqual([[false, false], [], []])
  })

  test('starts the config’s command in each folder, with the folder’s node_modules/.bin first in PATH', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slo-build-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'main.ts'), `process.chdir('/'); await import('${SMALL_TARGET}')`)
    const startable = { options: { command: ['node', 'main.ts'] }, hasEnvFunction: false }
    await using builds = await start({ base: folder, head: folder }, { startable }).started
    const environment = await environmentOf(builds.base.baseUrl)
    expect(environment['PATH']).toMatch(new RegExp(`^${folder}/node_modules/.bin:`))
  })

  test('starts nothing for URLs, and logs the external services that both builds share', async () => {
    const server = createServer((_, response) => response.end('ok'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { started, lines } = start({ base: url, head: url, services: [databaseService([], 'external')] })
    await using builds = await started
    expect(builds.base).toEqual({ label: 'base', baseUrl: url, pids: [] })
    expect(lines).toEqual(['base and head share postgres, an external service: each reads what the other writes'])
  })

  test('names the build that does not start, and cleans the other up', async () => {
    const up: string[] = []
    const broken = { ...small, env: { EXIT_CODE: '3' } }
    const error = await start({ base: small, head: broken, services: [databaseService(up)] }).started.catch(
      (thrown: Error) => thrown,
    )
    expect(error).toMatchObject({ name: 'BuildError' })
    expect((error as Error).message).toMatch(
      /^head: the environment did not start\.\n\ntarget: .* exited before it was ready: exit code 3/,
    )
    expect((error as Error).message).toContain('cannot go on: the configuration is wrong')
    expect(up).toEqual([])
  })

  test('rejects if it is aborted while the builds start', async () => {
    const stop = new AbortController()
    const { started } = start(
      { base: small, head: { ...small, env: { READY_STATUS: '500' } } },
      { signal: stop.signal },
    )
    setTimeout(() => stop.abort(new Error('stopped')), 300)
    await expect(started).rejects.toThrow('stopped')
  })
})

test('reports all invalid builds in one error, before anything is started', async () => {
  const targets = { base: 'nowhere', head: { ready: 'healthz' }, speed: 1 } as unknown as CompareTargets
  await expect(start(targets).started).rejects.toThrowErrorMatchingInlineSnapshot(`
    [OptionsError: compare() received 4 invalid options:

      speed: unknown option. Valid options: base, head, services
        Received: 1
        Fix:      remove speed
      base: must be a folder that exists, or a URL
        Received: 'nowhere'
        Fix:      write, for example, base: { command: ['node', 'src/main.ts'], cwd: 'nowhere' }
      head.ready: must be a path that starts with a slash
        Received: 'healthz'
        Fix:      write, for example, ready: '/healthz'
      head: must have a command or a URL
        Received: { ready: 'healthz' }
        Fix:      write, for example, head: { command: ['node', 'src/main.ts'], cwd: '../head' }]
  `)
  const startable = { options: { command: ['node', 'main.ts'] }, hasEnvFunction: true }
  await expect(start({ base: '.', head: '.' }, { startable }).started).rejects.toThrow(
    /base: is a folder, but the config's target has a function as env/,
  )
  await expect(start({ base: '.', head: 'http://example.com' }).started).rejects.toThrow(
    /base: is a folder, but the config has no target/,
  )
  await expect(start({ base: 'http://example.com', head: 'http://127.0.0.1:1' }).started).rejects.toThrow(
    /base: .*example.com is not this machine/s,
  )
})

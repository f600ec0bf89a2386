import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { containersSkipped } from '../../../fixtures/services/containers.ts'
import { findEngine } from '../engine.ts'
import { daemonsOf } from './daemons.ts'
import { groupExists, isSameProcess, processesWith } from './process-identity.ts'
import { Reaper } from './reaper.ts'
import { PROCESS_MARK, readRecord, recordFolder, type Resource, type RunRecord } from './resource-log.ts'

const FIXTURE = new URL('../../../fixtures/services/hold-environment.ts', import.meta.url).pathname

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cleanup-test-'))
  // The database runs as another user and needs access.
  chmodSync(folder, 0o755)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface Held {
  readonly process: ChildProcess
  readonly record: RunRecord
  readonly owners: readonly number[]
  readonly printed: (line: string) => Promise<void>
}

/** Runs the fixture in its own process group, as a terminal does, with its temporary files in the test's folder. */
function launch(provider: string, ending: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [FIXTURE, provider, ending], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder, PERF_SERVICES: '', ...env },
  })
  const lines = new Set<string>()
  const reader = createInterface(child.stdout)
  reader.on('line', (line) => lines.add(line))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk))
  const printed = async (wanted: string) => {
    const ended = once(child, 'close').then(() => 'ended')
    while (!lines.has(wanted)) {
      const next = await Promise.race([once(reader, 'line'), ended])
      if (next === 'ended' && !lines.has(wanted)) throw new Error(`ended before it printed "${wanted}":\n${errors}`)
    }
  }
  return { process: child, printed }
}

async function hold(provider: string, ending: string, env?: NodeJS.ProcessEnv): Promise<Held> {
  const { process: child, printed } = launch(provider, ending, env)
  await printed('started')
  const record = currentRecord()
  return { process: child, record, owners: record.owners.map(({ pid }) => pid), printed }
}

function currentRecord(): RunRecord {
  const records = recordFolder(folder)
  const [name] = readdirSync(records)
  const record = name === undefined ? undefined : readRecord(join(records, name))
  if (!record) throw new Error('the run wrote no record')
  return record
}

/** Everything in the record that still runs or exists, as text. */
async function remains({ leftovers }: RunRecord): Promise<readonly string[]> {
  const found = await Promise.all(
    leftovers.map(async (leftover) => ((await exists(leftover)) ? [describeLeftover(leftover)] : [])),
  )
  return found.flat()
}

async function exists(leftover: Resource): Promise<boolean> {
  if (leftover.kind === 'directory') return existsSync(leftover.path)
  if (leftover.kind === 'process') {
    return isSameProcess(leftover.pid, leftover.startedAt) || (leftover.group && groupExists(leftover.pid))
  }
  if (leftover.kind === 'announced') return processesWith(PROCESS_MARK, leftover.mark).length > 0
  if (leftover.kind === 'daemons') return daemonsOf(leftover.mark, leftover.ports).length > 0
  const engine = await findEngine()
  const filters = JSON.stringify({ label: [leftover.label] })
  return ((await engine?.container.dockerode.listContainers({ all: true, filters }))?.length ?? 0) > 0
}

function describeLeftover(leftover: Resource): string {
  if (leftover.kind === 'process') return `process ${leftover.pid}`
  if (leftover.kind === 'announced') return 'an unregistered process'
  if (leftover.kind === 'daemons') return 'a daemon'
  return leftover.kind === 'directory' ? leftover.path : leftover.label
}

async function expectNothingLeft(record: RunRecord): Promise<void> {
  await expect.poll(() => remains(record), { timeout: 20_000, interval: 50 }).toEqual([])
  await expect.poll(() => temporaryFiles(), { timeout: 20_000, interval: 50 }).toEqual([])
}

/** All files below the test's folder, except the folder of records itself. */
function temporaryFiles(): readonly string[] {
  const records = recordFolder(folder)
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => join(folder, name) !== records)
}

const noContainers = await containersSkipped()
if (noContainers) console.info(`cleanup of containers is skipped: ${noContainers}`)

describe.each([
  { provider: 'embedded', skipped: undefined },
  { provider: 'container', skipped: noContainers },
])('everything is cleaned up with $provider services', ({ provider, skipped }) => {
  describe.skipIf(skipped !== undefined)('when the main process', () => {
    test('ends normally', async () => {
      const { process: main, record } = await hold(provider, 'normal')
      main.kill('SIGUSR2')
      await once(main, 'close')
      expect(main.exitCode).toBe(0)
      await expectNothingLeft(record)
    })

    test('is killed', async () => {
      const { process: main, record } = await hold(provider, 'signal')
      expect(record.leftovers.filter(({ kind }) => kind === 'process').length).toBeGreaterThanOrEqual(1)
      main.kill('SIGKILL')
      await expectNothingLeft(record)
    })

    test('is killed together with its reaper, by the next start', async () => {
      const { record, owners } = await hold(provider, 'signal')
      for (const pid of owners.toReversed()) process.kill(pid, 'SIGKILL')
      await expect.poll(() => readRecord(record.path)?.owned, { timeout: 20_000 }).toBe(false)
      expect((await remains(record)).length).toBeGreaterThanOrEqual(2)

      const lines: string[] = []
      await using _ = await Reaper.start({ folder: recordFolder(folder), log: (line) => lines.push(line) })
      expect(await remains(record)).toEqual([])
      expect(existsSync(record.path)).toBe(false)
      expect(lines.join('\n')).toContain('cleaned up after an earlier run: ')
    })
  })
})

describe('everything is cleaned up when the main process', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('receives %s without a handler', async (signal) => {
    const { process: main, record } = await hold('embedded', 'signal')
    process.kill(-pidOf(main), signal)
    await expectNothingLeft(record)
  })

  test('receives Ctrl-C once and exits in order', async () => {
    const { process: main, record } = await hold('embedded', 'orderly')
    process.kill(-pidOf(main), 'SIGINT')
    await once(main, 'close')
    expect(main.exitCode).toBe(130)
    expect(await remains(record)).toEqual([])
  })

  test('receives Ctrl-C twice, the second while it waits for a target that does not exit', async () => {
    const { process: main, record, printed } = await hold('embedded', 'orderly', { STUBBORN: '1' })
    process.kill(-pidOf(main), 'SIGINT')
    await printed('ending')
    process.kill(-pidOf(main), 'SIGINT')
    await once(main, 'close')
    expect(main.signalCode).toBe('SIGINT')
    await expectNothingLeft(record)
  })

  test('crashes', async () => {
    const { process: main, record } = await hold('embedded', 'crash')
    main.kill('SIGUSR2')
    await once(main, 'close')
    expect(main.exitCode).toBe(1)
    await expectNothingLeft(record)
  })

  test('is killed at any time during the start', async () => {
    for (const delayMs of [100, 250, 400, 550, 700, 900]) {
      const { process: main } = launch('embedded', 'signal')
      await sleep(delayMs)
      main.kill('SIGKILL')
      await expect.poll(() => temporaryFiles(), { timeout: 20_000, interval: 50 }).toEqual([])
    }
  })
})

test('a temporary folder is recorded before it is created', async () => {
  const records = recordFolder(folder)
  await using reaper = await Reaper.start({ folder: records })
  const parent = join(folder, 'not there')
  expect(() => reaper.temporaryFolder('redis', { parent })).toThrow('ENOENT')
  const [name] = readdirSync(records)
  const recorded = readRecord(join(records, name!))!.leftovers
  expect(recorded).toEqual([{ kind: 'directory', path: expect.stringContaining(join(parent, 'vitest-slo-redis-')) }])
})

describe.skipIf(process.platform !== 'linux')('a started process', () => {
  const started = async (reaper: Reaper, isRegistered: boolean) => {
    const { env, noted } = reaper.announceProcess()
    const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore', env: { ...process.env, ...env } })
    await once(child, 'spawn')
    if (isRegistered) noted()
    return child
  }

  test('is found by its mark if a kill prevented its registration', async () => {
    const reaper = await Reaper.start({ folder: recordFolder(folder) })
    const child = await started(reaper, false)
    const ended = once(child, 'exit')
    await reaper[Symbol.asyncDispose]()
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(readdirSync(recordFolder(folder))).toEqual([])
  })

  test('is not searched for by its mark once it is registered', async () => {
    const reaper = await Reaper.start({ folder: recordFolder(folder) })
    const child = await started(reaper, true)
    try {
      await reaper[Symbol.asyncDispose]()
      expect(child.exitCode ?? child.signalCode).toBe(null)
      expect(groupExists(pidOf(child))).toBe(true)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

test.skipIf(process.platform !== 'linux')('a daemon is killed if it listens on a port of the run', async () => {
  const reaper = await Reaper.start({ folder: recordFolder(folder) })
  const { mark, env, noted } = reaper.announceProcess()
  const code = `const server = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const options = { detached: true, env: { ...process.env, ...env } } as const
  const daemon = spawn(process.execPath, ['-e', code], { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
  const other = spawn('sleep', ['60'], { ...options, stdio: 'ignore' })
  try {
    const [port] = (await once(createInterface({ input: daemon.stdout }), 'line')) as [string]
    noted()
    reaper.watchDaemons(mark, [Number(port)])
    const ended = once(daemon, 'exit')
    await reaper[Symbol.asyncDispose]()
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(other.exitCode ?? other.signalCode, 'a process that is meant to last').toBe(null)
    expect(readdirSync(recordFolder(folder))).toEqual([])
  } finally {
    daemon.kill('SIGKILL')
    other.kill('SIGKILL')
  }
})

test('returns a folder that cannot be removed, and removes the others', async () => {
  const { cleanUp } = await import('./cleanup.ts')
  const directory = (name: string): Resource => ({ kind: 'directory', path: join(folder, `vitest-slo-${name}`) })
  const [tooLong, other] = [directory('x'.repeat(300)), directory('other')]
  mkdirSync(join(folder, 'vitest-slo-other'))
  expect(await cleanUp([tooLong, other], true)).toEqual([tooLong])
  expect(readdirSync(folder)).not.toContain('vitest-slo-other')
})

test('another process with the recorded pid is not stopped', async () => {
  const bystander = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  try {
    await once(bystander, 'spawn')
    const leftover: Resource = {
      kind: 'process',
      pid: pidOf(bystander),
      startedAt: 'another boot:1',
      group: true,
      signal: 'SIGKILL',
    }
    const { cleanUp } = await import('./cleanup.ts')
    expect(await cleanUp([leftover], false)).toEqual([])
    expect(bystander.exitCode ?? bystander.signalCode).toBe(null)
    expect(groupExists(leftover.pid)).toBe(true)
  } finally {
    bystander.kill('SIGKILL')
  }
})

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the process did not start')
  return pid
}

test.skipIf(process.platform !== 'linux')('a server that the command did not start is not ended', async () => {
  const reaper = await Reaper.start({ folder: recordFolder(folder) })
  const { mark, noted } = reaper.announceProcess()
  const code = `const server = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(server.address().port))`
  // The mark of another command, and no mark: a server in another terminal.
  const servers = [{ ...process.env, [PROCESS_MARK]: 'other' }, process.env].map((env) =>
    spawn(process.execPath, ['-e', code], { detached: true, env, stdio: ['ignore', 'pipe', 'inherit'] }),
  )
  try {
    const lines = await Promise.all(servers.map(({ stdout }) => once(createInterface({ input: stdout }), 'line')))
    noted()
    reaper.watchDaemons(mark, lines.map(Number))
    await reaper[Symbol.asyncDispose]()
    for (const { exitCode, signalCode } of servers) expect(exitCode ?? signalCode).toBe(null)
  } finally {
    for (const server of servers) server.kill('SIGKILL')
  }
})

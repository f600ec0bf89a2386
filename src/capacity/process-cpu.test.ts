import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test, vi } from 'vitest'
import { searchListeners } from '../machine/listeners.ts'
import { untilExited } from '../services/reaper/process-identity.ts'
import { coresOf, ProcessTrees, secondsOf } from './process-cpu.ts'

vi.mock('../machine/listeners.ts', { spy: true })

const BURN = 'while (process.cpuUsage().user < 200_000);'

/** A process with children. `line` returns the next line that a child has printed, or `gone` when one has exited. */
async function parentOf(...children: readonly string[]) {
  const code = `
    const { spawn } = require('node:child_process')
    const children = ${JSON.stringify(children)}.map((code) => spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'inherit', 'inherit'] }))
    children.forEach((child) => child.on('exit', () => console.log('gone')))
    process.stdin.on('end', () => { children.forEach((child) => child.kill('SIGKILL')); process.exit() }).resume()`
  const parent = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(parent, 'exit')
  const end = async () => {
    parent.stdin.end()
    await exited
  }
  onTestFinished(end)
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]()
  return { pid: parent.pid!, end, line: async () => (await lines.next()).value as string }
}

test('includes children, even after they have exited', async () => {
  const parent = await parentOf(`${BURN} console.log('burnt'); setTimeout(() => {}, 60_000)`, BURN)
  const lines = [await parent.line(), await parent.line()]
  expect(lines.toSorted()).toEqual(['burnt', 'gone'])
  expect((await new ProcessTrees([parent.pid]).read()).totalSec).toBeGreaterThan(0.35)
})

test('includes children started after the first reading, but no other processes', async () => {
  const [ours, others] = await Promise.all([
    parentOf(`setTimeout(() => { ${BURN} console.log('burnt'); setTimeout(() => {}, 60_000) }, 200)`),
    parentOf(
      `console.log('there'); setTimeout(() => { ${BURN} console.log('burnt'); setTimeout(() => {}, 60_000) }, 200)`,
    ),
  ])
  await others.line()
  const trees = new ProcessTrees([ours.pid])
  const before = await trees.read()
  expect([await ours.line(), await others.line()]).toEqual(['burnt', 'burnt'])
  const after = await trees.read()
  const used = after.totalSec - before.totalSec
  expect(used).toBeGreaterThan(0.15)
  expect((await new ProcessTrees([ours.pid, others.pid]).read()).instancesSec).toHaveLength(2)
  expect((await new ProcessTrees([ours.pid, others.pid]).read()).totalSec).toBeGreaterThan(after.totalSec + 0.15)
})

test('rejects with the pid of a process that has exited, even if another instance is running', async () => {
  await expect(new ProcessTrees([2 ** 22 - 1]).read()).rejects.toThrow("the target's process 4194303 has exited")
  await expect(new ProcessTrees([process.pid, 2 ** 22 - 1]).read()).rejects.toThrow(
    "the target's process 4194303 has exited",
  )
})

test('reads the current processes after a restart, with other pids in the reading', async () => {
  const [first, second] = await Promise.all([parentOf(`${BURN} console.log('burnt')`), parentOf()])
  expect(await first.line()).toBe('burnt')
  const trees = new ProcessTrees([first.pid], async () => [second.pid])
  const before = await trees.read()
  await first.end()
  const after = await trees.read()
  expect([before.pids, after.pids]).toEqual([[first.pid], [second.pid]])
})

/** A shell that starts a server as a daemon, outside of its own process tree. `burn` lets the server use 0.2 s of CPU. */
async function shellOfDaemon(port: number) {
  const code = `
    const server = require('node:net').createServer((socket) => {
      const end = process.cpuUsage().user + 200_000
      while (process.cpuUsage().user < end);
      socket.end('burnt')
    })
    server.listen(${port}, '127.0.0.1', () => console.log(process.pid, server.address().port))
    setTimeout(() => process.exit(), 60_000)`
  const script = '(setsid "$NODE" -e "$CODE" &); exec sleep 60'
  const env = { ...process.env, NODE: process.execPath, CODE: code }
  const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'], env })
  onTestFinished(() => void shell.kill('SIGKILL'))
  const [line] = (await once(createInterface({ input: shell.stdout }), 'line')) as [string]
  const [pid, listening] = line.split(' ').map(Number) as [number, number]
  const end = () => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has exited.
    }
  }
  onTestFinished(end)
  const burn = async () => {
    const socket = connect(listening, '127.0.0.1').resume()
    await once(socket, 'close')
  }
  return {
    shell: shell.pid!,
    pid,
    port: listening,
    burn,
    end: async () => (end(), untilExited(() => existsSync(`/proc/${pid}`), 20_000)),
  }
}

test.skipIf(process.platform !== 'linux')('includes a daemon that listens on the port of its instance', async () => {
  const daemon = await shellOfDaemon(0)
  const [blind, trees] = [new ProcessTrees([daemon.shell]), new ProcessTrees([daemon.shell], undefined, [daemon.port])]
  const before = [await blind.read(), await trees.read()] as const
  await daemon.burn()
  const after = [await blind.read(), await trees.read()] as const
  expect(after[0].totalSec - before[0].totalSec).toBe(0)
  expect(after[1].totalSec - before[1].totalSec).toBeGreaterThan(0.15)
  expect(after[1].pids).toEqual([daemon.shell, daemon.pid])
  expect(await trees.doubt()).toBeUndefined()
})

test.skipIf(process.platform !== 'linux')('doubts readings without the process that listens at their end', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const parent = await parentOf()
  const trees = new ProcessTrees([parent.pid], undefined, [port])
  await trees.read()
  expect(await trees.doubt(), 'nothing listens').toBeUndefined()
  const daemon = await shellOfDaemon(port)
  expect(await trees.doubt()).toEqual({
    reason: 'metric-unreliable',
    finding: `process ${daemon.pid} listens on port ${port} of the target and was not sampled: it is no descendant of the started process ${parent.pid}`,
    fix: expect.stringContaining('PERF_TARGET_CONTAINER'),
  })
})

test.skipIf(process.platform !== 'linux')(
  'includes a daemon that replaces another one, without a search of all processes',
  async () => {
    const first = await shellOfDaemon(0)
    const trees = new ProcessTrees([first.shell], undefined, [first.port])
    expect((await trees.read()).pids).toEqual([first.shell, first.pid])
    vi.mocked(searchListeners).mockClear()
    let daemon = first
    for (let replaced = 0; replaced < 2; replaced++) {
      await daemon.end()
      expect((await trees.read()).pids, 'nothing listens').toEqual([first.shell])
      expect((await trees.read()).pids, 'still nothing listens').toEqual([first.shell])
      daemon = await shellOfDaemon(first.port)
      expect((await trees.read()).pids).toEqual([first.shell, daemon.pid])
    }
    const searched = vi.mocked(searchListeners).mock.calls
    expect(searched.length).toBeGreaterThan(0)
    expect(searched.filter(([, pids]) => pids?.includes(process.pid) !== false)).toEqual([])
    expect(await trees.doubt()).toBeUndefined()
  },
)

test.skipIf(process.platform !== 'linux')('does not read a server twice that is a descendant', async () => {
  const listen = `${BURN} const server = require('node:net').createServer().listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const parent = await parentOf(listen)
  const trees = new ProcessTrees([parent.pid], undefined, [Number(await parent.line())])
  const reading = await trees.read()
  expect(reading.pids).toEqual([parent.pid])
  // The server has used 0.2 s.
  expect(reading.totalSec).toBeLessThan((await new ProcessTrees([parent.pid]).read()).totalSec + 0.1)
  expect(await trees.doubt()).toBeUndefined()
})

test.skipIf(process.platform !== 'linux')('counts the cores in the affinity of all instances together', async () => {
  expect(await coresOf([process.pid], 64)).toBeGreaterThan(0)
  expect(await coresOf([process.pid], 1)).toBe(1)
  expect(await coresOf([], 8)).toBe(8)
  const pinned = spawn('taskset', ['-c', '0', 'sleep', '60'])
  onTestFinished(() => void pinned.kill('SIGKILL'))
  await once(pinned, 'spawn')
  // taskset sets the affinity before it becomes the other program.
  while ((await coresOf([pinned.pid!], 64)) !== 1) await new Promise((resolve) => setImmediate(resolve))
  expect(await coresOf([pinned.pid!, process.pid], 64)).toBe(await coresOf([process.pid], 64))
})

test.each([
  ['00:01.50', 1.5],
  ['02:00', 120],
  ['1:02:03', 3_723],
  ['2-00:00:01', 172_801],
])('parses the time %s of ps as %d s', (time, seconds) => {
  expect(secondsOf(time)).toBe(seconds)
})

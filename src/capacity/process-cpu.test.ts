import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { coresOf, ProcessTrees, secondsOf } from './process-cpu.ts'

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

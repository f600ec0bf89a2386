import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ManagedProcess } from './managed-process.ts'
import { Reaper } from './reaper/reaper.ts'

let folder: string
let reaper: Reaper
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'managed-process-test-'))
  reaper = await Reaper.start({ folder })
})
afterEach(async () => {
  await reaper[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Pipes that keep this process running. */
function openPipes(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length
}

async function startAndStop(script: string): Promise<string> {
  const printed = Promise.withResolvers<string>()
  const options = { command: 'sh', args: ['-c', script], env: process.env, reaper, onOutput: printed.resolve }
  const started = await ManagedProcess.start(options)
  const output = await printed.promise
  expect(await started.stop()).toEqual({ code: null, signal: 'SIGTERM' })
  return output.trim()
}

test('a stopped process leaves no pipe open', async () => {
  const before = openPipes()
  await startAndStop('echo started; exec sleep 60')
  expect(openPipes()).toBe(before)
})

// A build tool does this: its server inherits the output of the target and outlives it.
test.skipIf(process.platform !== 'linux')(
  'a daemon that holds the output of a stopped process does not keep this one running',
  async () => {
    const before = openPipes()
    const daemon = Number(await startAndStop("setsid sh -c 'echo $$; exec sleep 60' & exec sleep 60"))
    try {
      expect(openPipes()).toBe(before)
      expect(process.kill(daemon, 0), 'the daemon is meant to last').toBe(true)
    } finally {
      process.kill(daemon, 'SIGKILL')
    }
  },
)

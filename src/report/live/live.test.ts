import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { RunSnapshot } from '../../results/snapshot.ts'
import { configSource, InlineProject, plainText } from '../../testing/inline-project.ts'
import type { Paint } from '../terminal/style.ts'
import { LiveReceiver, LiveSender, type LiveMessage } from './channel.ts'
import { blockOf, lineOf } from './lines.ts'
import { extendWindow } from './window.ts'

const plain: Paint = (_format, text) => text

const SNAPSHOT: RunSnapshot = {
  run: 'http 1',
  kind: 'http',
  load: 'constantArrivalRate 200/s, 2,000 VUs, 2m',
  elapsedMs: 62_000,
  plannedMs: 120_000,
  phase: 'steady',
  state: 'running',
  counts: { offered: 12_400, sent: 12_400, completed: 12_386, dropped: 0, errors: { status: 3 } },
  recent: { seconds: 5, offeredPerSec: 200, achievedPerSec: 199.4, errors: 0, p50Ms: 41, p95Ms: 120.4, p99Ms: 163 },
  users: 2000,
  inFlight: 14,
  generator: { cpuRatio: 0.31, eventLoopDelayP99Ms: 2.1, scheduleDelayP99Ms: 1.2 },
}

describe('the progress of a run', () => {
  const run = { scenario: 'S4 votes at a spike', snapshot: SNAPSHOT, objectives: ['p95 < 150 ms', 'error rate < 0.1%'] }

  test('is shown as a block in a terminal', () => {
    expect(blockOf(run, 100, plain)).toEqual([
      ' S4 votes at a spike  http 1',
      '   steady   ━━━━━━━━━━━━━━━━──────────────  51%  58s left',
      '   offered 200/s  achieved 199/s  2,000 VUs  14 in flight  dropped 0',
      '   last 5s p50 41 ms  p95 120 ms  p99 163 ms  errors 3',
      '   objectives p95 < 150 ms · error rate < 0.1%',
      '   generator CPU 31%  event loop p99 2.1 ms  schedule delay p99 1.2 ms',
    ])
  })

  test.each([100, 60, 40, 10])('fits %i columns, or 40', (columns) => {
    const longest = Math.max(
      ...blockOf({ ...run, scenario: 'x'.repeat(200) }, columns, plain).map(({ length }) => length),
    )
    expect(longest).toBeLessThan(Math.max(columns, 40))
  })

  test('is shown as one line in a log', () => {
    expect(lineOf(run)).toBe(
      'S4 votes at a spike, http 1: steady 51%, 58s left; offered 200/s, achieved 199/s, 2,000 VUs, 14 in flight, dropped 0, ' +
        'last 5s p50 41 ms, p95 120 ms, p99 163 ms, errors 3, generator CPU 31%',
    )
  })

  test('shows sockets and deliveries of a fan-out, and dashes without samples', () => {
    const snapshot: RunSnapshot = {
      ...SNAPSHOT,
      kind: 'fanOut',
      recent: { seconds: 5, offeredPerSec: 0, achievedPerSec: 0, errors: 0 },
    }
    const text = blockOf({ ...run, snapshot }, 100, plain).join('\n')
    expect(text).toContain('expected 0/s  received 0/s  2,000 sockets')
    expect(text).toContain('lag p50 –  p95 –  p99 –')
  })

  test('shows that a run waits past its planned end, and that its generator is saturated', () => {
    const snapshot = {
      ...SNAPSHOT,
      elapsedMs: 121_000,
      generator: { ...SNAPSHOT.generator, saturated: 'schedule delay p99 48 ms' },
    }
    const text = blockOf({ ...run, snapshot }, 100, plain).join('\n')
    expect(text).toContain('100%  waiting for the last responses')
    expect(text).toContain('invalid: schedule delay p99 48 ms')
  })
})

describe('the channel', () => {
  async function receiver(count: number) {
    const messages: LiveMessage[] = []
    const { promise, resolve } = Promise.withResolvers<LiveMessage[]>()
    const opened = await LiveReceiver.listen((message) => {
      if (messages.push(message) === count) resolve(messages)
    })
    onTestFinished(() => opened.close())
    return { address: opened.address, received: promise, opened }
  }

  test('receives snapshots of several workers, and ignores noise', async () => {
    const { address, received } = await receiver(2)
    const noise = connect(address).on('error', () => {})
    noise.write('not json\n{"testId":1}\nnull\n')
    const senders = ['a', 'b'].map((id) => new LiveSender(address, id))
    for (const sender of senders) {
      sender.send(SNAPSHOT)
      await sender.close()
    }
    expect((await received).map(({ testId }) => testId).toSorted()).toEqual(['a', 'b'])
    expect((await received)[0]!.snapshot).toEqual(SNAPSHOT)
    noise.destroy()
  })

  test('sends nothing without an address, or without a receiver at the address', async () => {
    const none = new LiveSender(undefined, 'a')
    none.send(SNAPSHOT)
    await none.close()
    const unconnected = new LiveSender('/nonexistent/socket', 'a')
    for (let i = 0; i < 3; i++) {
      unconnected.send(SNAPSHOT)
      await new Promise(setImmediate)
    }
    await expect(unconnected.close()).resolves.toBeUndefined()
  })

  test('removes its folder when it is closed', async () => {
    const { opened } = await receiver(1)
    expect(existsSync(opened.address)).toBe(true)
    await opened.close()
    expect(existsSync(dirname(opened.address))).toBe(false)
  })
})

test('a receiver removes folders of killed processes, and keeps those in use', async () => {
  const dead = spawnSync(process.execPath, ['--version']).pid
  const left = mkdtempSync(join(tmpdir(), `vitest-slo-live-${dead}-`))
  const used = mkdtempSync(join(tmpdir(), `vitest-slo-live-${process.ppid}-`))
  onTestFinished(() => rmSync(used, { recursive: true }))
  const receiver = await LiveReceiver.listen(() => {})
  onTestFinished(() => receiver.close())
  expect([existsSync(left), existsSync(used)]).toEqual([false, true])
})

describe("Vitest's window", () => {
  test('shows added lines until they are detached', () => {
    const scheduled: string[] = []
    const summary = { createSummary: () => ['theirs'], renderer: { schedule: () => scheduled.push('once') } }
    const window = extendWindow([{}, undefined, { summary }], () => ['ours'])!
    expect(summary.createSummary()).toEqual(['theirs', 'ours', ''])
    window.refresh()
    expect(scheduled).toEqual(['once'])
    window.detach()
    expect(summary.createSummary()).toEqual(['theirs'])
  })

  test('is not changed if it has an unexpected shape', () => {
    expect(extendWindow([{ summary: { createSummary: 1 } }, {}], () => [])).toBeUndefined()
  })
})

const CHANNEL = join(import.meta.dirname, 'channel.ts')

/** Sends snapshots like a run, then waits for the file `go`. */
const SPEC = `
  import { inject, test } from 'vitest'
  import { watch, existsSync } from 'node:fs'
  import { LIVE_ADDRESS, LiveSender } from ${JSON.stringify(CHANNEL)}
  test('S4 votes', async ({ task }) => {
    task.meta.slo = { runs: [], assertions: [] }
    const sender = new LiveSender(inject(LIVE_ADDRESS), task.id)
    for (const elapsedMs of [9000, 9900, 10000, 11000, 62000]) sender.send({ ...${JSON.stringify(SNAPSHOT)}, elapsedMs })
    console.log('sent')
    await new Promise((done) => {
      const check = () => existsSync('go') && done()
      watch('.', check)
      check()
    })
    await sender.close()
  })
`

async function liveProject(reporters = "'default'") {
  const made = await InlineProject.create({
    'vitest.config.ts': configSource({}, reporters),
    'a.perf.ts': SPEC,
  })
  onTestFinished(() => made[Symbol.asyncDispose]())
  return made
}

describe('in a log', () => {
  async function logOf(args: readonly string[], until: string) {
    const made = await liveProject()
    const run = await made.run(args, {}, (output) => {
      if (output.includes(until)) writeFileSync(made.path('go'), '')
    })
    expect(run.exitCode).toBe(0)
    return plainText(run.output)
      .split('\n')
      .filter((line) => line.startsWith('S4 votes, http 1: '))
  }

  test('prints a line every ten seconds of a run', async () => {
    const lines = await logOf(['run'], 'steady 51%')
    expect(lines).toEqual([
      expect.stringContaining('steady 8%, 1m 50s left'),
      expect.stringContaining('steady 51%, 58s left'),
    ])
  })

  test('prints no line under --silent', async () => {
    const made = await liveProject()
    await made.write('go', '')
    const run = await made.run(['run', '--silent'])
    expect(plainText(run.output)).not.toContain('http 1')
    expect(plainText(run.output)).toContain('PASS     S4 votes')
  })
})

describe.skipIf(process.platform !== 'linux')('in a terminal', () => {
  test.each([['default'], ['dot'], ['verbose']])(
    'the %s reporter shows the block and keeps its own output',
    async (reporter) => {
      const made = await liveProject(`'${reporter}'`)
      const run = await made.runInTerminal(['run'], (output) => {
        if (output.includes('58s left')) writeFileSync(made.path('go'), '')
      })
      expect(run.exitCode).toBe(0)
      const screen = plainText(run.output)
      expect(screen).toContain('offered 200/s  achieved 199/s  2,000 VUs')
      const end = screen.slice(screen.lastIndexOf('58s left'))
      expect(end).toContain('Tests  1 passed (1)')
      expect(end).toContain('PASS     S4 votes')
    },
  )
})

import { expect, onTestFinished, test } from 'vitest'
import { startServer, type TruthServer } from '../../fixtures/truth-websocket/start.ts'
import { sharedIterations } from '../load/builders.ts'
import { evidenceOf } from '../run/evidence.ts'
import type { FanOutRun } from '../run/fan-out-run.ts'
import type { FanOutOptions } from './fan-out-options.ts'
import { createWebSocket, type WebSocketLoad } from './websocket.ts'

/** What the machine is busy with beside must not decide these tests. */
const UNLIMITED = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, serviceTimeShare: 1, busyUtilization: 2 }

interface Truth {
  readonly offers: readonly string[]
  readonly compressed: number
}

async function start(...args: readonly string[]): Promise<TruthServer> {
  const server = await startServer('deflating', ...args)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

function load(server: TruthServer): WebSocketLoad {
  return createWebSocket({
    baseUrl: server.url,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    limits: UNLIMITED,
    onRun: () => {},
  })
}

/** A fan-out to 10 sockets, and what the server says of them while they are open. */
async function fanOut(
  server: TruthServer,
  options: Partial<FanOutOptions>,
): Promise<{ readonly run: FanOutRun; readonly truth: Truth }> {
  let truth: Promise<Truth> | undefined
  const run = await load(server).fanOut({
    path: '/',
    connections: 10,
    acknowledged: (message) => message.toString() === 'subscribed',
    publish: {
      rate: 20,
      send: ({ id, sequence }) => {
        truth ??= server.truth<Truth>()
        return server.publish({ id, sequence })
      },
    },
    identify: (message) => message.json<{ id: string }>(),
    duration: '500ms',
    lateAfter: '400ms',
    settle: '2s',
    ...options,
  })
  return { run, truth: (await truth)! }
}

test('offers no compression unless the scenario does', async () => {
  const { truth } = await fanOut(await start(), {})
  // The header is absent.
  expect(truth).toEqual({ offers: [null], compressed: 0 })
})

test.each([1, 2])('offers permessage-deflate as browsers do, from %i processes', async (processes) => {
  const { run, truth } = await fanOut(await start(), { perMessageDeflate: true, processes })
  expect(truth).toEqual({ offers: ['permessage-deflate; client_max_window_bits'], compressed: 10 })
  expect(run.deliveries).toMatchObject({ expected: 100, received: 100, unidentified: 0, duplicate: 0 })
  expect(run[evidenceOf]().evidenceLines.filter((line) => line.includes('deflate'))).toEqual([])
})

test.each([1, 2])('notes that the target declined, from %i processes', async (processes) => {
  const { run, truth } = await fanOut(await start('declining'), { perMessageDeflate: true, processes })
  expect(truth.compressed).toBe(0)
  expect(run.deliveries).toMatchObject({ expected: 100, received: 100 })
  expect(run[evidenceOf]().evidenceLines).toContain('the target declined permessage-deflate on 10 of 10 connections')
})

test('compresses what a conversation sends', async () => {
  const run = await load(await start()).run({
    path: '/',
    perMessageDeflate: true,
    load: sharedIterations({ iterations: 20, vus: 2 }),
    conversation: {
      send: ({ iteration }) => ({ iteration, padding: 'y'.repeat(2000) }),
      answer: (message, { sent }) => message.toString() === JSON.stringify(sent),
    },
  })
  expect([...run.errors]).toEqual([])
  expect(run.warnings).toEqual([])
})

test('names a value that is neither true nor false', async () => {
  const server = await start()
  await expect(fanOut(server, { perMessageDeflate: 'yes' as unknown as boolean })).rejects.toThrowError(
    /perMessageDeflate: must be true or false/,
  )
})

import { expect, test } from 'vitest'
import type { TruthServer } from '../../../fixtures/truth-websocket/start.ts'
import { evidenceOf } from '../../evidence/evidence.ts'
import { sharedIterations } from '../../load/builders.ts'
import type { FanOutRun } from '../../runs/fan-out-run.ts'
import { load, start } from '../../testing/truth-websocket.ts'
import type { FanOutOptions } from '../fan-out/fan-out-options.ts'

interface Truth {
  readonly offers: readonly string[]
  readonly compressed: number
}

/** A fan-out to 10 sockets, and the server's view of them while they are open. */
async function fanOut(
  server: TruthServer,
  options: Partial<FanOutOptions>,
): Promise<{ readonly run: FanOutRun; readonly truth: Truth }> {
  let truth: Promise<Truth> | undefined
  const run = await load(server).fanOut({
    path: '/',
    connections: 10,
    isSubscribed: (message) => message.toString() === 'subscribed',
    publish: {
      rate: 20,
      send: ({ id, sequence }) => {
        truth ??= server.truth<Truth>()
        return server.publish({ id, sequence })
      },
    },
    identify: (message) => message.json<{ id: string }>(),
    duration: '500ms',
    lateThreshold: '400ms',
    drainDuration: '1s',
    ...options,
  })
  return { run, truth: (await truth)! }
}

test('does not offer compression by default', async () => {
  const { truth } = await fanOut(await start('deflating'), {})
  // The header is absent.
  expect(truth).toEqual({ offers: [null], compressed: 0 })
})

test.each([1, 2])('offers permessage-deflate as browsers do, from %i processes', async (processes) => {
  const { run, truth } = await fanOut(await start('deflating'), { perMessageDeflate: true, processes })
  expect(truth).toEqual({ offers: ['permessage-deflate; client_max_window_bits'], compressed: 10 })
  expect(run.deliveries).toMatchObject({ expected: 100, received: 100, unidentified: 0, duplicate: 0 })
  expect(run[evidenceOf]().evidenceLines.filter((line) => line.includes('deflate'))).toEqual([])
})

test.each([1, 2])('notes that the target declined, from %i processes', async (processes) => {
  const { run, truth } = await fanOut(await start('deflating', 'declining'), { perMessageDeflate: true, processes })
  expect(truth.compressed).toBe(0)
  expect(run.deliveries).toMatchObject({ expected: 100, received: 100 })
  expect(run[evidenceOf]().evidenceLines).toContain('the target declined permessage-deflate on 10 of 10 connections')
})

test('compresses the messages of a conversation', async () => {
  const run = await load(await start('deflating')).run({
    path: '/',
    perMessageDeflate: true,
    load: sharedIterations({ iterations: 20, vus: 2 }),
    steps: {
      send: ({ iteration }) => ({ iteration, padding: 'y'.repeat(2000) }),
      isResponse: (message, { sent }) => message.toString() === JSON.stringify(sent),
    },
  })
  expect([...run.errors]).toEqual([])
  expect(run.warnings).toEqual([])
})

test('rejects a value that is neither true nor false', async () => {
  const server = await start('deflating')
  await expect(fanOut(server, { perMessageDeflate: 'yes' as unknown as boolean })).rejects.toThrowError(
    /perMessageDeflate: must be true or false/,
  )
})

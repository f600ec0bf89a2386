import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, type TestContext } from 'vitest'
import '../matchers/register.ts'
import type { RunSnapshot } from '../results/snapshot.ts'
import type { FanOutRun } from '../runs/fan-out-run.ts'
import { startControlServer } from '../services/control-server.ts'
import { startEnvironment } from '../services/environment.ts'
import { target } from '../services/target/target.ts'
import { messageOf } from '../testing/message-of.ts'
import { UNLIMITED } from '../testing/truth-websocket.ts'
import type { Framing } from '../websocket/framing.ts'
import { createWebSocket } from '../websocket/websocket.ts'
import { createChaos } from './chaos.ts'
import { killTarget } from './schedule.ts'

const SERVER = new URL('../../fixtures/truth-websocket/resuming-server.ts', import.meta.url).pathname
const CLIENTS = 30
const DOWN_MS = 300

/** A framing that stores the last received position of each client, and resumes every connection there. */
const resuming: Framing = {
  name: 'resuming',
  open({ vu, send, ready }) {
    send(JSON.stringify({ received: vu.vars['received'] ?? 0 }))
    ready()
    return {
      receive(frame) {
        const { position } = frame.json<{ position?: number }>()
        if (position !== undefined) vu.vars['received'] = position
        return frame
      },
      send: (message) => [message as string],
    }
  },
}

/** A fan-out during which the target is killed and restarted. Publications are appended to its log throughout. */
async function fanOutWithKill(
  { onTestFinished }: TestContext,
  env: Readonly<Record<string, string>>,
): Promise<{ run: FanOutRun; log: readonly string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'killed-target-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const log = join(directory, 'publications')
  const started = await startEnvironment({ target: target({ command: ['node', SERVER], env: { LOG: log, ...env } }) })
  onTestFinished(() => started[Symbol.asyncDispose]())
  const control = await startControlServer({
    disrupt: (disruption, signal) => started.disrupt(disruption, signal),
    reset: async () => {},
    targetPids: () => [],
    targetExits: () => [],
  })
  onTestFinished(() => control[Symbol.asyncDispose]())
  const listeners = new Set<(snapshot: RunSnapshot) => void>()
  const { signal } = new AbortController()
  const ws = createWebSocket({
    baseUrl: started.details.target!.instances[0]!.baseUrl,
    signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    limits: UNLIMITED,
    onRun() {},
    onSnapshot: (snapshot) => listeners.forEach((listener) => listener(snapshot)),
  })
  const chaos = createChaos({
    control: control.address,
    signal,
    onSnapshot(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  })
  const running = ws.fanOut({
    path: '/',
    connections: CLIENTS,
    framing: resuming,
    isSubscribed: (message) => message.json<{ type?: string }>().type === 'subscribed',
    publish: { rate: 20, send: ({ id }) => appendFileSync(log, `${id}\n`) },
    identify: (message) => {
      const { id, position } = message.json<{ id?: string; position: number }>()
      return id === undefined ? 'other' : { id, sequence: position }
    },
    duration: '6s',
    drainDuration: '2s',
    lateThreshold: '500ms',
    reconnect: 50,
  })
  const run = await chaos.during(running, [killTarget({ time: '30%', downtime: DOWN_MS })])
  expect(chaos.done).toMatchObject([{ label: expect.stringMatching(/^target killed, ready again after /) }])
  return { run, log: readFileSync(log, 'utf8').trim().split('\n') }
}

// Simultaneous: both wait most of the time.
test.concurrent('clients of a killed target resubscribe and receive missed deliveries late', async (context) => {
  const { run, log } = await fanOutWithKill(context, {})
  expect(run.sockets).toMatchObject({ subscribed: CLIENTS, closed: CLIENTS, reconnected: CLIENTS })
  expect(run.deliveries).toMatchObject({
    expected: CLIENTS * log.length,
    missing: 0,
    duplicate: 0,
    outOfOrder: 0,
    unexpected: 0,
  })
  expect(run).toRecoverWithin('4s')
  // No client recovers while the process is down.
  expect(run).not.toRecoverWithin(DOWN_MS, { ratio: 1 / CLIENTS })
})

test.concurrent('clients of a killed target without a log resubscribe and never receive missed deliveries', async (context) => {
  const { run } = await fanOutWithKill(context, { FORGETFUL: '1' })
  expect(run.sockets).toMatchObject({ subscribed: CLIENTS, closed: CLIENTS, reconnected: CLIENTS })
  expect(run.deliveries).toMatchObject({ duplicate: 0, unexpected: 0 })
  expect(run.deliveries.missing).toBeGreaterThanOrEqual(CLIENTS)
  const message = messageOf(() => expect(run).toRecoverWithin('4s'))
  expect(message).toMatch(/^Error: expect\(run\)\.toRecoverWithin\('4s'\)/)
  expect(message).toContain('share of clients recovered within 4.00 s = 0% (0 of 30)')
  expect(message).toContain('30 not recovered by the end of the run')
})

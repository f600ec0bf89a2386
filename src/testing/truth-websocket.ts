import { onTestFinished } from 'vitest'
import { startServer, type TruthServer } from '../../fixtures/truth-websocket/start.ts'
import { createWebSocket, type WebSocketLoad } from '../websocket/websocket.ts'

/** Limits that a busy machine does not exceed. */
export const UNLIMITED = {
  scheduleDelayP99Ms: 60_000,
  eventLoopDelayP99Ms: 60_000,
  serviceTimeRatio: 1,
  busyUtilization: 2,
}

/** Starts a server with known behaviour, which is stopped after the test. */
export async function start(...args: Parameters<typeof startServer>): Promise<TruthServer> {
  const server = await startServer(...args)
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** The `ws` fixture for a server, at full scale and without limits of the generator. */
export function load(server: Pick<TruthServer, 'url'>): WebSocketLoad {
  return createWebSocket({
    baseUrl: server.url,
    signal: new AbortController().signal,
    scale: { name: 'full', users: 1, time: 1 },
    seed: 1,
    limits: UNLIMITED,
    onRun: () => {},
  })
}

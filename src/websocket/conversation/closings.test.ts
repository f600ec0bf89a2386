import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { constantVus } from '../../load/builders.ts'
import { createWebSocket } from '../websocket.ts'
import { Closings } from './closings.ts'

/** A server that echoes messages, and closes a connection of some VUs after its first response. */
async function startServer(isClosed: (vu: number) => boolean): Promise<string> {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (ws, request) => {
    const vu = Number(new URL(request.url!, 'ws://localhost').searchParams.get('vu'))
    ws.on('message', (data: Buffer) => {
      ws.send(data.toString())
      if (isClosed(vu)) ws.close(vu === 0 ? 4_000 : 1_012, `deploy of ${vu}`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    sockets.close()
    for (const ws of sockets.clients) ws.terminate()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** No limits, so that other work on the machine does not decide these tests. */
const UNLIMITED = { scheduleDelayP99Ms: 60_000, eventLoopDelayP99Ms: 60_000, serviceTimeRatio: 1, busyUtilization: 2 }

function talk(baseUrl: string) {
  const ws = createWebSocket({
    ...{ baseUrl, seed: 1, limits: UNLIMITED, onRun: () => {} },
    ...{ signal: new AbortController().signal, scale: { name: 'full', users: 1, time: 1 } },
  })
  return ws.run({
    ...{ path: '/', load: constantVus({ vus: 4, duration: '1s', thinkTime: '100ms' }), warmup: 0 },
    ...{ query: (vu) => ({ vu: String(vu.id) }), steps: { send: 'hello' } },
  })
}

test('warns about connections that the target closes between requests, with their codes', async () => {
  const run = await talk(await startServer((vu) => vu < 3))
  const { closings = {}, closedIdle } = run.connections
  expect(run.errorRate).toBe(0)
  expect(Object.keys(closings).toSorted()).toEqual(['closed with code 1012 (service restart)', 'closed with code 4000'])
  const [of1012, of4000] = [closings['closed with code 1012 (service restart)']!, closings['closed with code 4000']!]
  expect(of1012 + of4000).toBe(closedIdle)
  expect(of4000).toBeLessThan(of1012)
  expect(run.warnings).toContain(
    `${closedIdle} connections were closed between requests, each reopened when its VU sends again: ${of1012} × closed with code 1012 (service restart), ${of4000} × closed with code 4000`,
  )
})

test('does not warn if the target keeps connections open', async () => {
  const run = await talk(await startServer(() => false))
  expect(run.connections).not.toHaveProperty('closings')
  expect(run.warnings).toEqual([])
})

test('counts any number of kinds', () => {
  const closings = new Closings()
  for (let n = 0; n < 1_000; n++) closings.add(`Lines: message ${n} cannot be read`)
  closings.add('Lines: message 0 cannot be read')
  expect(Object.keys(closings.counts!)).toHaveLength(101)
  expect(closings.counts).toMatchObject({ 'Lines: message 0 cannot be read': 2, 'other reasons': 900 })
})

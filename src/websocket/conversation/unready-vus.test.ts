import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { evidenceOf } from '../../evidence/evidence.ts'
import { constantArrivalRate, constantVus, sharedIterations } from '../../load/builders.ts'
import type { HttpRun } from '../../runs/request-run.ts'
import { createWebSocket } from '../websocket.ts'
import type { ConversationOptions } from './conversation-options.ts'

/** Rejections by the server of one connection of a VU: the status of the handshake, a join that gets no response, or a close after the response to its first request. */
type Rejection = number | 'silent' | 'once' | undefined

/** A server that echoes messages, and rejects connections. @param reject by VU, and by the number of its connections before */
async function startServer(reject: (vu: number, before: number) => Rejection): Promise<string> {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  const connections = new Map<number, number>()
  server.on('upgrade', (request, socket, head) => {
    const vu = Number(new URL(request.url!, 'ws://localhost').searchParams.get('vu'))
    const before = connections.get(vu) ?? 0
    connections.set(vu, before + 1)
    const rejection = reject(vu, before)
    if (typeof rejection === 'number') {
      socket.end(`HTTP/1.1 ${rejection} No\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      ws.on('message', (data: Buffer) => {
        if (rejection === undefined || rejection === 'once') ws.send(data.toString())
        if (rejection === 'once' && data.toString() !== 'join') ws.close(1_012)
      })
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

async function talk(url: string, more: Partial<ConversationOptions> = {}): Promise<HttpRun> {
  const ws = createWebSocket({
    ...{ baseUrl: url, seed: 1, limits: UNLIMITED, onRun: () => {} },
    ...{ signal: new AbortController().signal, scale: { name: 'full', users: 1, time: 1 } },
  })
  return ws.run({
    ...{ path: '/', load: constantVus({ vus: 10, duration: '1s', thinkTime: '20ms' }), warmup: 0, abortWhen: false },
    ...{
      query: (vu) => ({ vu: String(vu.id) }),
      onOpen: () => 'join',
      isReady: (message) => String(message) === 'join',
    },
    ...{ readyTimeout: 200, timeout: 200, steps: { send: 'hello' } },
    ...more,
  })
}

const invaliditiesOf = (run: HttpRun) => run[evidenceOf]().invalidities

test.each<[string, Rejection, string]>([
  ['401', 401, '2 × status 401'],
  ['503', 503, '2 × status 503'],
])('counts what users whose handshakes get %s would have sent, and fails', async (_, rejection, kinds) => {
  const run = await talk(await startServer((vu) => (vu < 2 ? rejection : undefined)))
  // A fifth of the users; their pauses grow with each attempt.
  expect(run.errorRate).toBeGreaterThan(0.1)
  expect(run.errorRate).toBeLessThan(0.35)
  expect(run.dropped).toBeGreaterThan(run.errors.get('connect')!)
  expect(invaliditiesOf(run)).toMatchObject([
    {
      blame: 'target',
      reason: 'offered-rate-missed',
      finding: `2 of 10 VUs (20%) never had a connection on which they could send, limit 1%: ${kinds}`,
    },
  ])
  expect(run[evidenceOf]().hint).toMatch(/requests could not connect to .*, while [\d,]+ more were due/)
  expect(run.warnings).toContain(`2 of 10 VUs had no connection when the load began (${kinds})`)
})

test('counts what users whose subscription gets no response would have sent, and is invalid', async () => {
  const run = await talk(await startServer((vu) => (vu < 2 ? 'silent' : undefined)))
  expect(run.errorRate).toBeGreaterThan(0.1)
  const [found] = invaliditiesOf(run)
  expect(found).toMatchObject({
    reason: 'offered-rate-missed',
    finding: expect.stringMatching(/2 × not acknowledged$/),
  })
  expect(found!.blame).toBeUndefined()
})

test.each<[string, (message: unknown) => unknown, string]>([
  ['nothing', () => undefined, '10 × not acknowledged: isReady always returned undefined'],
  ['null', () => null, '10 × not acknowledged: isReady always returned undefined'],
  ['false', () => false, '10 × not acknowledged'],
])('names what isReady returned if it accepts no message: %s', async (_, isReady, kinds) => {
  const url = await startServer(() => undefined)
  const run = await talk(url, { isReady: isReady as () => boolean, load: constantVus({ vus: 10, duration: '400ms' }) })
  expect(run.warnings).toContain(`10 of 10 VUs had no connection when the load began (${kinds})`)
})

test('counts what users would have sent whose iterations time out while they connect again', async () => {
  const more = { readyTimeout: 2_000, timeout: 100 }
  const reject = (vu: number, before: number) => (vu < 2 ? (before === 0 ? 'once' : 'silent') : undefined)
  const run = await talk(await startServer(reject), more)
  expect(run.connections).toMatchObject({ closedIdle: 2, refused: 0 })
  expect(run.errors.get('timeout')).toBeGreaterThan(1)
  // An iteration takes 20 ms, and an attempt 100 ms.
  expect(run.dropped).toBeGreaterThan(0)
})

test.each([
  ['an open model', constantArrivalRate({ rate: 100, vus: 10, duration: '500ms' })],
  ['shared iterations', sharedIterations({ iterations: 50, vus: 10 })],
])('does not judge %s without the users that cannot connect, or count any iteration twice', async (_, load) => {
  const run = await talk(await startServer((vu) => (vu < 2 ? 401 : undefined)), { load })
  // Each iteration is due once, whichever VU it gets: those of the two are errors.
  expect(run.offered).toBe(50)
  expect(run.errors.get('connect')).toBeGreaterThanOrEqual(2)
  expect(invaliditiesOf(run)).toMatchObject([{ blame: 'target', finding: expect.stringContaining('2 of 10 VUs') }])
})

test('judges users whose first attempt failed by their later ones, and warns', async () => {
  const run = await talk(await startServer((vu, before) => (vu < 2 && before === 0 ? 503 : undefined)))
  expect(run).toMatchObject({ errorRate: 0, dropped: 0, connections: { refused: 2, readiness: { neverReady: {} } } })
  expect(invaliditiesOf(run)).toEqual([])
  expect(run.warnings).toContain('2 of 10 VUs had no connection when the load began (2 × status 503)')
})

test('does not judge the connection of a VU that never had to send', async () => {
  const load = constantArrivalRate({ rate: 10, vus: 10, duration: '200ms' })
  const run = await talk(await startServer((vu) => (vu > 7 ? 503 : undefined)), { load })
  expect(run).toMatchObject({ errorRate: 0, connections: { readiness: { began: 2, neverReady: {} } } })
  expect(invaliditiesOf(run).filter(({ reason }) => reason === 'offered-rate-missed')).toEqual([])
})

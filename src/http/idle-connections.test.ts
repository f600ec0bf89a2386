import { createServer, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import type { HttpRun } from '../runs/request-run.ts'
import { response, engineFor } from '../testing/scripted-server.ts'

/** A server that closes a connection this long after its last response, without announcing it. */
async function closingAfter(idleMs: number, onConnection?: (socket: Socket) => void | Promise<void>): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer({ noDelay: true }, (socket) => {
    let timer: NodeJS.Timeout | undefined
    sockets.add(socket)
    void onConnection?.(socket)
    socket.on('error', () => {}).on('close', () => clearTimeout(timer))
    socket.on('data', () => {
      clearTimeout(timer)
      timer = undefined
      if (idleMs === 0) socket.end(response())
      else if (socket.writable) {
        socket.write(response())
        const idle = setTimeout(() => void closeIfIdle(), idleMs)
        timer = idle
        const closeIfIdle = async () => {
          // Generator and target share this process. If it was blocked, a request may be waiting to be read.
          await setImmediate()
          if (timer === idle) socket.end()
        }
      }
    })
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A server that serves this many connections at a time and refuses any more. */
async function refusingBeyond(connections: number, idleMs: number) {
  let open = 0
  const target = { url: '', refused: 0, maxOpen: 0 }
  const accept = (socket: Socket) => {
    target.maxOpen = Math.max(target.maxOpen, ++open)
    socket.on('close', () => open--)
  }
  target.url = await closingAfter(idleMs, async (socket) => {
    if (open < connections) return accept(socket)
    // Generator and target share this process. If it was blocked, connections that the generator has closed are only
    // noticed now.
    for (let turn = 0; turn < 4; turn++) await setImmediate()
    if (open < connections) return accept(socket)
    target.refused++
    socket.resetAndDestroy()
  })
  return target
}

/**
 * Skips a test whose process did not get the CPU that the run needed: it is late to write requests and to close idle
 * connections alike, so that requests are lost, and the run itself is invalid.
 */
function skipIfSaturated(run: HttpRun, skip: (why: string) => void): void {
  if (run[evidenceOf]().invalidities.some(({ reason }) => reason === 'generator-saturated'))
    skip('the process did not get the CPU that the run needed')
}

const steps = [
  { name: 'one', request: { path: '/1' } },
  { name: 'two', request: { path: '/2' } },
]

test.for<[string, number, Load, string]>([
  ['after each response, in a closed loop', 0, constantVus({ vus: 2, duration: '500ms' }), 'GET'],
  ['after each response, with shared iterations', 0, sharedIterations({ iterations: 100, vus: 10 }), 'POST'],
  ['after 300 ms, when VUs idle for as long', 300, constantArrivalRate({ rate: 200, vus: 60, duration: '3s' }), 'GET'],
  ['after 300 ms, when VUs think for as long', 300, constantVus({ vus: 60, duration: '3s', thinkTime: 300 }), 'POST'],
  ['after 1 s, when VUs idle for as long', 1_000, constantArrivalRate({ rate: 100, vus: 100, duration: '5s' }), 'POST'],
])('loses no request if the target closes connections %s', async ([, idleMs, load, method], { skip }) => {
  const { http } = engineFor(await closingAfter(idleMs))
  const run = await http.run({ load, request: { path: '/x', method } })
  skipIfSaturated(run, skip)
  expect([...run.errors]).toEqual([])
  expect(run.completed).toBe(run.offered)
  expect(run.connections.replaced + run.connections.closedIdle).toBeGreaterThan(run.completed / 4)
})

test('loses no step if the target closes connections after each response', async ({ skip }) => {
  const { http } = engineFor(await closingAfter(0))
  const run = await http.run({ load: sharedIterations({ iterations: 50, vus: 5 }), steps })
  skipIfSaturated(run, skip)
  expect([...run.errors]).toEqual([])
  expect(run.completed).toBe(100)
})

test('the evidence names the idle time after which the target closes connections', async ({ skip }) => {
  const { http } = engineFor(await closingAfter(300))
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 30, duration: '2s' }),
    request: { path: '/x' },
  })
  skipIfSaturated(run, skip)
  const lines = run[evidenceOf]().evidenceLines.map((line) => line.replace(/\d+ reopened/, 'N reopened'))
  expect(lines.at(-1)).toBe('connections: the target closes idle connections after about 0.3 s; N reopened')
})

test('loses no request if VUs are idle for the announced time of a Node server', async ({ skip }) => {
  const server: Server & { keepAliveTimeoutBuffer?: number } = createServer((request, response) => {
    request.resume()
    response.end('ok')
  })
  server.keepAliveTimeout = 1_000
  server.keepAliveTimeoutBuffer = 0
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { http } = engineFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const load = constantArrivalRate({ rate: 100, vus: 100, duration: '4s' })
  const run = await http.run({ load, request: { method: 'POST', path: '/', body: { a: 1 } } })
  skipIfSaturated(run, skip)
  expect([...run.errors]).toEqual([])
})

test('lets one request wait and reuses all connections if the target keeps them', async () => {
  const { http } = engineFor(await closingAfter(60_000))
  const load = constantArrivalRate({ rate: 10, vus: 4, duration: '2s' })
  const run = await http.run({ load, request: { path: '/x' } })
  expect([...run.errors]).toEqual([])
  const { opened, replaced } = run.connections
  expect(run.connections).toMatchObject({ opened: 4 + replaced, maxOpen: 4, openAtEnd: 4, closedIdle: 0 })
  // 16 of 20 requests follow another one of their VU. A process that is blocked may delay one beyond the proven idle time.
  expect(opened).toBeLessThan(10)
})

test('the time-out of a request begins when it is written, also after a wait', async () => {
  const { http } = engineFor(await closingAfter(60_000))
  const load = constantArrivalRate({ rate: 5, vus: 1, duration: '1s' })
  const run = await http.run({ load, request: { path: '/x' }, timeout: '15ms' })
  expect([...run.errors]).toEqual([])
})

test.for<[string, number, Load]>([
  ['keeps its connections', 60_000, constantArrivalRate({ rate: 100, vus: 20, duration: '2s' })],
  [
    'keeps its connections and all VUs think at the same time',
    60_000,
    constantVus({ vus: 20, duration: '2s', thinkTime: 200 }),
  ],
  ['closes them when a request is due', 200, constantArrivalRate({ rate: 100, vus: 20, duration: '3s' })],
  ['closes them after each response', 0, constantVus({ vus: 20, duration: '1s', thinkTime: 5 })],
])('opens no more connections than VUs if the target %s', async ([, idleMs, load], { skip }) => {
  const vus = 20
  const target = await refusingBeyond(vus, idleMs)
  const { http } = engineFor(target.url)
  const run = await http.run({ load, request: { path: '/x' } })
  skipIfSaturated(run, skip)
  expect([...run.errors]).toEqual([])
  expect({ refused: target.refused, maxOpen: run.connections.maxOpen }).toEqual({ refused: 0, maxOpen: vus })
  expect(target.maxOpen).toBe(vus)
})

import { createServer, type AddressInfo, type Socket } from 'node:net'
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { evidenceOf } from '../evidence/evidence.ts'
import { constantArrivalRate, constantVus, sharedIterations } from '../load/builders.ts'
import type { Load } from '../load/load.ts'
import { clearTimeout, setTimeout } from '../machine/clock.ts'
import { response, engineFor } from '../testing/scripted-server.ts'

// Otherwise requests would be lost if this process, which is generator and target, did not get the CPU that it needs.
vi.mock(import('../machine/clock.ts'), async () => (await import('../testing/virtual-clock.ts')) as never)
vi.mock(import('../load/wakeup-timer.ts'), async () => (await import('../testing/virtual-clock.ts')) as never)

interface Options {
  /** Additional headers of each response. */
  readonly headers?: string
  onConnection?(socket: Socket): void
}

/** Time until the generator can notice a close. A request that it sends meanwhile is lost. */
const CLOSE_TAKES_MS = 2

/** A server that closes a connection this long after its last response. */
async function closingAfter(idleMs: number, { headers = '', onConnection }: Options = {}): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    let timer: NodeJS.Timeout | undefined
    let isClosing = false
    sockets.add(socket)
    onConnection?.(socket)
    socket.on('error', () => {}).on('close', () => clearTimeout(timer))
    socket.on('data', () => {
      clearTimeout(timer)
      if (isClosing) socket.resetAndDestroy()
      else if (idleMs === 0) socket.end(response())
      else {
        socket.write(response('ok', { headers }))
        timer = setTimeout(() => {
          isClosing = true
          setTimeout(() => socket.end(), CLOSE_TAKES_MS)
        }, idleMs)
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
  const onConnection = (socket: Socket) => {
    if (open === connections) {
      target.refused++
      socket.resetAndDestroy()
      return
    }
    target.maxOpen = Math.max(target.maxOpen, ++open)
    socket.on('close', () => open--)
  }
  target.url = await closingAfter(idleMs, { onConnection })
  return target
}

// Imports what the engine imports in its first run: time passes meanwhile, because no socket has traffic.
beforeAll(async () => {
  const { http } = engineFor('http://127.0.0.1:1')
  await http.run({ load: sharedIterations({ iterations: 1, vus: 1 }), request: { path: '/' } }).catch(() => {})
})

const steps = [
  { name: 'one', request: { path: '/1' } },
  { name: 'two', request: { path: '/2' } },
]

test.for<[string, number, Load, string]>([
  ['after each response, in a closed loop', 0, constantVus({ vus: 2, duration: '200ms' }), 'GET'],
  ['after each response, with shared iterations', 0, sharedIterations({ iterations: 100, vus: 10 }), 'POST'],
  ['after 300 ms, when VUs idle for as long', 300, constantArrivalRate({ rate: 200, vus: 60, duration: '3s' }), 'GET'],
  ['after 300 ms, when VUs think for as long', 300, constantVus({ vus: 60, duration: '3s', thinkTime: 300 }), 'POST'],
  ['after 1 s, when VUs idle for as long', 1_000, constantArrivalRate({ rate: 100, vus: 100, duration: '5s' }), 'POST'],
])('loses no request if the target closes connections %s', async ([, idleMs, load, method]) => {
  const { http } = engineFor(await closingAfter(idleMs))
  const run = await http.run({ load, request: { path: '/x', method } })
  expect([...run.errors]).toEqual([])
  expect(run.completed).toBe(run.offered)
  expect(run.connections.replaced + run.connections.closedIdle).toBeGreaterThan(run.completed / 4)
})

test('loses no step if the target closes connections after each response', async () => {
  const { http } = engineFor(await closingAfter(0))
  const run = await http.run({ load: sharedIterations({ iterations: 50, vus: 5 }), steps })
  expect([...run.errors]).toEqual([])
  expect(run.completed).toBe(100)
})

test('the evidence names the idle time after which the target closes connections', async () => {
  const { http } = engineFor(await closingAfter(300))
  const run = await http.run({
    load: constantArrivalRate({ rate: 100, vus: 30, duration: '2s' }),
    request: { path: '/x' },
  })
  const lines = run[evidenceOf]().evidenceLines.map((line) => line.replace(/\d+ reopened/, 'N reopened'))
  expect(lines.at(-1)).toBe('connections: the target closes idle connections after about 0.3 s; N reopened')
})

test('loses no request if VUs are idle for the announced time', async () => {
  const { http } = engineFor(await closingAfter(999, { headers: 'Keep-Alive: timeout=1\r\n' }))
  const load = constantArrivalRate({ rate: 100, vus: 100, duration: '4s' })
  const run = await http.run({ load, request: { method: 'POST', path: '/', body: { a: 1 } } })
  expect([...run.errors]).toEqual([])
})

test('lets one request wait and reuses all connections if the target keeps them', async () => {
  const { http } = engineFor(await closingAfter(60_000))
  const load = constantArrivalRate({ rate: 10, vus: 4, duration: '2s' })
  const run = await http.run({ load, request: { path: '/x' } })
  expect([...run.errors]).toEqual([])
  expect(run.connections).toMatchObject({ opened: 4, maxOpen: 4, openAtEnd: 4, closedIdle: 0, replaced: 0 })
  expect(run).toMatchObject({ latency: { p95Ms: expect.closeTo(0, 0), maxMs: expect.closeTo(20.5, 0) } })
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
  ['closes them after each response', 0, constantVus({ vus: 20, duration: '200ms', thinkTime: 5 })],
])('opens no more connections than VUs if the target %s', async ([, idleMs, load]) => {
  const vus = 20
  const target = await refusingBeyond(vus, idleMs)
  const { http } = engineFor(target.url)
  const run = await http.run({ load, request: { path: '/x' } })
  expect([...run.errors]).toEqual([])
  expect({ refused: target.refused, maxOpen: run.connections.maxOpen }).toEqual({ refused: 0, maxOpen: vus })
  expect(target.maxOpen).toBe(vus)
})

import { describe, expect, test } from 'vitest'
import { sharedIterations } from '../load/builders.ts'
import { engineFor, response, scriptedServer } from '../testing/scripted-server.ts'
import type { HttpRunOptions } from './types.ts'

const load = sharedIterations({ iterations: 4, vus: 2 })
const steps = [
  { name: 'a', request: { path: '/a' } },
  { name: 'b', request: { path: '/b' } },
]

/** Connections accepted beyond the two that are opened before the load: that of the preflight and, if included, the first. */
async function runWith(options: Partial<HttpRunOptions>, respond = () => response()) {
  await using server = await scriptedServer({ onRequest: (socket) => socket.write(respond()) })
  const { http } = engineFor(server.url)
  const run = await http.run({ load, steps, ...options } as HttpRunOptions)
  return { run, accepted: server.accepted, heads: server.requests }
}

describe('the option connections', () => {
  test('keeps the connection of each VU by default', async () => {
    const { run, accepted, heads } = await runWith({})
    expect(run).toMatchObject({ completed: 8, errorRate: 0, connections: { opened: 2 } })
    // One of each VU, and one of the preflight.
    expect(accepted).toBe(3)
    expect(heads.every((head) => head.includes('\r\nConnection: keep-alive\r\n'))).toBe(true)
  })

  test('opens a connection for each iteration, which all of its requests use', async () => {
    const { run, accepted, heads } = await runWith({ connections: 'per-iteration' })
    // One for each iteration; before the load, one of the preflight and one that shows whether the target speaks first.
    expect(run).toMatchObject({ completed: 8, errorRate: 0, connections: { opened: 4, openAtEnd: 0 } })
    expect(accepted).toBe(6)
    expect(heads.every((head) => head.includes('\r\nConnection: keep-alive\r\n'))).toBe(true)
  })

  test('opens a connection for each request, which asks the target to close it', async () => {
    const { run, accepted, heads } = await runWith({ connections: 'per-request' })
    expect(run).toMatchObject({ completed: 8, errorRate: 0, connections: { opened: 8, openAtEnd: 0 } })
    expect(accepted).toBe(10)
    expect(heads.every((head) => head.includes('\r\nConnection: close\r\n'))).toBe(true)
  })

  test('counts the handshake in the latency of each request, and not in its service time', async () => {
    const { run } = await runWith({ connections: 'per-request', load: sharedIterations({ iterations: 20, vus: 1 }) })
    if (run.state === 'empty') throw new Error('nothing measured')
    expect(run.latency.minMs).toBeGreaterThan(run.serviceTime.minMs)
  })

  test('applies to the connections of request.all() and of hosts', async () => {
    await using identity = await scriptedServer({ onRequest: (socket) => socket.write(response()) })
    for (const [connections, accepted] of [
      ['per-vu', [5, 2]],
      // Iteration by iteration: four to the target and one to the host.
      ['per-iteration', [10, 3]],
      ['per-request', [10, 3]],
    ] as const) {
      const before = identity.accepted
      const { run, accepted: ofTarget } = await runWith({
        connections,
        load: sharedIterations({ iterations: 2, vus: 1 }),
        hosts: { identity: identity.url },
        steps: undefined as never,
        flow: async ({ request }) => {
          await request.all([{ path: '/a' }, { path: '/b' }, { path: '/c' }, { path: '/d' }])
          await request({ host: 'identity', path: '/login' })
        },
      })
      expect(run).toMatchObject({ completed: 10, errorRate: 0 })
      expect([connections, [ofTarget, identity.accepted - before]]).toEqual([connections, accepted])
    }
  })
})

test('connectionsPerVu limits the requests that request.all() has in flight', async () => {
  for (const [options, most] of [
    [{}, 6],
    [{ connectionsPerVu: 1 }, 1],
    [{ connectionsPerVu: 10 }, 8],
  ] as const) {
    let inFlight = 0
    let mostInFlight = 0
    await using server = await scriptedServer({
      onRequest(socket) {
        mostInFlight = Math.max(mostInFlight, ++inFlight)
        setTimeout(() => {
          inFlight--
          socket.write(response())
        }, 20)
      },
    })
    const { http } = engineFor(server.url)
    const run = await http.run({
      load: sharedIterations({ iterations: 1, vus: 1 }),
      ...options,
      flow: ({ request }) => request.all(Array.from({ length: 8 }, (_, at) => ({ path: `/${at}` }))),
    })
    expect([run.completed, mostInFlight, run.connections.maxOpen]).toEqual([8, most, most])
  }
})

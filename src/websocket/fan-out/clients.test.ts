import { expect, test } from 'vitest'
import { WHOLE } from '../../load/share.ts'
import type { SocketPool } from '../sockets/socket-pool.ts'
import { Clients } from './clients.ts'

/** Records the source address of each client, and responds to every handshake immediately. */
function connectedFrom(clients: number, urls: readonly string[], sources: readonly string[]): Promise<unknown[]> {
  const from: (string | undefined)[] = []
  const plan = {
    clients,
    urls,
    layout: { processes: 1, sources },
    connectRatePerSec: undefined,
    maxHandshakes: 1,
    share: WHOLE,
    vuOf: (id: number) => ({ id, data: undefined, vars: {} }),
    handshake: (_: unknown, instance: number) => ({ url: urls[instance]!, headers: {}, subprotocols: [] }),
    handshakeTimeoutMs: 10_000,
    framing: undefined,
    heartbeat: undefined,
    perMessageDeflate: false,
    subscribe: undefined,
    isSubscribed: undefined,
    acknowledgedBy: 'isSubscribed' as const,
    subscribeTimeoutMs: 1_000,
    joinDelayMs: 0,
    reconnectAfterMs: undefined,
  }
  const events = { subscribed() {}, message() {}, broken() {} }
  const all = new Clients(plan, events, (pool) => {
    const connect: SocketPool['connect'] = (client, { localAddress }) => {
      from[client] = localAddress
      pool.opened(client, 0, false)
    }
    return { connect } as SocketPool
  })
  return all
    .open(new AbortController().signal)
    .then(() => from)
    .finally(() => all.stop())
}

test('spreads clients evenly over source addresses', async () => {
  expect(await connectedFrom(4, ['ws://one'], ['a', 'b'])).toEqual(['a', 'b', 'a', 'b'])
})

test('opens connections to each instance of the target from every source address', async () => {
  // Clients 0, 2, 4, 6 belong to the first instance, 1, 3, 5, 7 to the second.
  const from = await connectedFrom(8, ['ws://one', 'ws://two'], ['a', 'b'])
  expect(from.filter((_, client) => client % 2 === 0)).toEqual(['a', 'b', 'a', 'b'])
  expect(from.filter((_, client) => client % 2 === 1)).toEqual(['a', 'b', 'a', 'b'])
})

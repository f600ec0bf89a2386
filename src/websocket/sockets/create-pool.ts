import { LocalPool } from './local-pool.ts'
import { ProcessPool } from './process-pool.ts'
import type { Placement, SocketPlan } from './socket-options.ts'
import type { PoolEvents, SocketPool } from './socket-pool.ts'

/** Creates the pool of a placement: in this process, or in several others. */
export function createPool(
  plan: SocketPlan<never> & Placement & { readonly clients: number },
  events: PoolEvents,
): SocketPool {
  const { layout, addresses, clients, handshakeTimeoutMs, pingIntervalMs, perMessageDeflate, tls } = plan
  const options = { addresses, clients, handshakeTimeoutMs, pingIntervalMs, perMessageDeflate, tls }
  return layout.processes === 1 ? new LocalPool(options, events) : new ProcessPool(layout.processes, options, events)
}

import type { Share } from '../../load/share.ts'
import { LocalPool } from './local-pool.ts'
import { ProcessPool } from './process-pool.ts'
import type { Placement, SocketPlan } from './socket-options.ts'
import type { PoolEvents, SocketPool } from './socket-pool.ts'

/** Creates the pool of a placement: in this process, or in several others. */
export function createPool(
  plan: SocketPlan<never> & Placement & { readonly clients: number; readonly share: Share },
  events: PoolEvents,
): SocketPool {
  const { layout, addresses, clients, handshakeTimeoutMs, pingIntervalMs, perMessageDeflate, tls } = plan
  const options = { addresses, clients, handshakeTimeoutMs, pingIntervalMs, perMessageDeflate, tls }
  if (layout.processes === 1) return new LocalPool(options, events)
  return new ProcessPool(layout.processes, plan.share, options, events)
}

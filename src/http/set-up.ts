import type { Connection } from './connection.ts'

/** Handshakes in flight at one time: more would overflow a listener's queue and measure that instead. */
const MAX_HANDSHAKES = 200

/** Stop opening connections in advance after this many consecutive failures: the load will show it. */
const GIVE_UP_AFTER = 20

/**
 * Opens connections before the load begins. Those that fail are tried again when their VU's first request is due.
 * An abort ends the wait, not the handshakes: closing the connections does.
 */
export async function openAll(connections: readonly Connection[], signal: AbortSignal): Promise<void> {
  let next = 0
  let failures = 0
  let successes = 0
  const openOneAfterAnother = async (): Promise<void> => {
    while (next < connections.length && !signal.aborted && !(successes === 0 && failures >= GIVE_UP_AFTER)) {
      const connection = connections[next++]!
      await new Promise<void>((resolve) => connection.prepare(resolve))
      if (connection.isOpen) successes++
      else failures++
    }
  }
  const all = Promise.all(Array.from({ length: Math.min(MAX_HANDSHAKES, connections.length) }, openOneAfterAnother))
  const aborted = Promise.withResolvers<void>()
  const onAbort = () => aborted.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await Promise.race([all, aborted.promise])
  signal.removeEventListener('abort', onAbort)
}

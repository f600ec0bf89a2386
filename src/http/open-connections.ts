import type { Share } from '../load/share.ts'
import type { Connection } from './connection.ts'

/** Maximum handshakes in flight, of all generators: more would overflow the listen queue, and the run would measure that instead. */
const MAX_HANDSHAKES = 200

/** Failures after which, without any success, no more connections are opened in advance: the load will show the problem. */
const GIVE_UP_AFTER = 20

/**
 * Opens connections before the load begins. A failed one is tried again when its VU's first request is due. An abort ends
 * the wait but not the handshakes, which end when the connections are closed.
 */
export async function openAll(
  connections: readonly Connection[],
  { count }: Share,
  signal: AbortSignal,
): Promise<void> {
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
  const atOnce = Math.min(Math.ceil(MAX_HANDSHAKES / count), connections.length)
  const all = Promise.all(Array.from({ length: atOnce }, openOneAfterAnother))
  const aborted = Promise.withResolvers<void>()
  const onAbort = () => aborted.resolve()
  signal.addEventListener('abort', onAbort, { once: true })
  await Promise.race([all, aborted.promise])
  signal.removeEventListener('abort', onAbort)
}

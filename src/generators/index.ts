import { aloneRendezvous } from './alone.ts'
import { joinRendezvous } from './log-rendezvous.ts'
import type { GeneratorPlace } from './place.ts'
import type { Rendezvous } from './rendezvous.ts'

/**
 * Joins the rendezvous of one part of a run, such as a scenario file.
 *
 * @param name names the part; the same on every generator, and new for every repetition
 * @throws {GeneratorError} if the rendezvous cannot be reached, or this generator is already there
 */
export async function openRendezvous(place: GeneratorPlace | undefined, name: string): Promise<Rendezvous> {
  if (place === undefined) return aloneRendezvous('')
  const { address, runId } = place
  const log =
    address.kind === 'local'
      ? await (await import('./local-log.ts')).openLocalLog(address, `${runId}:${name}`)
      : await (await import('./redis-log.ts')).openRedisLog(address.url, runId, name)
  return joinRendezvous(log, place)
}

import { totalmem } from 'node:os'

/**
 * Memory that the processes of a run may take: the limit of the container or, without one, what is free on this machine,
 * caches included. What is free in a container is not known, as its caches count as used.
 */
export function availableMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < totalmem() ? limit : process.availableMemory()
}

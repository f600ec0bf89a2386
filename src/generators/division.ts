import type { Division } from '../load/share.ts'
import type { Rendezvous } from './rendezvous.ts'

/** This generator's share of one run. @param run names the run; the same on every generator, and new for every run */
export function divisionOf(rendezvous: Rendezvous, run: string): Division {
  const { index, count } = rendezvous
  return {
    share: { index, count },
    claim: (block) => rendezvous.add(`the iterations of ${run}`, block),
    startAt: () => rendezvous.startAt(run),
    gather: (label, part) => rendezvous.gather(`${label} of ${run}`, part),
  }
}

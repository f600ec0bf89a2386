import type { Division } from '../load/share.ts'
import { now } from '../machine/clock.ts'

/** Time from the last generator that is ready to the common start. */
const START_AFTER_MS = 50

/** Divisions of one run among generators in this process. */
export function divisions(count: number): Division[] {
  let claimed = 0
  const started = meeting<undefined>(count)
  const gathered = new Map<string, ReturnType<typeof meeting<Uint8Array>>>()
  let startMs: number | undefined
  return Array.from({ length: count }, (_, index) => ({
    share: { index, count },
    async claim(block) {
      const before = claimed
      claimed += block
      return before
    },
    async startAt() {
      await started(index, undefined)
      return { atMs: (startMs ??= now() + START_AFTER_MS), errorMs: 0 }
    },
    gather(label, part) {
      const meet = gathered.get(label) ?? meeting<Uint8Array>(count)
      gathered.set(label, meet)
      return meet(index, part)
    },
  }))
}

function meeting<T>(count: number): (index: number, part: T) => Promise<readonly T[]> {
  const parts: T[] = []
  let came = 0
  const all = Promise.withResolvers<readonly T[]>()
  return (index, part) => {
    parts[index] = part
    if (++came === count) all.resolve(parts)
    return all.promise
  }
}

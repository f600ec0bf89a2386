import { now } from '../machine/clock.ts'
import type { AbortCause, AbortReason, Rendezvous, SecondTally } from './rendezvous.ts'

/** Rendezvous of a generator that is the only one. Nothing waits, and nothing is sent. */
export function aloneRendezvous(node: string): Rendezvous {
  const totals = new Map<string, number>()
  const values = new Map<string, Promise<unknown>>()
  const tallyListeners = new Set<Parameters<Rendezvous['onTally']>[0]>()
  const abortListeners = new Set<(reason: AbortReason) => void>()
  let stopped: AbortReason | undefined
  let decided: AbortReason | undefined
  return {
    index: 0,
    count: 1,
    nodes: [node],
    once<T>(key: string, compute: () => Promise<T>): Promise<T> {
      const value = (values.get(key) as Promise<T> | undefined) ?? compute()
      values.set(key, value)
      return value
    },
    async barrier<R>(_: string, mine: R) {
      return [mine]
    },
    async startAt() {
      decided = undefined
      return { atMs: now(), errorMs: 0 }
    },
    async startSkew() {
      const clock = { errorMs: 0, toSharedMs: (atMs: number) => atMs }
      return { skewMs: 0, errorMs: 0, offsetsMs: [0], driftPpm: 0, clock }
    },
    async gather(_, part) {
      return [part]
    },
    async add(key, amount) {
      const before = totals.get(key) ?? 0
      totals.set(key, before + amount)
      return before
    },
    beat(tally: SecondTally) {
      for (const listener of tallyListeners) listener({ ...tally, generators: [tally] })
    },
    onTally(listener) {
      tallyListeners.add(listener)
      return { [Symbol.dispose]: () => void tallyListeners.delete(listener) }
    },
    abort(cause: AbortCause) {
      if ((stopped ?? decided) !== undefined) return
      const reason = { ...cause, generator: 1 }
      if (cause.kind === 'stopped') stopped = reason
      else decided = reason
      for (const listener of abortListeners) listener(reason)
    },
    onAbort(listener) {
      const known = stopped ?? decided
      if (known !== undefined) listener(known)
      abortListeners.add(listener)
      return { [Symbol.dispose]: () => void abortListeners.delete(listener) }
    },
    async [Symbol.asyncDispose]() {},
  }
}

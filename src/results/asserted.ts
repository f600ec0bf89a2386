import type { WatchedPromise } from './watched-promise.ts'

/** An assertion that is judged later, such as one that reads a database. */
export interface LaterAssertion {
  /** As it was written: `expect(ledger).toConserve({ … })`. */
  readonly call: string
  readonly promise: WatchedPromise<unknown>
  /** Holds the stack of the call. */
  readonly site: Error
}

/** What matchers of this package did in one scenario. */
export interface Asserted {
  /** Judgements, invalid ones included. */
  judged: number
  /** Assertions that could not be checked here. */
  skipped: number
  readonly later: LaterAssertion[]
  /** Names of the runs and comparisons that were judged, invalid ones included. */
  readonly runs: Set<string>
  /** Names of the runs whose history was judged. */
  readonly histories: Set<string>
}

const byTask = new WeakMap<object, Asserted>()

/** What was asserted in a test so far. */
export function assertedBy(task: object): Asserted {
  const known = byTask.get(task)
  if (known !== undefined) return known
  const none: Asserted = { judged: 0, skipped: 0, later: [], runs: new Set(), histories: new Set() }
  byTask.set(task, none)
  return none
}

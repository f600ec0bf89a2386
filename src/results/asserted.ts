import type { WatchedPromise } from './watched-promise.ts'

/** An asynchronous assertion, such as one that reads a database. */
export interface LaterAssertion {
  /** The call as it was written: `expect(ledger).toConserve({ … })`. */
  readonly call: string
  readonly promise: WatchedPromise<unknown>
  /** Error with the stack of the call. */
  readonly site: Error
}

/** Assertions of one scenario by the matchers of this package. */
export interface Asserted {
  /** Number of assertions that were judged, invalid ones included. */
  judged: number
  /** Number of assertions that could not be checked. */
  skipped: number
  readonly later: LaterAssertion[]
  /** Names of the runs and comparisons that were judged, invalid ones included. */
  readonly runs: Set<string>
  /** Names of the runs whose history was judged. */
  readonly histories: Set<string>
  /** Whether the scenario has ended, so that no assertion counts any more. */
  isOver: boolean
}

const byTask = new WeakMap<object, Asserted>()

/** Assertions of a test so far. */
export function assertedBy(task: object): Asserted {
  const known = byTask.get(task)
  if (known !== undefined) return known
  const empty: Asserted = {
    judged: 0,
    skipped: 0,
    later: [],
    runs: new Set(),
    histories: new Set(),
    isOver: false,
  }
  byTask.set(task, empty)
  return empty
}

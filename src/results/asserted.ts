import type { WatchedPromise } from './watched-promise.ts'

/** An asynchronous assertion, such as one that reads a database. */
export interface LaterAssertion {
  /** The call as it was written: `expect(ledger).toConserve({ … })`. */
  readonly call: string
  readonly promise: WatchedPromise<unknown>
  /** Error with the stack of the call. */
  readonly site: Error
}

/** A call that threw or was rejected before it measured or judged anything, for example because of its options. */
export interface Rejected {
  /** The call: `http.run()`. */
  readonly call: string
  readonly error: unknown
  /** Error with the stack of the call. */
  readonly site: Error
  /** Whether a matcher received the error: `await expect(http.run(…)).rejects.toThrow()`. */
  isExpected: boolean
}

/** Assertions of one scenario by the matchers of this package. */
export interface Asserted {
  /** Number of assertions that were judged, invalid ones included. */
  judged: number
  /** Number of assertions that could not be checked. */
  skipped: number
  readonly later: LaterAssertion[]
  readonly rejected: Rejected[]
  /** Names of the runs and comparisons that were judged, invalid ones included. */
  readonly runs: Set<string>
  /** Names of the runs whose history was judged. */
  readonly histories: Set<string>
  /** Whether the test is a scenario, whose assertions are checked at its end. */
  isScenario: boolean
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
    rejected: [],
    isScenario: false,
    runs: new Set(),
    histories: new Set(),
    isOver: false,
  }
  byTask.set(task, empty)
  return empty
}

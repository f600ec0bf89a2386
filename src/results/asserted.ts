import type { WatchedPromise } from './watched-promise.ts'

/** An asynchronous assertion, such as one that reads a database. */
export interface LaterAssertion {
  /** The call as it was written: `expect(ledger).toConserve({ … })`. */
  readonly call: string
  readonly promise: WatchedPromise<unknown>
  /** Whether it has been judged or rejected. */
  isSettled: boolean
  /** Error with the stack of the call. */
  readonly site: Error
}

/** A call of a fixture that failed, or of a matcher that threw before it judged anything, for example because of its options. */
export interface Rejected {
  readonly by: 'fixture' | 'matcher'
  /** The call: `http.run()`. */
  readonly call: string
  readonly error: unknown
  /** Whether the call threw the error instead of returning a promise. */
  readonly isThrown: boolean
  /** Error with the stack of the call. */
  readonly site: Error
  /** Whether a matcher received the error: `await expect(http.run(…)).rejects.toThrow()`. */
  isExpected: boolean
}

/** A call of `expect()` in a scenario on which no matcher has been called yet. */
export interface ExpectCall {
  /** The calls that it is removed from when a matcher is called. */
  readonly among: Set<ExpectCall>
  /** Error with the stack of the call; not for the functions that are called for each response. */
  readonly site?: Error
  /** Matcher of this package that was read and, so far, not called. */
  read?: string
  /** Whether it is a call of `expect.poll()`, which was rejected. */
  isPoll?: boolean
}

/** Flag of an assertion, and of those derived from it, such as `.not`: its {@link ExpectCall}. */
export const EXPECT_CALL = 'vitest-slo-call'

/** Assertions of one scenario by the matchers of this package. */
export interface Asserted {
  /** Number of assertions that were judged, invalid ones included. */
  judged: number
  /** Number of assertions that could not be checked. */
  skipped: number
  readonly later: LaterAssertion[]
  readonly rejected: Rejected[]
  readonly unmatched: Set<ExpectCall>
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
    unmatched: new Set(),
    isScenario: false,
    runs: new Set(),
    histories: new Set(),
    isOver: false,
  }
  byTask.set(task, empty)
  return empty
}

const evidence = new WeakSet<Error>()

/**
 * Registers an error of a function that the scenario passed, if this package judges it: a ledger whose rows cannot be read
 * is invalid, and a read of a probe has failed. The scenario did not catch it.
 */
export function judgeError(error: unknown): void {
  for (let next = error; next instanceof Error; next = next.cause) evidence.add(next)
}

/** Whether neither a matcher nor this package has judged the error of a call. */
export function isSwallowed({ error, isExpected }: Rejected): boolean {
  return !isExpected && !(error instanceof Error && evidence.has(error))
}

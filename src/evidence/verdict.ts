/** Why evidence cannot be judged. Each is shown as INVALID, apart from FAIL, and never passes, not even under `.not`. */
export type InvalidReason =
  | 'no-samples'
  | 'too-few-samples'
  | 'generator-saturated'
  | 'offered-rate-missed'
  | 'aborted'
  | 'wrong-phase'
  | 'metric-missing'
  | 'metric-unreliable'
  | 'ledger-unreadable'
  | 'undecided'
  | 'not-comparable'
  | 'nothing-asserted'

/** One reason against a run's evidence, with figures and a remedy for the reader. */
export interface Invalidity {
  readonly reason: InvalidReason
  /** What was found, with figures: `schedule delay p99 48 ms, limit 10 ms`. */
  readonly finding: string
  /** What to do about it. */
  readonly remedy: string
  /**
   * Set where the target brought it about and that is certain, as when it died under load and the run was given up: the
   * assertion then fails, in both polarities, instead of being invalid. Left out: nobody can say whose doing it was.
   */
  readonly blame?: 'target'
}

/** Too few VUs to put a load on: what was dropped or waited for a VU says nothing of the target. */
export interface VuShortage {
  readonly invalidity: Invalidity
  /** So much was dropped for it that the target did not get the load. */
  readonly isMaterial: boolean
}

/** Thrown by a matcher whose evidence cannot be judged. */
export class InvalidRunError extends Error {
  override readonly name = 'InvalidRunError'
  readonly reason: InvalidReason

  constructor(message: string, reason: InvalidReason) {
    super(message)
    this.reason = reason
  }
}

/** What became of an assertion or a scenario. `skipped`: it could not be checked here, with the reason given. */
export type Outcome = 'passed' | 'failed' | 'invalid' | 'skipped'

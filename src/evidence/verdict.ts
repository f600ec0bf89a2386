import type { Window } from '../stats/timeline.ts'

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

/**
 * All VUs of an open load were busy at some time, although there were enough for the target at its usual pace. What was
 * dropped or late then counts against the target if requests that broke the objective kept the VUs busy, and proves
 * nothing if requests within it did: with more VUs it might have been as quick as they were.
 */
export interface BusyVus {
  readonly vus: number
  /** Mean time for which an iteration held its VU, over the run. */
  readonly heldMs: number
  /** The highest rate of the load. */
  readonly ratePerSec: number
  /** So many are busy if iterations take that long at that rate. */
  readonly neededVus: number
  /** The same, with room for bursts. */
  readonly advisedVus: number
  /** What takes longer is an error, whatever else is asserted. */
  readonly patienceMs: number
  /** Of the whole run, warm-up included, second by second. */
  readonly windows: () => readonly Window[]
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

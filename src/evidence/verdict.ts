import type { Window } from '../stats/timeline.ts'

/** Reason why evidence cannot be judged. Shown as INVALID, not as FAIL; never passes, not even under `.not`. */
export type InvalidReason =
  | 'no-samples'
  | 'too-few-samples'
  | 'generator-saturated'
  | 'generator-lost'
  | 'offered-rate-missed'
  | 'aborted'
  | 'wrong-phase'
  | 'metric-missing'
  | 'metric-unreliable'
  | 'ledger-unreadable'
  | 'undecided'
  | 'not-comparable'
  | 'nothing-asserted'

/** A reason why evidence is invalid, with figures and a fix. */
export interface Invalidity {
  /** Kind of the reason. */
  readonly reason: InvalidReason
  /** The finding with figures: `schedule delay p99 48 ms, limit 10 ms`. */
  readonly finding: string
  /** The fix. */
  readonly fix: string
  /**
   * Set if the target certainly caused it, e.g. by crashing under load so that the run was aborted: the assertion then
   * fails, with and without `.not`, instead of being invalid. Absent if the cause is uncertain.
   */
  readonly blame?: 'target'
}

/** Too few VUs for a load: requests that were dropped or waited for a VU are no evidence about the target. */
export interface VuShortage {
  readonly invalidity: Invalidity
  /** Whether so many requests were dropped that the target did not get the load. */
  readonly isMaterial: boolean
}

/**
 * All VUs of an open load were busy at some time, although there were enough for the target at its usual speed. If requests
 * that violated the objective kept them busy, dropped and late requests count against the target. If requests within the
 * objective did, they prove nothing: with more VUs they might have been as fast.
 */
export interface BusyVus {
  readonly vus: number
  /** Mean time for which an iteration held its VU, over the run. */
  readonly busyMs: number
  /** The highest rate of the load. */
  readonly ratePerSec: number
  /** VUs that are busy if iterations take `busyMs` at `ratePerSec`. */
  readonly neededVus: number
  /** `neededVus` with a reserve for bursts. */
  readonly advisedVus: number
  /** Time after which a request is an error, whatever is asserted. */
  readonly patienceMs: number
  /** Windows of the whole run, warm-up included. */
  readonly windows: () => readonly Window[]
}

/** Thrown by a matcher whose evidence cannot be judged. */
export class InvalidRunError extends Error {
  /** Name of the class. */
  override readonly name = 'InvalidRunError'
  /** Why the evidence cannot be judged. */
  readonly reason: InvalidReason

  constructor(message: string, reason: InvalidReason) {
    super(message)
    this.reason = reason
  }
}

/** Outcome of an assertion or a scenario. `skipped`: it could not be checked. */
export type Outcome = 'passed' | 'failed' | 'invalid' | 'skipped'

import type { RunnerTestCase } from 'vitest'
import { refuseFakedClock } from './machine/faked-clock.ts'
import { matcherCalls, watchMatchers } from './matcher-calls.ts'
import { WatchedPromise } from './run/watched-promise.ts'

/** A load or measurement that a scenario started. */
export interface Started {
  /** The call: `http.run()`. */
  readonly call: string
  readonly promise: WatchedPromise<unknown>
  /** It had ended when the scenario did. */
  wasOver: boolean
  /** Holds the stack of the call. */
  readonly site: Error
}

/** What a scenario started, and has perhaps not waited for. */
export class UnderWay {
  readonly started: Started[] = []
  readonly #running = new Set<{ wasOver: boolean }>()
  readonly #callsAtStart = matcherCalls()
  #callsBefore = 0
  #callsMeanwhile = 0

  constructor(task: RunnerTestCase, refusePoll: () => void) {
    watchMatchers({
      get isRunning() {
        return isInFunction(task)
      },
      refusePoll,
    })
  }

  /**
   * Starts something, and waits for it at the end of the scenario: a cancelled test ends at once, its runs within a second,
   * and their partial results are kept.
   *
   * @throws {FakedClockError} if the clock or the timers are faked
   */
  start<Run>(call: string, begin: () => Promise<Run>): Promise<Run> {
    const site = new Error(call)
    Error.captureStackTrace(site, this.start)
    refuseFakedClock(call)
    if (this.#running.size === 0) this.#callsBefore = matcherCalls()
    const started = { call, site, wasOver: true }
    const promise = WatchedPromise.over(
      begin().finally(() => {
        this.#running.delete(started)
        if (this.#running.size === 0) this.#callsMeanwhile += matcherCalls() - this.#callsBefore
      }),
    )
    this.#running.add(started)
    this.started.push(Object.assign(started, { promise }))
    return promise
  }

  /** The scenario's function has ended. */
  async ended(): Promise<void> {
    for (const started of this.#running) started.wasOver = false
    await Promise.allSettled(this.started.map(({ promise }) => promise.settled()))
  }

  /**
   * How often the scenario's function used a matcher of others while nothing was under way; `expect()` without one asserts nothing. Matchers
   * meanwhile are those of check functions, by the thousand, and decide which responses are good; they assert nothing about
   * the run.
   */
  get assertions(): number {
    const callsNow = this.#running.size === 0 ? matcherCalls() : this.#callsBefore
    return callsNow - this.#callsAtStart - this.#callsMeanwhile
  }
}

/** Vitest numbers a repetition after `aroundEach`, and settles the state of a test before `afterEach`. */
function isInFunction({ result }: RunnerTestCase): boolean {
  return result?.state === 'run' && result.repeatCount !== undefined && result.hooks?.beforeEach !== 'run'
}

import { chai } from 'vitest'
import { isDefined } from './matchers/define.ts'

/** What a scenario is doing while matchers are called. */
export interface Caller {
  /** Its own function runs: not a hook, which is the same for all scenarios of a suite. */
  readonly isRunning: boolean
  /** Called for `expect.poll()`. @throws {Error} unless it may be used */
  refusePoll(): void
}

let caller: Caller | undefined
let calls = 0

/** How often a matcher that is not of this package, or a property such as `.to.be.true`, was used by scenarios in this process. */
export function matcherCalls(): number {
  return calls
}

/**
 * Counts matchers from now on, those registered since the last call included. Vitest counts calls of `expect()`, with
 * which nothing is asserted yet. Methods become accessors, so that no frame of ours lies between the scenario and the
 * stack that a matcher cuts off; properties end in `assert`, which lies below that cut.
 */
export function watchMatchers(scenario: Caller): void {
  caller = scenario
  const prototype = chai.Assertion.prototype as object
  for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== 'function' || configurable === false || NO_MATCHERS.has(name) || isDefined(name)) continue
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get() {
        count()
        return value as unknown
      },
      set(replacement: unknown) {
        Object.defineProperty(prototype, name, {
          value: replacement,
          writable: true,
          configurable: true,
          enumerable: true,
        })
      },
    })
  }
  const chain = prototype as unknown as { assert: Method; withContext: Method }
  if (chain.assert === counted) return
  const { assert, withContext } = chain
  counted = function (...args) {
    count()
    return assert.apply(this, args)
  }
  chain.assert = counted
  chain.withContext = function (...args) {
    const [context] = args as [{ readonly poll?: boolean } | undefined]
    if (context?.poll === true && caller?.isRunning === true) caller.refusePoll()
    return withContext.apply(this, args)
  }
}

function count(): void {
  if (caller?.isRunning === true) calls++
}

type Method = (this: unknown, ...args: unknown[]) => unknown
let counted: Method | undefined

/** What `expect()` itself calls, and what only says how to go on. */
const NO_MATCHERS = new Set(['constructor', 'assert', 'withTest', 'withContext'])

import { chai } from 'vitest'
import { isDefined } from './matchers/define.ts'

let calls = 0

/** How often a matcher that is not of this package, or a property such as `.to.be.true`, was used in this process. */
export function matcherCalls(): number {
  return calls
}

/**
 * Counts matchers from now on, those registered since the last call included. Vitest counts calls of `expect()`, with
 * which nothing is asserted yet. Methods become accessors, so that no frame of ours lies between the scenario and the
 * stack that a matcher cuts off; properties end in `assert`, which lies below that cut.
 */
export function watchMatchers(): void {
  const prototype = chai.Assertion.prototype as object
  for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== 'function' || configurable === false || NO_MATCHERS.has(name) || isDefined(name)) continue
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get() {
        calls++
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
  const chain = prototype as unknown as { assert: Assert }
  if (chain.assert === counted) return
  const { assert } = chain
  counted = function (...args) {
    calls++
    assert.apply(this, args)
  }
  chain.assert = counted
}

type Assert = (this: unknown, ...args: unknown[]) => void
let counted: Assert | undefined

/** What `expect()` itself calls, and what only says how to go on. */
const NO_MATCHERS = new Set(['constructor', 'assert', 'withTest', 'withContext'])

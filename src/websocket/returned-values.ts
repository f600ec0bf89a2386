import { isAsyncFunction } from 'node:util/types'
import { wrongReturn } from '../execution/checked-function.ts'
import { ScenarioError } from '../execution/scenario-error.ts'
import { choose, type Reader } from '../options/schema.ts'
import { func, matching } from '../options/values.ts'
import type { Outgoing } from './message.ts'

const MESSAGE = 'a message: a string, bytes, or an object to be sent as JSON'
/** Depth to which a message is searched for promises. */
const SEARCH_DEPTH = 5

/** A function whose result is used at once: it must not be async. @param example as code */
export function synchronous<F>(example: string): Reader<F> {
  return choose((value) =>
    isAsyncFunction(value)
      ? matching<F>(() => false, 'must be a function that is not async, as its result is used at once', example)
      : func<F>(example),
  )
}

/** Whether a value can be sent. An object of which JSON shows nothing, such as a promise or a `Map`, cannot. */
export function isOutgoing(value: unknown): value is Outgoing {
  if (typeof value === 'string' || value instanceof Uint8Array) return true
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return isPlainObject(value) ? pathOfPromise(value) === undefined : hasJson(value)
}

/** Returns a message that a function of the scenario returned. @throws {ScenarioError} if it is none */
export function checkedMessage(name: string, returned: unknown, what = 'message'): Outgoing {
  if (isOutgoing(returned)) return returned
  const path = pathOfPromise(returned)
  if (path === undefined || path === '') throw wrongReturn(name, returned, MESSAGE, what)
  throw new ScenarioError(
    `${name}: the function returned a message with a promise as ${path.replace(/^\./, '')}, which would be sent as {}; ` +
      `it is called for each ${what} and cannot wait\nFix: wait for the value before the run, for example to give it as data`,
  )
}

/** Returns one message or a list as a list. @throws {ScenarioError} if one of them is no message */
export function checkedMessages(name: string, returned: unknown): readonly Outgoing[] {
  if (!Array.isArray(returned)) {
    if (returned === undefined || returned === null)
      throw wrongReturn(name, returned, `${MESSAGE}; or a list of messages, empty for none`, 'connection')
    return [checkedMessage(name, returned, 'connection')]
  }
  return returned.map((message: unknown) => checkedMessage(name, message, 'connection'))
}

/** Path of the first promise in a value, empty if it is one itself; `undefined` if there is none. */
export function pathOfPromise(value: unknown, depth = SEARCH_DEPTH): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (value instanceof Promise || ('then' in value && typeof value.then === 'function')) return ''
  if (depth === 0) return undefined
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      const path = pathOfPromise(item, depth - 1)
      if (path !== undefined) return `[${at}]${path}`
    }
    return undefined
  }
  if (!isPlainObject(value)) return undefined
  for (const name in value) {
    const path = pathOfPromise((value as Readonly<Record<string, unknown>>)[name], depth - 1)
    if (path !== undefined) return `.${name}${path}`
  }
  return undefined
}

/** Also of another realm. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Whether JSON shows anything of an instance of a class. */
function hasJson(value: object): boolean {
  if (ArrayBuffer.isView(value) || ('then' in value && typeof value.then === 'function')) return false
  return 'toJSON' in value ? typeof value.toJSON === 'function' : Object.keys(value).length > 0
}

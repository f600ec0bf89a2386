import { types } from 'node:util'
import { showValue } from '../options/show-value.ts'
import { RequestError } from './request-error.ts'

/** What JSON makes of something that it cannot hold: an empty object, or one with the places of bytes as names. */
const SUSPECT = /\{\}|\{"0":/

/**
 * Writes a body as JSON. Integers beyond 2^53, given as bigint, are written digit by digit.
 *
 * @throws {RequestError} for what JSON would silently turn into `{}`, and for what it cannot hold
 */
export function encodeJson(body: unknown): string {
  const text = stringify(body)
  if (text === undefined) throw refusal(body, `cannot be ${showValue(body)}: it has no JSON form`)
  if (SUSPECT.test(text)) {
    const lost = findLost(body, '')
    if (lost !== undefined) throw refusal(body, `cannot be sent as JSON: ${lost.what} would become {}`, lost.fix)
  }
  return text
}

/** An object literal, or one without a prototype; of whichever realm. */
export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function stringify(body: unknown): string | undefined {
  try {
    return JSON.stringify(body)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    try {
      return JSON.stringify(body, withBigints)
    } catch {
      throw refusal(body, `cannot be written as JSON: ${error.message.split('\n', 1)[0]}`)
    }
  }
}

declare global {
  interface JSON {
    /** Text that stands in JSON as it is. */
    rawJSON(text: string): object
  }
}

function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(value.toString()) : value
}

interface Lost {
  /** What it is, and where in the body. */
  readonly what: string
  readonly fix: string | undefined
}

/** The first part of a body that JSON loses, in order. */
function findLost(given: unknown, path: string): Lost | undefined {
  const value = hasToJson(given) ? given.toJSON(path) : given
  if (typeof value !== 'object' || value === null) return undefined
  if (!Array.isArray(value) && isLost(value)) {
    const what = path === '' ? showValue(value) : `${showValue(value)} at ${path}`
    return { what, fix: fixFor(value) }
  }
  for (const [key, part] of Object.entries(value)) {
    const found = findLost(part, Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`)
    if (found !== undefined) return found
  }
  return undefined
}

function hasToJson(value: unknown): value is { toJSON(key: string): unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
}

function isLost(value: object): boolean {
  if (isPlainObject(value)) return false
  if (types.isBoxedPrimitive(value)) return false
  return ArrayBuffer.isView(value) || types.isMap(value) || types.isSet(value) || Object.keys(value).length === 0
}

function fixFor(value: object): string | undefined {
  if (types.isMap(value) || value instanceof FormData || value instanceof Headers)
    return 'body: Object.fromEntries(entries)'
  if (types.isSet(value)) return 'body: { tags: [...set] }'
  if (types.isPromise(value)) return 'body: await order, before the run'
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `body: { file: bytes.toString('base64') }`
  return undefined
}

function refusal(received: unknown, rule: string, example = `body: { user: 'ann' }`): RequestError {
  return new RequestError('body', { received, rule, example })
}

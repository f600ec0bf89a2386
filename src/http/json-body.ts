import { types } from 'node:util'
import { showValue } from '../options/show-value.ts'
import { RequestError } from './request-error.ts'

/** JSON of values that it loses: an empty object, or an object with the indexes of bytes as keys. */
const SUSPECT = /\{\}|\{"0":/

/**
 * Serializes a body as JSON. A bigint is written as an integer, with all digits.
 *
 * @throws {RequestError} for values that JSON would silently turn into `{}` or cannot represent
 */
export function encodeJson(body: unknown): string {
  const text = stringify(body)
  if (text === undefined) throw refusal(body, `cannot be ${showValue(body)}: JSON cannot represent it`)
  if (SUSPECT.test(text)) {
    const lost = findLost(body, '')
    if (lost !== undefined) throw refusal(body, `cannot be sent as JSON: ${lost.what} would become {}`, lost.fix)
  }
  return text
}

/** Whether the value is an object literal or an object without a prototype, of any realm. */
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
      throw refusal(body, `cannot be serialized as JSON: ${error.message.split('\n', 1)[0]}`)
    }
  }
}

declare global {
  interface JSON {
    /** A value that `stringify` writes as this text, unchanged. */
    rawJSON(text: string): object
  }
}

function withBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(value.toString()) : value
}

interface Lost {
  /** Type of the value and its path in the body. */
  readonly what: string
  readonly fix: string | undefined
}

/** First value in a body that JSON loses. */
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

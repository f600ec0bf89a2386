import { inspect } from 'node:util'
import { redactAt, redactText, secretOrLast } from './redact.ts'
import { registeredSecrets } from './registered-values.ts'

/** A text truncated to a length, in characters. Secrets are masked first, as a part of one would not be recognized. */
export function shortened(text: string, length: number): string {
  const clean = redactText(text, registeredSecrets())
  return truncated(clean, length)
}

/** Maximum length of a value with a masked secret, whose strings are not truncated individually. */
const MAX_LENGTH = 240

/** Objects within this number of others are shown with their content. */
const MAX_DEPTH = 1

/**
 * A value on one line as `util.inspect` shows it, with secrets masked and strings truncated. Numbers, booleans and types
 * are shown even if the path names a secret.
 *
 * @param path names of the option or field and of those that contain it, which may indicate that the value is secret:
 *   `token`, `login.password.0`
 */
export function inspected(value: unknown, maxStringLength: number, path = ''): string {
  const options = { depth: MAX_DEPTH, compact: true, breakLength: Number.POSITIVE_INFINITY }
  const show = (each: unknown) => inspect(each, { ...options, maxStringLength: null })
  const whole = show(value)
  const clean = show(redactAt(path, value, registeredSecrets()))
  if (clean === whole) return inspect(value, { ...options, maxStringLength })
  if (isPlain(value)) return truncated(clean, MAX_LENGTH)
  // A copy of an instance has no class and none of its private fields.
  const name = `${secretOrLast(path)}: `
  const text = redactText(name + whole, registeredSecrets()).slice(name.length)
  return text === whole ? inspect(value, { ...options, maxStringLength }) : truncated(text, MAX_LENGTH)
}

function truncated(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

/** Whether {@link redactAt} copies everything that a value shows, down to the depth that is shown. */
function isPlain(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (value instanceof Map || value instanceof Set) return isPlain([...value.values()], depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== null && prototype !== Object.prototype) return false
  // Not the values themselves, which would call getters.
  const properties = Object.values(Object.getOwnPropertyDescriptors(value))
  return depth > MAX_DEPTH || properties.every(({ value: each }) => isPlain(each, depth + 1))
}

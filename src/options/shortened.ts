import { inspect } from 'node:util'
import { redactText } from './redact.ts'
import { registeredSecrets } from './registered-values.ts'

/** A text cut to a length, in characters. What is secret is masked first: half of it would no longer be recognized. */
export function shortened(text: string, length: number): string {
  const clean = redactText(text, registeredSecrets())
  return clean.length > length ? `${clean.slice(0, length - 1)}…` : clean
}

/** Of a value in which something was masked: then its texts are not cut one by one. */
const MAX_LENGTH = 240

/**
 * A value on one line as `util.inspect` shows it, without what is secret in it, with its texts cut to a length.
 *
 * @param name of the option or field that holds it: it may say that the value is secret
 */
export function inspected(value: unknown, maxStringLength: number, name?: string): string {
  const options = { depth: 1, compact: true, breakLength: Number.POSITIVE_INFINITY }
  const prefix = name === undefined ? '' : `${name}: `
  // A text within is cut after what is secret in it was found, and named by its key.
  const whole = prefix + inspect(value, { ...options, maxStringLength: null })
  const clean = redactText(whole, registeredSecrets())
  if (clean === whole) return inspect(value, { ...options, maxStringLength })
  return shortened(clean.slice(prefix.length), MAX_LENGTH)
}

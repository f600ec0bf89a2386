import { inspect } from 'node:util'
import { MASK } from './found.ts'
import { redactText } from './redact.ts'
import { registeredSecrets } from './registered-values.ts'
import { isWithinSecret } from './secret-names.ts'

/** A text truncated to a length, in characters. Secrets are masked first, as a part of one would not be recognized. */
export function shortened(text: string, length: number): string {
  const clean = redactText(text, registeredSecrets())
  return clean.length > length ? `${clean.slice(0, length - 1)}…` : clean
}

/** Maximum length of a value with a masked secret, whose strings are not truncated individually. */
const MAX_LENGTH = 240

/**
 * A value on one line as `util.inspect` shows it, with secrets masked and strings truncated.
 *
 * @param path names of the option or field and of those that contain it, which may indicate that the value is secret:
 *   `token`, `login.password.0`
 */
export function inspected(value: unknown, maxStringLength: number, path?: string): string {
  if (path !== undefined && isWithinSecret(path, value)) return MASK
  const name = path?.split('.').at(-1)
  const options = { depth: 1, compact: true, breakLength: Number.POSITIVE_INFINITY }
  const prefix = name === undefined ? '' : `${name}: `
  // Strings are truncated only after secrets were searched for, together with their keys.
  const whole = prefix + inspect(value, { ...options, maxStringLength: null })
  const clean = redactText(whole, registeredSecrets())
  if (clean === whole) return inspect(value, { ...options, maxStringLength })
  return shortened(clean.slice(prefix.length), MAX_LENGTH)
}

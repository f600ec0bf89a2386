import { format } from 'node:util'
import { MIN_SECRET_LENGTH } from './known-secrets.ts'
import { Problems } from './problems.ts'
import { redactText } from './redact.ts'
import { registeredSecrets, remember } from './registered-values.ts'

/**
 * Marks a value as secret: it is masked everywhere in reports, errors, names, metrics and the output of `console`, even if
 * encoded in a URL, a form, JSON, HTML or base64. For the value of an environment variable, add the variable to `secrets`
 * of `definePerfConfig()` instead, which also masks it in the names of scenarios.
 *
 * @param value at least 6 characters: a shorter one would mask ordinary words and numbers
 * @returns the value
 * @throws {OptionsError} if the value is not a string of that length
 *
 * @example
 * const token = secret(process.env['STAGING_TOKEN'] ?? 'local-token')
 */
export function secret(value: string): string {
  const problems = new Problems()
  if (typeof value !== 'string' || value.length < MIN_SECRET_LENGTH) {
    const received = typeof value === 'string' ? `a string of ${value.length} characters` : value
    problems.add('value', received, `must be a string of at least ${MIN_SECRET_LENGTH} characters`, 'secret(token)')
    problems.throwIfAny('secret()')
  }
  if (registeredSecrets().length === 0) maskConsole()
  remember(value)
  return value
}

/** Masks the output of `console` in this worker: it is printed before the reporting process knows the secret. */
function maskConsole(): void {
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    const print = console[method].bind(console)
    console[method] = (...values: unknown[]) => {
      const text = format(...values)
      const clean = redactText(text, registeredSecrets())
      if (clean === text) print(...values)
      else print(clean)
    }
  }
}
